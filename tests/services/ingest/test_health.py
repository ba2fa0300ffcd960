"""Both pages, apart from the service: what they answer, and that nobody can block them."""

import socket
from collections.abc import Iterator
from typing import get_args
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from dermatrace.health import HealthServer, State
from dermatrace.ingest.health import Metrics, Reading
from dermatrace.ingest.inbox import Books
from dermatrace.ingest.recorder import Fate

READING = Reading(
    books=Books(
        received_count=13,
        fates={"stored": 5, "duplicate": 2},
        shed_count=1,
        waiting_count=3,
        waiting_bytes=300,
        in_hand_count=2,
    ),
    receipt_count=4,
    rejection_count=1,
    receipts_due_count=2,
    rejections_waiting_count=0,
    refused_count=0,
    connection_count=1,
    is_connected=True,
    head_entry_id=99,
    broker_dropped_count=None,
)


@pytest.fixture
def state() -> State:
    return State(connected=True, ready=True)


@pytest.fixture
def server(state: State) -> Iterator[HealthServer]:
    opened = HealthServer("127.0.0.1", 0, Metrics(lambda: READING), state)
    yield opened
    opened.close()


def get(server: HealthServer, page: str) -> str:
    with urlopen(f"http://127.0.0.1:{server.port}{page}", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def status_of(server: HealthServer, page: str) -> int:
    try:
        get(server, page)
    except HTTPError as error:
        with error:
            return error.code
    return 200


def test_counters_end_in_total_and_units_are_named(server: HealthServer) -> None:
    lines = get(server, "/metrics").splitlines()
    types = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))
    assert types["dermatrace_ingest_commit_seconds"] == "histogram"
    assert types["dermatrace_ingest_queue_depth_bytes"] == "gauge"
    counters = {name for name, kind in types.items() if kind == "counter"}
    assert len(counters) >= 6
    assert all(name.endswith("_total") for name in counters)


def test_every_fate_is_there_from_the_start_and_the_equation_holds(server: HealthServer) -> None:
    lines = get(server, "/metrics").splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    prefix = "dermatrace_ingest_"
    decided = [
        values[f'{prefix}decided_messages_total{{fate="{fate}"}}'] for fate in get_args(Fate)
    ]
    terms = [*decided, values[f"{prefix}shed_messages_total"]]
    terms.append(values[f"{prefix}in_flight_messages"])
    assert sum(map(float, terms)) == float(values[f"{prefix}received_messages_total"]) == 13


def test_healthz_is_green_only_if_all_is_well(server: HealthServer, state: State) -> None:
    assert '"healthy": true' in get(server, "/healthz")
    for change in ({"connected": False}, {"ready": False}, {"problems": ["a disk is full"]}):
        for name, value in change.items():
            setattr(state, name, value)
        assert status_of(server, "/healthz") == 503
        state.connected, state.ready, state.problems = True, True, []
    assert status_of(server, "/healthz") == 200


def test_other_pages_are_not_found(server: HealthServer) -> None:
    assert status_of(server, "/") == 404


def test_client_that_never_asks_keeps_nobody_from_asking(server: HealthServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        assert status_of(server, "/healthz") == 200


def test_port_in_use_is_an_error(server: HealthServer, state: State) -> None:
    with pytest.raises(OSError, match="in use"):
        HealthServer("127.0.0.1", server.port, Metrics(lambda: READING), state)
