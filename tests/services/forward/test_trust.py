"""After a failure of its disk InfluxDB is believed again once it has been started twice."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from dermatrace.errors import InfluxUnavailable
from dermatrace.forward.influx import Influx, InfluxAddress
from dermatrace.forward.trust import Trust
from support.forward_bench import BUCKET_NAMES
from support.scripted_http import Reply, Request, ScriptedHttp

WRITE, DELETE, READY = "/api/v2/write", "/api/v2/delete", "/ready"
LINE = b"thing,a=b n=1 1"
FULL = Reply(500, {"message": "error writing WAL entry: write x.wal: no space left on device"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where it is remembered."""
    return tmp_path / "forward.distrust"


def test_whoever_never_failed_is_believed(file: Path) -> None:
    assert not Trust(file).is_lost
    assert Trust(file).starts_missing("monday") == 0
    assert not file.exists()


def test_trust_returns_with_the_second_start(file: Path) -> None:
    trust = Trust(file)
    trust.lose("monday")
    assert trust.is_lost
    told = [trust.starts_missing(start) for start in ("monday", "tuesday", "tuesday", "friday")]
    assert told == [2, 1, 1, 0]
    assert not trust.is_lost
    assert not file.exists()


def test_failure_after_the_first_start_begins_anew(file: Path) -> None:
    trust = Trust(file)
    trust.lose("monday")
    assert trust.starts_missing("tuesday") == 1
    trust.lose("tuesday")
    assert [trust.starts_missing(start) for start in ("tuesday", "friday")] == [2, 1]


def test_it_outlives_the_process_and_is_shared(file: Path) -> None:
    Trust(file).lose("monday")
    other = Trust(file)
    assert other.is_lost
    assert other.starts_missing("tuesday") == 1
    assert Trust(file).starts_missing("friday") == 0
    assert not other.is_lost


def test_what_cannot_be_written_down_is_known_while_the_process_lives(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "no such folder" / "forward.distrust")
    trust.lose("monday")
    assert [trust.starts_missing(start) for start in ("monday", "tuesday", "friday")] == [2, 1, 0]
    assert not trust.is_lost


class Server(ScriptedHttp):
    """An InfluxDB that says since when it runs."""

    def __init__(self) -> None:
        super().__init__({WRITE: Reply(204), DELETE: Reply(204)})
        self.start("monday")
        self.before_write: Callable[[], None] = lambda: None

    def start(self, when: str) -> None:
        """Run since then."""
        self.replies[READY] = Reply(HTTPStatus.OK, {"status": "ready", "started": when})

    def answer(self, request: Request) -> Reply:
        """Answer as is written down."""
        if request.path.startswith(WRITE):
            self.before_write()
        return super().answer(request)

    @property
    def written_count(self) -> int:
        """Requests to write that came."""
        return sum(request.path.startswith(WRITE) for request in self.requests)


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server that takes points until told otherwise."""
    made = Server()
    with made.serving():
        yield made


@pytest.fixture
def make_door(server: Server, file: Path, tmp_path: Path) -> Iterator[Callable[[], Influx]]:
    """Offer doors to it that share what they know."""
    token = tmp_path / "token"
    token.write_text("secret\n", encoding="utf-8")
    address = InfluxAddress(server.url, "clinic", BUCKET_NAMES, token, file, gzip=False)
    made: list[Influx] = []

    def make() -> Influx:
        made.append(Influx(address))
        return made[-1]

    yield make
    for door in made:
        door.close()


def test_after_a_full_disk_nothing_is_sent_until_the_second_start(
    server: Server, make_door: Callable[[], Influx]
) -> None:
    door = make_door()
    server.replies[WRITE] = FULL
    with pytest.raises(InfluxUnavailable, match="answers 500") as failed:
        door.write("raw", LINE)
    assert "restart InfluxDB twice" in failed.value.remedy
    server.replies[WRITE] = Reply(204)
    with pytest.raises(InfluxUnavailable, match="it has to be started twice"):
        door.write("raw", LINE)
    server.start("tuesday")
    with pytest.raises(InfluxUnavailable, match="it has to be started once more") as waiting:
        door.delete("raw", "a=1")
    assert "Restart InfluxDB once more" in waiting.value.remedy
    assert server.written_count == 1
    server.start("friday")
    door.write("raw", LINE)
    assert server.written_count == 2


def test_yes_counts_for_nothing_if_another_connection_met_the_failure_meanwhile(
    server: Server, make_door: Callable[[], Influx], file: Path
) -> None:
    door = make_door()
    server.before_write = lambda: Trust(file).lose("monday")
    with pytest.raises(InfluxUnavailable, match="is not believed since its disk failed"):
        door.write("raw", LINE)
    assert server.written_count == 1


def test_failed_deletion_counts_like_a_failed_write(
    server: Server, make_door: Callable[[], Influx]
) -> None:
    server.replies[DELETE] = FULL
    with pytest.raises(InfluxUnavailable, match="answers 500"):
        make_door().delete("raw", "a=1")
    with pytest.raises(InfluxUnavailable, match="has to be started twice"):
        make_door().write("raw", LINE)


def test_server_that_is_gone_after_the_failure_was_started_since_when_it_answers(
    server: Server, make_door: Callable[[], Influx]
) -> None:
    door = make_door()
    server.replies[WRITE] = FULL
    del server.replies[READY]
    with pytest.raises(InfluxUnavailable, match="answers 500"):
        door.write("raw", LINE)
    server.start("tuesday")
    server.replies[WRITE] = Reply(204)
    with pytest.raises(InfluxUnavailable, match="has to be started once more"):
        door.write("raw", LINE)


def test_failure_of_another_kind_costs_no_trust(
    server: Server, make_door: Callable[[], Influx], file: Path
) -> None:
    server.replies[WRITE] = Reply(500, {"message": "timeout"})
    with pytest.raises(InfluxUnavailable, match="answers 500"):
        make_door().write("raw", LINE)
    assert not file.exists()
    server.replies[WRITE] = Reply(204)
    make_door().write("raw", LINE)
