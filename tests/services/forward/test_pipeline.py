"""Samples say how things are, are in no account, and never keep forwarding waiting."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.errors import InfluxUnavailable, PointsRefused
from dermatrace.forward.account import Account
from dermatrace.forward.influx import Influx
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.pipeline import STOP_WAIT_S, Sampler, lines_of
from dermatrace.forward.pipeline_parts import Facts, Part, Parts
from dermatrace.forward.point_store import BucketFacts, PointStore
from dermatrace.forward.service import ForwardService
from dermatrace.forward.store import Store
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.mqtt import BrokerAddress
from support.broker import Mosquitto
from support.forward_bench import address_of, influx_of
from support.influx_org import InfluxOrg
from support.ingest_thread import IngestThread
from support.judged_clinic import fill
from support.log_lines import log_lines
from support.manual_clock import ManualClock
from support.mqtt_ends import publish_all
from support.waiting import wait_until

TOPIC = "dermatrace/v1/north-clinic/pen-7/session/s-1"
TOLD: dict[Part, Facts] = {
    "ingest": {"is_up": 1, "waiting_count": 2.5, "is_connected": None},
    "broker": {"is_up": None},
}


class Shelf:
    """Takes points, or fails as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.bodies: list[bytes] = []

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Keep them."""
        assert bucket == "raw"
        if self.failures:
            raise self.failures.pop(0)
        self.bodies.append(body)

    def delete(self, bucket: Bucket, predicate: str, *_: object) -> None:
        """No sample is ever deleted."""
        raise AssertionError(bucket, predicate)

    def facts(self, bucket: Bucket) -> BucketFacts:
        """Nobody asks."""
        raise AssertionError(bucket)


class HangingShelf(Shelf):
    """Takes for ever over every point, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.has_begun, self.let_go = threading.Event(), threading.Event()

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Hang."""
        self.has_begun.set()
        self.let_go.wait(60.0)
        super().write(bucket, body)


class Seen:
    """Sees always the same, and counts how often it was asked to look."""

    def __init__(self) -> None:
        self.count = 0

    def look(self, now_ms: int) -> dict[Part, Facts]:
        """Count it."""
        assert now_ms > 0
        self.count += 1
        return TOLD


def sampler(
    points: PointStore, parts: Seen | None = None, *, is_taken: Callable[[], bool] = lambda: True
) -> Sampler:
    return Sampler(parts or Seen(), points, is_taken, ManualClock(), interval_s=0.01)


def test_part_becomes_a_point_of_what_is_known_of_it() -> None:
    assert lines_of(TOLD, 1_780_000_000_123) == [
        "pipeline,part=ingest is_up=1,waiting_count=2.5 1780000000123000000"
    ]


@pytest.mark.parametrize(
    "failure",
    [InfluxUnavailable("away", remedy="wait"), PointsRefused(422, "type conflict")],
    ids=["away", "refused"],
)
def test_sample_that_influxdb_does_not_take_is_gone_and_the_next_one_is_another(
    failure: Exception,
) -> None:
    shelf = Shelf(failure)
    with log_lines() as lines:
        tried = sampler(shelf)
        assert tried.sample() is False
        assert [line["event"] for line in lines()] == ["sample lost"]
    assert tried.sample() is True
    assert len(shelf.bodies) == 1


def test_nothing_is_asked_or_looked_at_while_influxdb_takes_nothing() -> None:
    parts, shelf = Seen(), Shelf()
    assert sampler(shelf, parts, is_taken=lambda: False).sample() is False
    assert (parts.count, shelf.bodies) == (0, [])


def test_samples_come_one_after_the_other_until_the_end() -> None:
    shelf = Shelf()
    with sampler(shelf):
        wait_until(lambda: len(shelf.bodies) >= 3, what="three samples")
    count = len(shelf.bodies)
    assert "forward.pipeline" not in {thread.name for thread in threading.enumerate()}
    assert len(shelf.bodies) == count


def test_end_waits_for_a_hanging_sample_no_longer_than_is_said() -> None:
    shelf = HangingShelf()
    with sampler(shelf):
        assert shelf.has_begun.wait(10)
    assert not shelf.bodies, f"left after {STOP_WAIT_S} s"
    shelf.let_go.set()


class Sampling(Influx):
    """The sabotage twin: takes a sample in the middle of forwarding, each time it writes."""

    taken: Sampler

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Take a sample first."""
        self.taken.sample()
        super().write(bucket, body)


@contextmanager
def forwarding(folder: Path, points: PointStore) -> Iterator[ForwardService]:
    """Run a forward service in a thread until the block ends."""
    service = ForwardService(folder / "journal.db", folder / "forward.db", points, SystemClock())
    thread = threading.Thread(target=service.run, name="test.forward")
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join(30)
        assert not thread.is_alive()


def account_in(folder: Path) -> Account:
    with Store(folder / "forward.db", read_only=True) as store:
        return store.account()


def head_of(folder: Path) -> int:
    with JournalReader(folder / "journal.db") as reader:
        return reader.head().entry_id


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with journal and index of some judged sessions; tests forward it."""
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """Return the same, without any forward.db."""
    for path in filled.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.influx
def test_forwarding_ends_its_work_while_a_sample_hangs(folder: Path, influx: InfluxOrg) -> None:
    shelf, head = HangingShelf(), head_of(folder)
    with (
        closing(influx_of(influx, folder)) as points,
        sampler(shelf),
        forwarding(folder, points) as service,
    ):
        assert shelf.has_begun.wait(10)
        wait_until(lambda: service.standing().forwarded_entries == head, what="everything")
        assert not shelf.bodies
        shelf.let_go.set()


@pytest.mark.influx
def test_forwarding_that_takes_samples_itself_waits_for_them(
    folder: Path, influx: InfluxOrg
) -> None:
    """The sabotage twin of the test above."""
    shelf, head = HangingShelf(), head_of(folder)
    with Sampling(address_of(influx, folder)) as points:
        points.taken = sampler(shelf)
        with forwarding(folder, points) as service:
            assert shelf.has_begun.wait(10)
            wait_until(lambda: service.state.connected, what="InfluxDB to answer")
            assert service.standing().forwarded_entries < head
            shelf.let_go.set()
            wait_until(lambda: service.standing().forwarded_entries == head, what="everything")


@pytest.mark.influx
@pytest.mark.broker
def test_sample_in_influxdb_says_what_recorder_judge_and_account_say(
    folder: Path, influx: InfluxOrg, mosquitto: Mosquitto
) -> None:
    messages = [(TOPIC, b"nonsense %d" % number) for number in range(7)]
    address = BrokerAddress(host="127.0.0.1", port=mosquitto.port)
    with (
        IngestThread(folder / "journal.db", address) as recorder,
        closing(influx_of(influx, folder)) as points,
        closing(influx_of(influx, folder)) as own,
        forwarding(folder, points) as service,
    ):
        recorder.wait_healthy()
        publish_all(address, messages)
        wait_until(lambda: recorder.metrics()["in_flight_messages"] == 0, what="all decided")
        wait_until(lambda: recorder.metrics()["received_messages_total"] == 7, what="all of them")

        def is_still() -> bool:
            standing = service.standing()
            return standing.forwarded_entries == head_of(folder) and standing.behind_s == 0

        wait_until(is_still, what="forwarding to have caught up")
        wait_until(lambda: service.standing().journal_entries == head_of(folder), what="a look")
        wait_until(lambda: service.standing().account == account_in(folder), what="another look")
        page = f"http://127.0.0.1:{recorder.service.health_port}"
        parts = Parts(page, folder / "index.db", service.standing)
        taken = Sampler(parts, own, lambda: service.state.connected, SystemClock())
        wait_until(taken.sample, what="a sample")
        account, head = service.standing().account, head_of(folder)
        metrics = recorder.metrics()
    told = influx_rows(influx)
    assert told["ingest"]["is_up"] == told["ingest"]["is_connected"] == 1
    assert told["ingest"]["received_count"] == metrics["received_messages_total"] == 7
    assert told["ingest"]["rejected_count"] == 7
    assert told["broker"]["is_up"] == 1
    assert told["journal"]["journal_entries"] == head
    with Index(folder / "index.db", read_only=True) as index:
        judged = index.cursor()[0].entry_id
    assert told["judge"]["judged_entries"] == judged > 0
    assert told["judge"]["behind_entries"] == head - judged > 0
    assert told["forward"]["forwarded_entries"] == head
    assert told["forward"]["behind_entries"] == 0
    for name, value in asdict(account).items():
        assert told["forward"][f"points_{name}"] == value
    assert account.journalled_count > 0
    assert account.difference_count == 0, "samples are in no account"


def influx_rows(org: InfluxOrg) -> dict[str, dict[str, float]]:
    """Return the newest sample by part."""
    found = org.query("SELECT * FROM pipeline GROUP BY part ORDER BY time DESC LIMIT 1")
    return {
        one.tags["part"]: {
            name: value for name, value in one.rows()[0].items() if value is not None
        }
        for one in found
    }
