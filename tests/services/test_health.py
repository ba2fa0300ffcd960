"""Asking another process how it is: what it says, or that it does not answer, within a bound."""

import socket
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.errors import ServerUnavailable
from dermatrace.health import (
    PAGE_MAX_BYTES,
    HealthServer,
    Measured,
    Numbers,
    State,
    ask_health,
    ask_numbers,
    counters,
    gauge,
)
from support.ports import find_free_port
from support.scripted_http import Reply, ScriptedHttp


def measured() -> Iterator[Measured]:
    yield gauge("depth", "how deep", 2.5)
    yield gauge("unknown", "nobody knows", float("nan"))
    yield counters("seen", "what was seen", "kind", {"pen": 3, "tip": 4})


@pytest.fixture
def state() -> State:
    return State(connected=True, ready=True)


@pytest.fixture
def url(state: State) -> Iterator[str]:
    with closing(HealthServer("127.0.0.1", 0, Numbers("its_", measured), state)) as server:
        yield f"http://127.0.0.1:{server.port}"


def test_numbers_of_another_process_are_what_it_measures(url: str) -> None:
    assert ask_numbers(url) == {
        ("its_depth",): 2.5,
        ("its_seen_total", "pen"): 3.0,
        ("its_seen_total", "tip"): 4.0,
    }


def test_health_is_told_also_by_one_that_is_not_well(url: str, state: State) -> None:
    assert ask_health(f"{url}/") == State(connected=True, ready=True)
    state.connected, state.problems = False, ["a disk is full"]
    assert ask_health(url) == State(connected=False, ready=True, problems=["a disk is full"])


def test_proxy_of_the_environment_is_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{find_free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask_health(url).ready


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "nobody.invalid", "127.0.0.1:none", ""])
def test_nobody_there_is_said_with_the_address(host: str, free_port: int) -> None:
    url = f"http://{host.format(port=free_port)}"
    for ask in (ask_health, ask_numbers):
        with pytest.raises(ServerUnavailable) as raised:
            ask(url)
        assert url in str(raised.value)


def test_one_that_never_answers_is_given_up() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(ServerUnavailable, match="timed out"),
    ):
        ask_numbers(f"http://127.0.0.1:{silent.getsockname()[1]}")


@pytest.mark.parametrize(
    "body", ["", "[]", "nonsense {", '{"ready": true}', '{"connected": 1}', "a{b=1} 2", "x" * 99]
)
def test_page_of_somebody_else_is_no_answer(body: str) -> None:
    server = ScriptedHttp({"/healthz": Reply(body=body), "/metrics": Reply(body=body or "{")})
    with server.serving():
        for ask in (ask_health, ask_numbers):
            with pytest.raises(ServerUnavailable, match=r"no \w+ page"):
                ask(server.url)


def test_page_without_end_is_read_no_further_than_allowed() -> None:
    page = "a 1\n" * (PAGE_MAX_BYTES // 4 + 1)
    server = ScriptedHttp({"/metrics": Reply(body=page)})
    with server.serving(), pytest.raises(ServerUnavailable, match="more than"):
        ask_numbers(server.url)


@given(st.text(alphabet='abc{}="\\,#. \n019_+eNan', max_size=60))
def test_whatever_stands_on_a_page_gives_numbers_or_one_error(body: str) -> None:
    server = ScriptedHttp({"/metrics": Reply(body=body)})
    with server.serving(), suppress(ServerUnavailable):
        assert all(isinstance(value, float) for value in ask_numbers(server.url).values())
