"""An InfluxDB that is away, is none, or says no: in which words we pass it on."""

from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus
from typing import Protocol

import pytest

from dermatrace.errors import DermatraceError, ServerRefused, ServerUnavailable
from dermatrace.provision.influx_admin import InfluxServer
from support.influx import StartInflux
from support.influx_org import InfluxOrg
from support.scripted_http import Reply, ScriptedHttp

NOT_SET_UP = {"allowed": True}


class Serve(Protocol):
    """Starts a web server with these answers; it ends with the test."""

    def __call__(self, **replies: Reply) -> str:
        """Return where it is."""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Offer servers that answer `/ping` and `/api/v2/NAME` as a test says."""
    with ExitStack() as at_the_end:

        def start(**replies: Reply) -> str:
            by_path = {f"/api/v2/{name}": reply for name, reply in replies.items()}
            by_path["/ping"] = replies.get("ping", _ping("v2.9.1"))
            server = ScriptedHttp(by_path)
            at_the_end.enter_context(server.serving())
            return server.url

        yield start


def _ping(version: str) -> Reply:
    return Reply(HTTPStatus.NO_CONTENT, headers={"X-Influxdb-Version": version})


def _version_error(url: str) -> DermatraceError:
    with (
        InfluxServer(url, "token", token_from="some file") as server,  # noqa: S106  no password
        pytest.raises(DermatraceError) as error,
    ):
        server.version()
    return error.value


@pytest.mark.parametrize("version", ["2.9.1", "v2.7.12"])
def test_an_influxdb_2_is_told_by_its_version(serve: Serve, version: str) -> None:
    url = serve(ping=_ping(version), setup=Reply(body={"allowed": False}))
    with InfluxServer(url, "token", token_from="some file") as server:  # noqa: S106  no password
        assert server.version() == version


@pytest.mark.parametrize("version", ["1.8.10", "3.10.3", "unknown"])
def test_another_influxdb_is_refused_with_its_version(serve: Serve, version: str) -> None:
    error = _version_error(serve(ping=_ping(version)))
    assert isinstance(error, ServerRefused)
    assert f"no InfluxDB 2 (asked for its version, it says {version})" in str(error)
    assert "influxdb_url" in error.remedy


def test_something_else_at_the_address_is_refused(serve: Serve) -> None:
    error = _version_error(serve(ping=Reply(HTTPStatus.NOT_FOUND, "<html>nothing here</html>")))
    assert isinstance(error, ServerRefused)
    assert "no InfluxDB 2 (asked for its version, it says 404)" in str(error)


def test_server_that_nobody_set_up_says_how(start_influx: StartInflux) -> None:
    error = _version_error(start_influx().url)
    assert isinstance(error, ServerRefused)
    assert "has not been set up" in str(error)
    assert "influx setup" in error.remedy


def test_nobody_at_the_address_is_named_with_the_address(free_port: int) -> None:
    error = _version_error(f"http://127.0.0.1:{free_port}")
    assert isinstance(error, ServerUnavailable)
    assert f"http://127.0.0.1:{free_port}: no answer" in str(error)
    assert error.exit_code == 1


@pytest.mark.parametrize(
    "status",
    [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY],
)
def test_server_in_trouble_counts_as_away(serve: Serve, status: HTTPStatus) -> None:
    error = _version_error(serve(ping=Reply(status, {"message": "shard is being opened"})))
    assert isinstance(error, ServerUnavailable)
    assert f"{status} shard is being opened" in str(error)


def test_refused_token_is_named_by_the_file_it_comes_from(influx: InfluxOrg) -> None:
    with (
        InfluxServer(influx.url, "made up", token_from="the admin file") as server,  # noqa: S106
        pytest.raises(ServerRefused) as error,
    ):
        server.find_organisation(influx.name)
    assert error.value.status == HTTPStatus.UNAUTHORIZED
    assert "Put a token that may do this into the admin file." in error.value.remedy
    assert error.value.exit_code == 2


def test_organisation_that_is_not_there_or_not_shown_is_none(influx: InfluxOrg) -> None:
    with InfluxServer(influx.url, influx.token, token_from="") as server:
        assert server.find_organisation(influx.name) == influx.id
        assert server.find_organisation("nobody's") is None


def test_a_page_of_html_is_cut(serve: Serve) -> None:
    page = Reply(HTTPStatus.FORBIDDEN, "<html>" + "x" * 5_000)
    url = serve(orgs=page)
    with (
        InfluxServer(url, "token", token_from="") as server,
        pytest.raises(ServerRefused) as error,
    ):
        server.find_organisation("any")
    assert len(str(error.value)) < 600
