"""Stored first, then known, then published; and outbox and rules always agree."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from pydantic import JsonValue

from dermatrace.errors import UsageError
from dermatrace.sender.desk import NOTED_INTERVAL_MS, SenderDesk
from dermatrace.sender.outbox import JOURNAL_ID, Outbox, StoredStream
from dermatrace.sender.settling import Settling
from dermatrace.sender.stream_state import StreamName
from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.settling import OutboxStream
from support.faulty_disk import DiskFault, faulty_disk
from support.manual_clock import NOON_MS, ManualClock
from support.vectors import with_changes

NAME: StreamName = ("session", "s-1")
RECEIPTS = "dermatrace/v1/north-clinic/pen-7/receipt"
REJECTIONS = "dermatrace/v1/north-clinic/pen-7/rejection"
ALIVE: dict[str, JsonValue] = {"event": "alive"}

OpenDesk = Callable[..., SenderDesk]


@pytest.fixture
def clock() -> ManualClock:
    """Return the clock of the desk."""
    return ManualClock()


@pytest.fixture
def open_desk(tmp_path: Path, clock: ManualClock) -> Iterator[OpenDesk]:
    """Offer desks on one outbox file, each a new start of the sender."""
    opened: list[SenderDesk] = []

    def start(capacity_bytes: int = 1_000_000) -> SenderDesk:
        for former in opened:
            former.outbox.close()
        outbox = Outbox(tmp_path / "outbox.db", "north-clinic/pen-7", capacity_bytes=capacity_bytes)
        desk = SenderDesk(
            outbox,
            Settling(Random(1)),
            clinic="north-clinic",
            sender_id="pen-7",
            clock=clock,
            device_time=lambda: (77, NOON_MS),
        )
        opened.append(desk)
        return desk

    yield start
    for desk in opened:
        desk.outbox.close()


def _write(desk: SenderDesk, stream: StoredStream, detail: str = "") -> int:
    facts = {**ALIVE, "detail": detail} if detail else ALIVE
    return desk.write(stream, "device.event", facts, (12, NOON_MS), queue=True)


def _published(desk: SenderDesk) -> list[bytes]:
    published = []
    while (due := desk.next_document()) is not None:
        key, (_, payload, _) = due
        desk.answered(key, success=True)
        published.append(payload)
    return published


def _receive(desk: SenderDesk, next_seq: int, **members: object) -> None:
    receipt = {"stream_id": "s-1", "next_seq": next_seq, "missing": [], "rejected": []}
    receipt |= {"journal_id": "journal-1", "more": False, "complete": None} | members
    desk.received(RECEIPTS, with_changes("receipt", **receipt))


def _accounted(desk: SenderDesk, clock: ManualClock) -> list[OutboxStream]:
    clock.advance(60_000)
    streams = [json.loads(payload)["streams"] for _, payload, _ in desk.next_account()]
    return [OutboxStream.model_validate(told) for group in streams for told in group]


# --- writing ------------------------------------------------------------------------------------


def test_document_is_numbered_serialised_and_chained(open_desk: OpenDesk) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    assert [_write(desk, stream), _write(desk, stream)] == [0, 1]
    desk.up(20)
    key, message = desk.next_document() or (None, None)
    payload = (
        b'{"seq":0,"kind":"device.event","boot_id":"%s","uptime_ms":12,"wall_time_ms":%d,'
        b'"event":"alive"}' % (desk.boot_id.encode(), NOON_MS)
    )
    assert key == (NAME, 0)
    assert message == ("dermatrace/v1/north-clinic/pen-7/session/s-1", payload, False)
    second = payload.replace(b'"seq":0', b'"seq":1')
    expected = chain_start("s-1")
    for stored in (payload, second):
        expected = chain_next(expected, payload_sha256(stored))
    assert stream.chain == expected


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"event": "alive", "mood": "good"}, "device.event would be rejected: mood"),
        ({"event": "alive", "seq": 7}, r"\['seq'\] are not facts"),
        ({"event": "alive", "uptime_ms": 7}, "are not facts"),
        ({"event": "alive", "detail": float("nan")}, "not JSON compliant"),
        ({"event": "alive", "detail": "x" * 20_000}, "would be rejected"),
    ],
)
def test_what_would_be_rejected_uses_up_no_number(
    open_desk: OpenDesk, facts: dict[str, JsonValue], message: str
) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    with pytest.raises(UsageError, match=message):
        desk.write(stream, "device.event", facts, (0, None), queue=True)
    assert _write(desk, stream) == 0


@pytest.mark.parametrize("name", [("session", "S 1"), ("sesion", "s-1"), ("session", "a/b")])
def test_stream_name_that_fits_no_topic_is_refused(open_desk: OpenDesk, name: StreamName) -> None:
    with pytest.raises(UsageError, match="dermatrace/v1/north-clinic/pen-7"):
        open_desk().stream(name)


def test_nothing_follows_the_end(open_desk: OpenDesk) -> None:
    for _ in range(2):
        desk = open_desk()
        stream = desk.stream(NAME)
        if not stream.state.ended:
            _write(desk, stream)
            desk.end(stream)
        with pytest.raises(UsageError, match="session/s-1 has ended"):
            _write(desk, stream)
        with pytest.raises(UsageError, match="session/s-1 has ended"):
            desk.lose(stream)


def test_last_number_can_be_used_and_no_other(open_desk: OpenDesk) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    stream.state.next_seq = SEQ_MAX
    assert _write(desk, stream) == SEQ_MAX
    with pytest.raises(UsageError, match="used up its numbers"):
        _write(desk, stream)


def test_kept_document_goes_out_only_when_asked_for(open_desk: OpenDesk) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    desk.up(20)
    desk.write(stream, "device.event", ALIVE, (0, None), queue=False)
    assert _published(desk) == []
    _receive(desk, 0, missing=[{"first_seq": 0, "last_seq": 0}])
    assert len(_published(desk)) == 1
    ((_, payload, _),) = desk.held(NAME, 0, 9)
    assert payload == desk.outbox.payload((NAME, 0))


# --- room ---------------------------------------------------------------------------------------


def test_settled_documents_go_only_when_room_is_needed_the_oldest_first(
    open_desk: OpenDesk,
) -> None:
    desk = open_desk(capacity_bytes=1_000)
    old, new = desk.stream(NAME), desk.stream(("session", "s-2"))
    for _ in range(4):
        _write(desk, old)
    _receive(desk, 2)
    assert old.state.held.spans() == [(0, 3)]
    while desk.outbox.has_room(200):
        _write(desk, new)
    assert old.state.held.spans() == [(0, 3)]
    _write(desk, new, "x" * 100)
    assert old.state.held.spans() == [(1, 3)] or old.state.held.spans() == [(2, 3)]
    assert desk.outbox.payload((NAME, 2)) is not None


def test_unsettled_documents_never_go_and_the_new_one_is_declared_lost(
    open_desk: OpenDesk, clock: ManualClock
) -> None:
    desk = open_desk(capacity_bytes=400)
    stream = desk.stream(NAME)
    desk.up(20)
    seqs = [_write(desk, stream) for _ in range(5)]
    assert seqs == [0, 1, 2, 3, 4]
    assert stream.state.held.spans() == [(0, 2)]
    (told,) = _accounted(desk, clock)
    assert (told.first_seq, told.last_seq) == (0, 2)
    assert [(lost.first_seq, lost.last_seq, lost.reason) for lost in told.lost] == [
        (3, 4, "not_stored")
    ]
    assert stream.chain is None
    _receive(desk, 3)
    assert _write(desk, stream) == 5
    assert stream.state.held.spans()[-1] == (5, 5)
    assert open_desk().stream(NAME).state.lost["not_stored"].spans() == [(3, 4)]


# --- a failing disk -----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["full", "write", "sync"])
def test_document_that_cannot_be_stored_uses_up_its_number(
    open_desk: OpenDesk, clock: ManualClock, fault: DiskFault
) -> None:
    with faulty_disk() as disk:
        desk = open_desk()
        desk.up(20)
        stream = desk.stream(NAME)
        _write(desk, stream)
        disk.fault = fault
        assert [_write(desk, stream), _write(desk, stream)] == [1, 2]
        disk.fault = None
        assert _write(desk, stream) == 3
        (told,) = _accounted(desk, clock)
        assert [(lost.first_seq, lost.last_seq, lost.reason) for lost in told.lost] == [
            (1, 2, "not_stored")
        ]
        assert stream.chain is None
        again = open_desk().stream(NAME)
        assert again.state.held.spans() == [(0, 0), (3, 3)]
        assert again.state.lost["not_stored"].spans() == [(1, 2)]
        assert again.chain is None


def test_loss_that_was_never_stored_is_told_after_a_reboot_all_the_same(
    open_desk: OpenDesk, clock: ManualClock
) -> None:
    with faulty_disk() as disk:
        desk = open_desk()
        stream = desk.stream(NAME)
        _write(desk, stream)
        disk.fault = "full"
        _write(desk, stream)
        disk.fault = None
        # Bypassing the desk, as if power had failed before it could store the loss.
        desk.outbox.store((NAME, 2), b"third", payload_sha256(b"third"), None)
        again = open_desk()
        again.up(20)
        (told,) = _accounted(again, clock)
    assert [(lost.first_seq, lost.reason) for lost in told.lost] == [(1, "freed")]


def test_answers_taken_while_the_disk_fails_are_noted_later(
    open_desk: OpenDesk, clock: ManualClock
) -> None:
    with faulty_disk() as disk:
        desk = open_desk()
        _write(desk, desk.stream(NAME))
        disk.fault = "write"
        _receive(desk, 1)
        desk.down()
        assert desk.stream(NAME).state.settled_seq == 1
        disk.fault = None
        clock.advance(NOTED_INTERVAL_MS)
        _receive(desk, 1)
        assert open_desk().stream(NAME).state.settled_seq == 1


# --- answers ------------------------------------------------------------------------------------


def test_receipts_are_written_down_now_and_then(open_desk: OpenDesk, clock: ManualClock) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    for _ in range(4):
        _write(desk, stream)
    _receive(desk, 1)
    assert desk.outbox.fact(JOURNAL_ID) == "journal-1"
    _receive(desk, 2)
    assert desk.outbox.held_bytes > 0
    assert _settled_on_disk(desk) == 1
    clock.advance(NOTED_INTERVAL_MS)
    _receive(desk, 3)
    assert _settled_on_disk(desk) == 3
    _receive(desk, 4)
    desk.note_receipts()
    assert _settled_on_disk(desk) == 4


def test_what_no_longer_holds_is_written_down_at_once(open_desk: OpenDesk) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    for _ in range(4):
        _write(desk, stream)
    _receive(desk, 4)
    desk.note_receipts()
    _receive(desk, 2)
    assert _settled_on_disk(desk) == 2
    _receive(desk, 4, journal_id="journal-2")
    assert desk.outbox.fact(JOURNAL_ID) == "journal-2"
    assert _settled_on_disk(desk) == 0


def _settled_on_disk(desk: SenderDesk) -> int:
    ((settled_seq,),) = desk.outbox._connection.execute("SELECT settled_seq FROM streams")  # noqa: SLF001  what a reboot would find
    return int(settled_seq)


def test_rejection_without_a_number_loses_that_document_alone(
    open_desk: OpenDesk, clock: ManualClock
) -> None:
    desk = open_desk()
    desk.up(20)
    streams = [desk.stream(("session", stream_id)) for stream_id in ("s-1", "s-2")]
    for stream in streams:
        _write(desk, stream)  # equal bytes under the same number
    payload = desk.outbox.payload((NAME, 0))
    assert payload is not None
    rejection = {"stream_class": "session", "stream_id": "s-2", "seq": None}
    sha256 = payload_sha256(payload).hex()
    desk.received(REJECTIONS, with_changes("rejection", **rejection, sha256=sha256))
    assert streams[0].state.held.spans() == [(0, 0)]
    assert streams[1].state.lost["rejected"].spans() == [(0, 0)]
    told = {
        stream.stream_id: [lost.reason for lost in stream.lost]
        for stream in _accounted(desk, clock)
    }
    assert told == {"s-1": [], "s-2": ["rejected"]}
    desk.received(REJECTIONS, with_changes("rejection", **rejection, sha256="0" * 64))
    assert streams[0].state.held.spans() == [(0, 0)]


def test_rejection_with_a_number_is_left_to_the_receipt(open_desk: OpenDesk) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    _write(desk, stream)
    payload = desk.outbox.payload((NAME, 0))
    assert payload is not None
    sha256 = payload_sha256(payload).hex()
    rejection = {"stream_class": "session", "stream_id": "s-1", "seq": 0, "sha256": sha256}
    desk.received(REJECTIONS, with_changes("rejection", **rejection))
    assert stream.state.held.spans() == [(0, 0)]
    assert stream.state.lost == {}


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"kind":"receipt","next_seq":5}'])
def test_answer_it_cannot_read_changes_nothing(open_desk: OpenDesk, payload: bytes) -> None:
    desk = open_desk()
    stream = desk.stream(NAME)
    _write(desk, stream)
    for topic in (RECEIPTS, REJECTIONS, "dermatrace/v1/north-clinic/pen-7/unheard-of"):
        desk.received(topic, payload)
    assert stream.state.settled_seq == 0
    assert desk.settling.journal_id is None


def test_many_streams_take_several_outboxes_each_small_enough(
    open_desk: OpenDesk, clock: ManualClock
) -> None:
    desk = open_desk()
    for number in range(70):
        stream = desk.stream(("session", f"s-{number}"))
        for _ in range(30 if number < 10 else 1):  # every second one is lost
            _write(desk, stream)
            desk.lose(stream)
    desk.up(20)
    clock.advance(60_000)
    messages = desk.next_account()
    told = [json.loads(payload)["streams"] for _, payload, _ in messages]
    assert max(len(payload) for _, payload, _ in messages) <= 16 * 1024
    assert max(len(streams) for streams in told) == 32
    assert [stream["stream_id"] for streams in told for stream in streams] == [
        f"s-{number}" for number in range(70)
    ]
    assert json.loads(messages[0][1])["uptime_ms"] == 77
    assert desk.next_account() == []


def test_after_a_reboot_the_account_is_what_the_outbox_holds(
    open_desk: OpenDesk, clock: ManualClock
) -> None:
    desk = open_desk()
    first_boot = desk.boot_id
    stream = desk.stream(NAME)
    for _ in range(3):
        _write(desk, stream)
    desk = open_desk()
    assert desk.boot_id != first_boot
    desk.up(20)
    assert _published(desk) == []
    (told,) = _accounted(desk, clock)
    assert (told.first_seq, told.last_seq, told.ended) == (0, 2, False)
    _receive(desk, 1, missing=[{"first_seq": 1, "last_seq": 2}])
    assert _published(desk) == [desk.outbox.payload((NAME, seq)) for seq in (1, 2)]
