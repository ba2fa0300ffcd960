"""Everything handed to a sender is settled in the end, whatever happens in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from dermatrace.errors import UsageError
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.sender import OutgoingStream, Sender, StreamStanding
from dermatrace_schemas.fleet import Status
from support.broker import Mosquitto
from support.manual_clock import ManualClock
from support.pretend_recorder import PretendRecorder
from support.vectors import example_bytes
from support.waiting import wait_until

pytestmark = pytest.mark.broker

ALIVE: dict[str, JsonValue] = {"event": "alive"}


@pytest.fixture(params=["5", "3.1.1"])
def address(request: pytest.FixtureRequest, mosquitto: Mosquitto) -> BrokerAddress:
    """Return where the broker is, in each MQTT version."""
    return BrokerAddress(host=mosquitto.host, port=mosquitto.port, protocol=request.param)


@pytest.fixture
def address_5(mosquitto: Mosquitto) -> BrokerAddress:
    """Return where the broker is."""
    return BrokerAddress(host=mosquitto.host, port=mosquitto.port)


@pytest.fixture
def recorder(mosquitto: Mosquitto) -> Iterator[PretendRecorder]:
    """Return a recorder that listens."""
    with PretendRecorder(BrokerAddress(host=mosquitto.host, port=mosquitto.port)) as listening:
        yield listening


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the outbox lies."""
    return tmp_path / "outbox.db"


def _sender(address: BrokerAddress, path: Path, clock: ManualClock | None = None) -> Sender:
    return Sender(address, "north-clinic", "pen-7", path, clock=clock)


def _send(stream: OutgoingStream, count: int) -> None:
    for number in range(count):
        stream.send("device.event", ALIVE, uptime_ms=number, wall_time_ms=None)


def _wait_settled(sender: Sender, clock: ManualClock) -> None:
    """Let time pass until all is settled."""

    def is_settled() -> bool:
        clock.advance(1_000)
        return sender.wait_settled(0)

    wait_until(is_settled, what="everything to be settled")


def test_session_is_settled_to_its_end(
    address: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    with _sender(address, path) as sender:
        stream = sender.open_stream("session", "s-1")
        _send(stream, 300)
        chain = stream.chain
        stream.end()
        assert sender.wait_settled(30)
        assert sender.standings() == [
            StreamStanding(("session", "s-1"), 300, 300, lost_count=0, complete=True)
        ]
        assert (stream.stream_id, stream.next_seq) == ("s-1", 300)
        assert chain == stream.chain is not None
    heard = recorder.stream("s-1")
    assert sorted(heard.payloads) == list(range(300))
    assert heard.ended
    assert recorder.outboxes[-1].boot_id == sender.boot_id


def test_sender_says_what_it_holds_as_soon_as_it_is_connected(
    address: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    sender = _sender(address, path)
    stream = sender.open_stream("session", "s-1")
    stream.keep("device.event", ALIVE, uptime_ms=0, wall_time_ms=None)
    with sender:  # only now it connects
        assert sender.wait_settled(30)
    assert recorder.stream("s-1").arrivals == [0]


def test_stopped_sender_offers_again_what_was_not_settled(
    address: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    recorder.is_silent = True
    with _sender(address, path) as sender:
        stream = sender.open_stream("session", "s-1")
        _send(stream, 5)
        wait_until(lambda: len(recorder.stream("s-1").payloads) == 5)
        assert not sender.wait_settled(0)
    recorder.streams.clear()  # as if none of it had reached the disk
    recorder.is_silent = False
    with _sender(address, path) as sender:
        assert sender.wait_settled(30)
        assert sender.open_stream("session", "s-1").next_seq == 5
    assert sorted(recorder.stream("s-1").payloads) == list(range(5))


def test_settled_sender_publishes_no_document_again_after_a_restart(
    address_5: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    with _sender(address_5, path) as sender:
        _send(sender.open_stream("session", "s-1"), 3)
        assert sender.wait_settled(30)
    told_before = len(recorder.outboxes)
    with _sender(address_5, path) as sender:
        wait_until(lambda: len(recorder.outboxes) > told_before, what="its account")
        _send(sender.open_stream("session", "s-2"), 1)
        assert sender.wait_settled(30)
    assert sorted(recorder.stream("s-1").arrivals) == [0, 1, 2]


def test_documents_wait_until_a_recorder_listens(address_5: BrokerAddress, path: Path) -> None:
    clock = ManualClock()
    with _sender(address_5, path, clock) as sender:
        stream = sender.open_stream("session", "s-1")
        _send(stream, 10)
        wait_until(lambda: sender.is_connected and sender.waiting_count == 10)
        with PretendRecorder(address_5) as recorder:
            _wait_settled(sender, clock)
    assert sorted(recorder.stream("s-1").payloads) == list(range(10))


def test_session_goes_on_through_a_restart_of_the_broker(
    address: BrokerAddress, mosquitto: Mosquitto, path: Path
) -> None:
    clock = ManualClock()
    recorder = PretendRecorder(address)
    with _sender(address, path, clock) as sender:
        stream = sender.open_stream("session", "s-1")
        with recorder:
            _send(stream, 20)
            _wait_settled(sender, clock)
        mosquitto.kill()
        wait_until(lambda: not sender.is_connected)
        _send(stream, 20)
        mosquitto.start()
        with recorder:
            _send(stream, 1)
            stream.end()
            _wait_settled(sender, clock)
    assert sorted(recorder.stream("s-1").payloads) == list(range(41))


def test_another_journal_is_offered_everything_again(
    address_5: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    clock = ManualClock()
    with _sender(address_5, path, clock) as sender:
        stream = sender.open_stream("session", "s-1")
        _send(stream, 5)
        _wait_settled(sender, clock)
        recorder.journal_id = "journal-2"
        recorder.streams.clear()
        _send(stream, 1)
        _wait_settled(sender, clock)
    assert sorted(recorder.stream("s-1").payloads) == list(range(6))


def test_document_the_recorder_cannot_read_is_declared_lost(
    address: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    recorder.refuses = lambda payload: b'"uptime_ms":2,' in payload
    with _sender(address, path) as sender:
        stream = sender.open_stream("session", "s-1")
        _send(stream, 5)
        stream.end()
        assert sender.wait_settled(30)
        assert sender.standings()[0].lost_count == 1
        assert stream.chain is None
    assert recorder.stream("s-1").lost.spans() == [(2, 2)]


def test_answers_that_cannot_be_read_do_no_harm(
    address_5: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    with _sender(address_5, path) as sender:
        stream = sender.open_stream("session", "s-1")
        wait_until(lambda: sender.is_connected)
        for payload in (b"", b"\xff", b"{}", b"[" * 10_000):
            recorder.say("dermatrace/v1/north-clinic/pen-7/receipt", payload)
            recorder.say("dermatrace/v1/north-clinic/pen-7/rejection", payload)
        _send(stream, 3)
        assert sender.wait_settled(30)


def test_number_without_a_document_is_told_at_once(
    address_5: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    with _sender(address_5, path) as sender:
        stream = sender.open_stream("session", "s-1")
        _send(stream, 1)
        assert stream.lose() == 1
        stream.end()
        assert sender.wait_settled(30)
    assert recorder.stream("s-1").lost.spans() == [(1, 1)]


def test_replay_publishes_the_same_bytes_again(
    address_5: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    with _sender(address_5, path) as sender:
        _send(sender.open_stream("session", "s-1"), 4)
        assert sender.wait_settled(30)
        before = dict(recorder.stream("s-1").payloads)
        sender.replay("s-1", 1, 2)
        wait_until(lambda: len(recorder.stream("s-1").arrivals) == 6)
    assert recorder.stream("s-1").arrivals[4:] == [1, 2]
    assert recorder.stream("s-1").payloads == before


def test_reports_go_out_beside_the_outbox(
    address_5: BrokerAddress, recorder: PretendRecorder, path: Path
) -> None:
    status = Status.model_validate_json(example_bytes("status"))
    with _sender(address_5, path) as sender:
        sender.publish_report(status, retain=True)
        sender.publish_raw("dermatrace/v1/north-clinic/pen-7/announcement", b"not even JSON")
        wait_until(lambda: len(recorder.others) == 2)
        wait_until(lambda: sender.waiting_count == 0)
        assert sender.standings() == []
    root = "dermatrace/v1/north-clinic/pen-7"
    written = status.model_dump_json(exclude_unset=True).encode()
    assert recorder.others == [
        (f"{root}/status", written),
        (f"{root}/announcement", b"not even JSON"),
    ]


@pytest.mark.parametrize(("clinic", "sender_id"), [("North", "pen-7"), ("north", "pen/7")])
def test_name_that_fits_no_topic_is_refused_and_the_outbox_released(
    path: Path, clinic: str, sender_id: str
) -> None:
    address = BrokerAddress(host="127.0.0.1", port=1)
    for _ in range(2):
        with pytest.raises(UsageError, match="Choose a name"):
            Sender(address, clinic, sender_id, path)


def test_sender_that_cannot_go_on_tells_whoever_waits(tmp_path: Path, path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    address = BrokerAddress(host="127.0.0.1", port=1, tls_ca_file=missing)
    with _sender(address, path) as sender:
        _send(sender.open_stream("session", "s-1"), 1)
        with pytest.raises(UsageError, match="TLS files"):
            sender.wait_settled(30)


def test_sender_can_be_stopped_twice_and_without_a_broker(path: Path) -> None:
    sender = _sender(BrokerAddress(host="127.0.0.1", port=1), path)
    sender.start()
    _send(sender.open_stream("session", "s-1"), 1)
    sender.stop()
    sender.stop()
