"""Journals that change under their senders: an old backup comes back, a stream is erased."""

from collections.abc import Callable
from random import Random

import pytest

from dermatrace.journal.backup import back_up, restore
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.sender.settling import Settling
from dermatrace.seqset import SeqSet
from support.checker import Key
from support.faults_process import wait_until
from support.faults_senders import CLINIC, STREAM_ID, Clerk, NeverLooksBack, ReceiptSender
from support.faults_stand import SETTLE_WAIT_MAX_S, MakeStand, Stand
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.slow]

RATE_PER_S = 1_500
SENDERS = 4
CAPACITY_BYTES = 20_000
"""Room in each outbox for fewer documents than are sent between backup and restore."""
SENT_BEFORE_BACKUP = 400
SENT_AFTER_BACKUP = 1_600
ERASED_SENDERS = 2


def _settle_back_up_go_on(
    stand: Stand, settling: Callable[[Random], Settling] = Settling
) -> list[ReceiptSender]:
    """Record, back up, record more than the outboxes hold, and go back to the backup."""
    senders = [
        ReceiptSender(
            stand.broker.port,
            number,
            stand.history,
            settling=settling,
            capacity_bytes=CAPACITY_BYTES,
        )
        for number in range(SENDERS)
    ]
    backup = stand.ingest.data / "backup.db"
    stand.ingest.start()
    stand.begin(senders, RATE_PER_S)
    stand.wait_answered(SENT_BEFORE_BACKUP)
    assert back_up(stand.ingest.journal, backup).is_intact
    stand.wait_answered(SENT_AFTER_BACKUP)
    stand.stop_load()
    stand.wait_done()
    stand.ingest.stop()
    stand.look()
    restore(backup, stand.ingest.journal)
    return senders


def _stream_key(sender: ReceiptSender) -> StreamKey:
    return StreamKey(CLINIC, sender.sender_id, "session", STREAM_ID)


def _recorded(stand: Stand, senders: list[ReceiptSender]) -> set[Key]:
    """Return what the journal has of each sender's session."""
    found: set[Key] = set()
    with JournalReader(stand.ingest.journal) as reader:
        for sender in senders:
            record = reader.stream(_stream_key(sender))
            assert record is not None
            found |= {(sender.topic, entry.seq or 0) for entry in reader.read_stream(record.row)}
    return found


def _declared_lost(stand: Stand, senders: list[ReceiptSender]) -> set[Key]:
    found: set[Key] = set()
    with JournalReader(stand.ingest.journal) as reader:
        for sender in senders:
            record = reader.stream(_stream_key(sender))
            assert record is not None
            for first, last in record.coverage.lost.spans():
                found |= {(sender.topic, seq) for seq in range(first, last + 1)}
    return found


def _held(senders: list[ReceiptSender]) -> set[Key]:
    return {
        (sender.topic, seq)
        for sender in senders
        for first, last in sender.state.held.spans()
        for seq in range(first, last + 1)
    }


def _never_stored(senders: list[ReceiptSender]) -> set[Key]:
    """Return what met a full outbox while a busy machine kept the recorder from answering."""
    lost = ((sender.topic, sender.state.lost.get("not_stored", SeqSet())) for sender in senders)
    return {
        (topic, seq)
        for topic, numbers in lost
        for first, last in numbers.spans()
        for seq in range(first, last + 1)
    }


def _wait_until_all_have_heard_of_it(stand: Stand, senders: list[ReceiptSender]) -> None:
    with JournalReader(stand.ingest.journal) as reader:
        new_id = reader.journal_id
    wait_until(
        lambda: all(sender.desk.settling.journal_id == new_id for sender in senders),
        "every sender has heard of the new journal",
        wait_max_s=SETTLE_WAIT_MAX_S,
    )


def test_old_backup_gets_back_what_senders_hold_and_declares_the_rest_lost(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    for _ in range(max(1, kills // 4)):
        stand = make_stand()
        senders = _settle_back_up_go_on(stand)
        backed_up, held = _recorded(stand, senders), _held(senders)
        gone = frozenset(stand.history.published.keys() - backed_up - held)
        assert gone, "nothing was freed: the outboxes are too large for this to prove anything"
        stand.ingest.start()
        stand.ingest.wait_connected()
        _wait_until_all_have_heard_of_it(stand, senders)
        stand.wait_done()
        stand.end_sessions()
        found = stand.conclude(forgiven=gone)
        fault_table.held("old backup", 1, found)
        assert _declared_lost(stand, senders) == gone | _never_stored(senders)
        assert found.is_clean, found
        assert not found.unsettled, found


def test_sender_that_takes_no_notice_of_another_journal_loses_documents(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    senders = _settle_back_up_go_on(stand, NeverLooksBack)
    gone = frozenset(stand.history.published.keys() - _recorded(stand, senders) - _held(senders))
    stand.ingest.start()
    stand.ingest.wait_connected()
    found = stand.conclude(forgiven=gone)
    fault_table.broken("old backup", "senders heed the journal's id and falling receipts", found)
    assert found.lost, found


def _record_and_erase(stand: Stand, recorder: str = "") -> list[ReceiptSender]:
    """Record sessions to their end, and erase some of them."""
    senders = stand.receipt_senders(SENDERS)
    stand.ingest.start(recorder)
    stand.begin(senders, RATE_PER_S)
    stand.wait_answered(SENT_BEFORE_BACKUP)
    stand.stop_load()
    stand.end_sessions()
    stand.wait_done()
    erased = senders[:ERASED_SENDERS]
    clerk = Clerk(stand.broker.port, SENDERS, stand.history)
    clerk.start()
    clerk.order_erasure(sender.sender_id for sender in erased)
    wait_until(clerk.is_done, "the order is recorded", wait_max_s=SETTLE_WAIT_MAX_S)
    clerk.stop()
    return erased


def _send_again(erased: list[ReceiptSender]) -> int:
    """Publish everything of the erased streams once more; return how much that was."""
    count = sum(sender.publish_all_again() for sender in erased)
    wait_until(
        lambda: all(sender.is_all_published_again for sender in erased),
        "all is on its way again",
        wait_max_s=SETTLE_WAIT_MAX_S,
    )
    return count


def test_erased_streams_sent_again_are_counted_and_not_stored(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand()
    erased = _record_and_erase(stand)
    sent_count, strike_count = 0, max(1, kills // 2)
    for _ in range(strike_count):
        stand.ingest.kill()
        stand.look()
        stand.ingest.start()
        stand.ingest.wait_connected()
        sent_count += _send_again(erased)
    found = stand.conclude()
    fault_table.held("erased", strike_count, found)
    assert found.is_clean, found
    with JournalReader(stand.ingest.journal) as reader:
        for sender in erased:
            record = reader.stream(_stream_key(sender))
            assert record is not None
            assert record.coverage.erased
            assert all(entry.payload is None for entry in reader.read_stream(record.row))
        counts = [reader.stream(_stream_key(sender)) for sender in erased]
    assert sum(record.erased_count for record in counts if record) >= sent_count


def test_taking_what_was_erased_for_new_stores_documents_again(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    erased = _record_and_erase(stand, "stores-again")
    _send_again(erased)
    found = stand.conclude()
    fault_table.broken("erased", "recorder remembers what was erased", found)
    assert found.doubled, found
