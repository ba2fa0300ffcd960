"""What was stored is there after a reboot, for its owner and nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.errors import AlreadyRunning, StorageError, WrongFile
from dermatrace.journal.writer import Journal
from dermatrace.sender.outbox import IN_MEMORY, JOURNAL_ID, Outbox
from dermatrace.sender.stream_state import StreamName
from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from support.faulty_disk import DiskFault, faulty_disk
from support.manual_clock import ManualClock

OWNER = "north-clinic/pen-7"
NAME: StreamName = ("session", "s-1")
OTHER: StreamName = ("session", "s-2")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the outbox of a test lies."""
    return tmp_path / "data" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    """Return an outbox with one stream and room for 1,000 bytes."""
    opened = Outbox(path, OWNER, capacity_bytes=1_000)
    opened.add_stream(NAME)
    yield opened
    opened.close()


def _store(outbox: Outbox, name: StreamName, seq: int, payload: bytes) -> None:
    digest = payload_sha256(payload)
    chain = outbox.streams[name].chain
    outbox.store((name, seq), payload, digest, None if chain is None else chain_next(chain, digest))


def test_everything_survives_a_reboot(path: Path, outbox: Outbox) -> None:
    for seq in range(4):
        _store(outbox, NAME, seq, b"document %d" % seq)
    outbox.lose(NAME, (4, 6), "not_stored")
    outbox.lose(NAME, (1, 1), "rejected")
    _store(outbox, NAME, 7, b"document 7")
    outbox.end(NAME)
    outbox.add_stream(OTHER)
    _store(outbox, OTHER, 0, b"other")
    state = outbox.streams[NAME].state
    state.settled_seq, state.complete = 3, True
    outbox.note_receipts("journal-1", [state])
    outbox.close()

    again = Outbox(path, OWNER)
    stored = again.streams[NAME]
    assert list(again.streams) == [NAME, OTHER]
    assert stored.state.held.spans() == [(0, 0), (2, 3), (7, 7)]
    assert {why: lost.spans() for why, lost in stored.state.lost.items()} == {
        "not_stored": [(4, 6)],
        "rejected": [(1, 1)],
    }
    assert (stored.state.next_seq, stored.state.ended) == (8, True)
    assert (stored.state.settled_seq, stored.state.complete) == (3, True)
    assert stored.chain is None
    other = again.streams[OTHER]
    assert other.chain == chain_next(chain_start("s-2"), payload_sha256(b"other"))
    assert again.payload((NAME, 3)) == b"document 3"
    assert again.payload((NAME, 1)) is None
    assert again.fact(JOURNAL_ID) == "journal-1"
    assert again.held_bytes == 4 * len(b"document 0") + len(b"other")
    again.close()


def test_outbox_of_another_sender_is_refused_and_not_held(path: Path, outbox: Outbox) -> None:
    outbox.close()
    with pytest.raises(WrongFile, match="is the outbox of north-clinic/pen-7, not of"):
        Outbox(path, "north-clinic/pen-8")
    Outbox(path, OWNER).close()


def test_second_process_is_refused(path: Path, outbox: Outbox) -> None:
    assert outbox.held_bytes == 0
    with pytest.raises(AlreadyRunning):
        Outbox(path, OWNER)


def test_journal_is_no_outbox(path: Path) -> None:
    Journal(path, ManualClock()).close()
    with pytest.raises(WrongFile, match="another sort of file"):
        Outbox(path, OWNER)


def test_outbox_in_memory_works_and_forgets() -> None:
    outbox = Outbox(IN_MEMORY, OWNER)
    outbox.add_stream(NAME)
    _store(outbox, NAME, 0, b"document")
    outbox.lose(NAME, (1, 1), "not_stored")
    assert outbox.payload((NAME, 0)) == b"document"
    outbox.close()
    again = Outbox(IN_MEMORY, OWNER)
    assert again.streams == {}
    again.close()


def test_two_outboxes_in_memory_do_not_share() -> None:
    one, other = Outbox(IN_MEMORY, OWNER), Outbox(IN_MEMORY, "north-clinic/pen-8")
    one.add_stream(NAME)
    assert other.streams == {}
    one.close()
    other.close()


def test_room_is_what_documents_take(outbox: Outbox) -> None:
    _store(outbox, NAME, 0, b"x" * 600)
    assert outbox.has_room(400)
    assert not outbox.has_room(401)
    outbox.lose(NAME, (0, 0), "too_large")
    assert outbox.has_room(1_000)


def test_only_as_much_is_freed_as_is_needed_lowest_first(outbox: Outbox) -> None:
    for seq in range(10):
        _store(outbox, NAME, seq, b"x" * 100)
    assert outbox.lacking_bytes(150) == 150
    assert outbox.free(NAME, (2, 7), 150) == (2, 3)
    assert outbox.held_bytes == 800
    assert [seq for seq in range(10) if outbox.payload((NAME, seq))] == [0, 1, 4, 5, 6, 7, 8, 9]
    assert outbox.free(NAME, (4, 5), 5_000) == (4, 5)


def test_much_room_is_made_a_hundredth_at_a_time(path: Path) -> None:
    outbox = Outbox(path, OWNER, capacity_bytes=50_000)
    outbox.add_stream(NAME)
    for seq in range(20):
        _store(outbox, NAME, seq, b"x" * 100)
    assert outbox.free(NAME, (0, 19), 1) == (0, 4)
    outbox.close()


def test_document_is_found_by_its_digest_in_whatever_stream(outbox: Outbox) -> None:
    outbox.add_stream(OTHER)
    for name in (NAME, OTHER):
        _store(outbox, name, 0, b"same")
    _store(outbox, NAME, 1, b"another")
    assert sorted(outbox.find(payload_sha256(b"same"))) == [(NAME, 0), (OTHER, 0)]
    assert outbox.find(payload_sha256(b"unknown")) == []


@pytest.mark.parametrize("fault", ["full", "write", "sync"])
def test_document_that_was_not_stored_is_not_there(path: Path, fault: DiskFault) -> None:
    with faulty_disk() as disk:
        outbox = Outbox(path, OWNER)
        outbox.add_stream(NAME)
        _store(outbox, NAME, 0, b"first")
        disk.fault = fault
        with pytest.raises(StorageError, match=r"outbox\.db"):
            _store(outbox, NAME, 1, b"second")
        assert outbox.payload((NAME, 1)) is None
        assert outbox.held_bytes == len(b"first")
        assert outbox.streams[NAME].chain == chain_next(
            chain_start("s-1"), payload_sha256(b"first")
        )
        disk.fault = None
        _store(outbox, NAME, 1, b"second again")
        outbox.close()
    again = Outbox(path, OWNER)
    assert again.payload((NAME, 1)) == b"second again"
    again.close()


def test_receipts_are_noted_all_or_not_at_all(path: Path) -> None:
    with faulty_disk() as disk:
        outbox = Outbox(path, OWNER)
        outbox.add_stream(NAME)
        state = outbox.streams[NAME].state
        state.settled_seq = 5
        outbox.note_receipts("journal-1", [state])
        state.settled_seq = 0
        disk.fault = "write"
        with pytest.raises(StorageError):
            outbox.note_receipts("journal-2", [state])
        disk.fault = None
        outbox.close()
    again = Outbox(path, OWNER)
    assert (again.fact(JOURNAL_ID), again.streams[NAME].state.settled_seq) == ("journal-1", 5)
    again.close()
