"""The whole process on a real broker: what it promises while it runs, ends, and starts again."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.errors import AlreadyRunning, StorageError, TakenOver
from dermatrace.ingest.inbox import Inbox
from dermatrace.ingest.pipeline import Arrival, Pipeline
from dermatrace.ingest.recorder import Taken
from dermatrace.ingest.service import IngestService
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify
from dermatrace.journal.writer import Journal
from dermatrace.mqtt import BrokerAddress
from dermatrace_schemas.parse import parse
from dermatrace_schemas.settling import Receipt
from dermatrace_schemas.topics import Topic
from support.broker import Mosquitto
from support.ingest_thread import IngestThread, accepted
from support.log_lines import log_lines
from support.malformed import MALFORMED
from support.mqtt_ends import connected, publish_all
from support.pipeline_bench import alive, stopped
from support.waiting import wait_until

pytestmark = pytest.mark.broker
SPACIOUS = "max_queued_messages 100000\nmax_inflight_messages 1000\n"
spacious = pytest.mark.parametrize("mosquitto", [SPACIOUS], indirect=True)


def address_of(broker: Mosquitto) -> BrokerAddress:
    return BrokerAddress(host="127.0.0.1", port=broker.port)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def ingest(mosquitto: Mosquitto, journal: Path) -> Iterator[IngestThread]:
    with IngestThread(journal, address_of(mosquitto)) as running:
        running.wait_healthy()
        yield running
    assert running.error is None
    assert verify(journal).is_intact


def session(stream_id: str, count: int, sender: str = "pen-7") -> list[tuple[str, bytes]]:
    topic = str(Topic("north-clinic", sender, "session", stream_id))
    return [(topic, alive(seq)) for seq in range(count)]


def assert_books_balance(metrics: dict[str, float]) -> None:
    terms = decided(metrics) + metrics["shed_messages_total"] + metrics["in_flight_messages"]
    assert metrics["received_messages_total"] == terms


def decided(metrics: dict[str, float]) -> float:
    return sum(value for name, value in metrics.items() if name.startswith("decided_messages"))


def test_sender_is_told_that_its_session_is_complete(
    ingest: IngestThread, mosquitto: Mosquitto
) -> None:
    receipts = "dermatrace/v1/north-clinic/pen-7/receipt"
    topic = str(Topic("north-clinic", "pen-7", "session", "s-1"))
    with connected(address_of(mosquitto), "pen-7", receipts) as (connection, listener):
        for payload in (alive(0), alive(1), stopped(2)):
            connection.publish(topic, payload)

        def last() -> Receipt | None:
            documents = [parse("receipt", payload) for payload in listener.payloads]
            newest = documents[-1] if documents else None
            assert newest is None or isinstance(newest, Receipt)
            return newest

        wait_until(lambda: (told := last()) and told.complete, what="the completion")
    assert len(accepted(ingest.journal)) == 3


@pytest.mark.slow
@spacious
def test_every_malformed_message_through_the_broker_is_kept_and_stops_nobody(
    ingest: IngestThread, mosquitto: Mosquitto
) -> None:
    # What the broker itself refuses to route to us is not our verdict to give.
    routed = [bad for bad in MALFORMED if len(bad.payload) < 250_000 and subscribed(bad.topic)]
    assert len(routed) >= 75
    for number, bad in enumerate(routed):
        topic = str(Topic("north-clinic", "pen-7", "session", f"good-{number}"))
        publish_all(address_of(mosquitto), [(bad.topic, bad.payload), (topic, alive(0))])
    ingest.wait_recorded(len(routed))
    with JournalReader(ingest.journal) as reader:
        kept = [entry for entry in reader.read_after(0) if entry.outcome != "system"]
    rejected = {(entry.topic, entry.payload): entry for entry in kept if entry.reason is not None}
    for bad in routed:
        entry = rejected[bad.topic, bad.payload]
        conflicts = entry.outcome == "conflict"  # they share a stream, so numbers come again
        assert conflicts or (entry.reason or "").startswith(f'["{bad.reason}"')
    wait_until(lambda: decided(ingest.metrics()) >= 2 * len(routed), what="all to be decided")
    assert_books_balance(ingest.metrics())
    assert ingest.health()[0] == 200


def subscribed(topic: str) -> bool:
    levels = topic.split("/")
    streams = {"session", "chart", "registry", "verdict"}
    return len(levels) > 4 and (levels[4] in streams or len(levels) == 5)


@spacious
def test_books_balance_at_rest_and_at_every_moment_under_load(
    ingest: IngestThread, mosquitto: Mosquitto
) -> None:
    assert_books_balance(ingest.metrics())
    messages = session("s-1", 2_000) + session("s-1", 500)
    publisher = threading.Thread(target=publish_all, args=(address_of(mosquitto), messages))
    publisher.start()
    while publisher.is_alive():
        assert_books_balance(ingest.metrics())
    publisher.join()
    wait_until(lambda: decided(ingest.metrics()) >= len(messages), what="rest")
    metrics = ingest.metrics()
    assert_books_balance(metrics)
    assert metrics['decided_messages_total{fate="stored"}'] == 2_000
    assert metrics['decided_messages_total{fate="duplicate"}'] >= 500
    assert metrics["commit_seconds_count"] > 0
    assert metrics["connected"] == metrics["connections_total"] == 1


def test_health_is_red_while_the_broker_is_away_and_green_again(
    ingest: IngestThread, mosquitto: Mosquitto
) -> None:
    mosquitto.stop()
    wait_until(lambda: ingest.health()[0] == 503, what="red")
    assert ingest.health()[1]["connected"] is False
    mosquitto.start()
    ingest.wait_healthy()
    with JournalReader(ingest.journal) as reader:
        kinds = [entry.payload for entry in reader.read_after(0) if entry.outcome == "system"]
    told = b" ".join(payload or b"" for payload in kinds)
    assert told.count(b"system.connected") == 2
    assert told.count(b"system.lost") == 1


def test_second_recorder_on_the_same_journal_says_who_has_it(ingest: IngestThread) -> None:
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        IngestService(
            ingest.journal,
            BrokerAddress(host="127.0.0.1", port=1),
            health_host="127.0.0.1",
            health_port=0,
            clock=SystemClock(),
        )


@pytest.mark.slow
def test_second_recorder_on_the_same_broker_ends_or_shows_the_first(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """Mosquitto 2.1 tells the first why it is thrown out; with an older one both go red."""
    with (
        IngestThread(tmp_path / "first.db", address_of(mosquitto)) as first,
        IngestThread(tmp_path / "second.db", address_of(mosquitto)) as second,
    ):

        def is_noticed() -> bool:
            running = [one for one in (first, second) if one.is_running]
            return len(running) < 2 or any(one.health()[1]["problems"] for one in running)

        wait_until(is_noticed, what="somebody to notice")
    ends = [one.error for one in (first, second) if one.error is not None]
    assert all(isinstance(error, TakenOver) for error in ends)


def test_health_port_in_use_gives_the_journal_back(ingest: IngestThread, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with pytest.raises(OSError, match="in use"):
        IngestService(
            other,
            BrokerAddress(host="127.0.0.1", port=1),
            health_host="127.0.0.1",
            health_port=ingest.service.health_port,
            clock=SystemClock(),
        )
    Journal(other, SystemClock()).close()


class StallingPipeline(Pipeline):
    """Takes its first batch only once the inbox has overflowed."""

    inbox: Inbox

    def run(self, arrivals: Sequence[Arrival]) -> Taken:
        """Wait, then record."""
        wait_until(lambda: self.inbox.books().shed_count > 0, what="the inbox to overflow")
        return super().run(arrivals)


class StallingService(IngestService):
    """Has room for few messages, and is slow at first."""

    def _make_inbox(self) -> Inbox:
        return Inbox(messages_max=300)

    def _make_pipeline(self, journal: Journal) -> Pipeline:
        pipeline = StallingPipeline(journal, self._clock)
        pipeline.inbox = self._inbox
        return pipeline


@pytest.mark.slow
@spacious
def test_overflow_of_the_inbox_loses_nothing(mosquitto: Mosquitto, journal: Path) -> None:
    address = address_of(mosquitto)
    with IngestThread(journal, address) as before:
        before.wait_healthy()
    publish_all(address, session("s-1", 3_000))
    with IngestThread(journal, address, make=StallingService) as ingest:
        ingest.wait_recorded(3_000)
        metrics = ingest.metrics()
    assert metrics["shed_messages_total"] > 0, "these came again over another connection"
    assert_books_balance(metrics)
    assert verify(journal).is_intact


class FailingDiskService(IngestService):
    """Its disk takes nothing more after the start."""

    def run(self) -> None:
        """Start, then lose the disk."""
        disk = self._journal._connection  # noqa: SLF001  stands for a disk that takes no more
        disk.pragma("max_page_count", int(disk.pragma("page_count")) + 5)
        super().run()


@spacious
def test_failing_disk_ends_the_process_unacknowledged_and_the_next_goes_on(
    mosquitto: Mosquitto, journal: Path
) -> None:
    address = address_of(mosquitto)
    with IngestThread(journal, address, make=FailingDiskService) as failing:
        failing.wait_healthy()
        publish_all(address, session("s-1", 300))
        wait_until(lambda: not failing.is_running, what="the end")
    assert isinstance(failing.error, StorageError)
    assert "Free space" in str(failing.error)
    with IngestThread(journal, address) as ingest:
        ingest.wait_recorded(300)
    assert len(accepted(journal)) == 300
    assert verify(journal).is_intact


PROGRAM = """
import sys
from pathlib import Path
from dermatrace.clock import SystemClock
from dermatrace.ingest.service import IngestService
from dermatrace.mqtt import BrokerAddress
service = IngestService(
    Path(sys.argv[1]), BrokerAddress(host="127.0.0.1", port=int(sys.argv[2])),
    health_host="127.0.0.1", health_port=0, clock=SystemClock(),
)
service.stop_on_signals()
service.run()
"""


@contextmanager
def ingest_process(journal: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", PROGRAM, str(journal), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@spacious
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_under_load_it_ends_well_and_nothing_is_lost(
    mosquitto: Mosquitto, journal: Path, number: signal.Signals
) -> None:
    address, count = address_of(mosquitto), 4_000
    with IngestThread(journal, address) as before:
        before.wait_healthy()
    publisher = threading.Thread(target=publish_all, args=(address, session("s-1", count)))
    with ingest_process(journal, mosquitto.port) as process:
        publisher.start()
        wait_until(lambda: accepted(journal), what="the first document")
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
    publisher.join()
    recorded_before_the_end = len(accepted(journal))
    with IngestThread(journal, address) as ingest:
        ingest.wait_recorded(count)
    assert 0 < recorded_before_the_end <= count
    assert accepted(journal) == [payload for _, payload in session("s-1", count)]
    assert verify(journal).is_intact


def test_log_lines_carry_clinic_sender_and_stream(mosquitto: Mosquitto, journal: Path) -> None:
    with log_lines() as lines, IngestThread(journal, address_of(mosquitto)) as ingest:
        ingest.wait_healthy()
        topic = str(Topic("north-clinic", "pen-7", "session", "s-1"))
        publish_all(address_of(mosquitto), [(topic, b"garbage")])
        find: Callable[[], list[object]] = lambda: [  # noqa: E731
            line for line in lines() if line["event"] == "message rejected"
        ]
        wait_until(find, what="the line")
        (line,) = find()
    assert isinstance(line, dict)
    expected = {"clinic": "north-clinic", "sender": "pen-7", "stream": "session/s-1"}
    assert line.items() >= expected.items()
