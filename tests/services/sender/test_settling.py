"""The sender's rules, each as a condition and what follows from it."""

import pytest

from dermatrace.sender.settling import (
    ASKED_AGAIN_MS,
    JOURNAL_DOUBT_MS,
    OUTBOX_INTERVAL_MS,
    Settling,
)
from dermatrace.sender.stream_state import StreamState
from dermatrace.seqset import Span
from dermatrace_schemas.limits import (
    RECEIPT_SILENCE_MS,
)
from support.settling_cases import A, B, delivered, publish_all, receipt, reconnect, recorded


def _freeable(settling: Settling) -> list[Span]:
    return [span for name, span in settling.freeable() if name == A]


# --- keeping and freeing ------------------------------------------------------------------------


def test_the_brokers_success_frees_nothing() -> None:
    settling = delivered(3)
    assert _freeable(settling) == []
    assert not settling.all_settled()


@pytest.mark.parametrize(
    ("next_seq", "missing", "freeable"),
    [(0, [(0, 0)], []), (2, [], [(0, 1)]), (2, [(2, 3)], [(0, 1)]), (5, [], [(0, 4)])],
)
def test_only_what_lies_below_next_seq_may_be_freed(
    next_seq: int, missing: list[Span], freeable: list[Span]
) -> None:
    settling = delivered(5)
    settling.receipt(receipt(next_seq, missing), 10)
    assert _freeable(settling) == freeable


def test_freed_documents_are_freeable_no_more() -> None:
    settling = delivered(5)
    settling.receipt(receipt(5), 10)
    settling.freed(A, (0, 3))
    assert _freeable(settling) == [(4, 4)]


def test_documents_settled_before_they_were_published_are_not_published_once_freed() -> None:
    settling = recorded(3)
    settling.receipt(receipt(3), 10)
    settling.freed(A, (0, 2))
    assert settling.next_to_publish(10) is None


def test_a_lower_next_seq_takes_back_the_leave_to_free_and_asks() -> None:
    settling = delivered(5)
    settling.receipt(receipt(5), 10)
    settling.receipt(receipt(2), 20)
    assert _freeable(settling) == [(0, 1)]
    assert not settling.all_settled()
    assert settling.outbox_due(OUTBOX_INTERVAL_MS)


def test_a_receipt_that_says_nothing_new_asks_nothing() -> None:
    settling = delivered(5)
    settling.receipt(receipt(5), 2_000)
    settling.receipt(receipt(5), 3_000)
    assert not settling.outbox_due(4_000)


def test_a_receipt_for_a_stream_of_somebody_else_changes_nothing() -> None:
    settling = delivered(2)
    settling.receipt(receipt(9, stream_id="unheard"), 10)
    assert _freeable(settling) == []


@pytest.mark.parametrize(
    ("ended", "complete", "settled"),
    [(False, False, True), (True, False, False), (True, True, True)],
)
def test_an_ended_stream_is_settled_once_the_recorder_knows_the_end(
    *, ended: bool, complete: bool, settled: bool
) -> None:
    settling = delivered(2)
    if ended:
        settling.ended(A, 5)
    settling.receipt(receipt(2, complete=complete), 10)
    assert settling.all_settled() == settled


# --- another journal ----------------------------------------------------------------------------


def _moved() -> Settling:
    """Return a settled sender that has just heard a second journal, at 100,000 ms."""
    settling = delivered(5)
    settling.receipt(receipt(5), 10)
    settling.receipt(receipt(2, [(2, 4)], journal_id="second"), 100_000)
    return settling


def test_another_journal_makes_everything_unsettled_and_is_told_all() -> None:
    settling = _moved()
    assert settling.journal_id == "second"
    assert _freeable(settling) == []
    assert settling.outbox_due(100_000)
    assert [told.last_seq for told in settling.account(100_000)] == [4]


def test_what_another_journal_misses_is_offered_at_once() -> None:
    assert publish_all(_moved(), 100_000) == [(A, 2), (A, 3), (A, 4)]


@pytest.mark.parametrize(
    ("after_ms", "freeable"),
    [(0, []), (JOURNAL_DOUBT_MS - 1, []), (JOURNAL_DOUBT_MS, [(0, 2)])],
)
def test_another_journal_is_believed_once_it_alone_has_spoken_for_a_while(
    after_ms: int, freeable: list[Span]
) -> None:
    settling = _moved()
    settling.receipt(receipt(3, journal_id="second"), 100_000 + after_ms)
    assert _freeable(settling) == freeable


def test_what_was_just_sent_to_one_journal_is_offered_to_another_too() -> None:
    settling = delivered(5)
    settling.receipt(receipt(3, [(3, 4)]), 99_000)
    publish_all(settling, 99_000)
    for key in ((A, 3), (A, 4)):
        settling.acknowledged(key)
    settling.receipt(receipt(2, [(2, 4)], journal_id="second"), 100_000)
    assert publish_all(settling, 100_000) == [(A, 2), (A, 3), (A, 4)]


def test_a_sender_in_doubt_asks_so_that_the_doubt_ends() -> None:
    settling = _moved()
    settling.account(100_000)
    settling.receipt(receipt(5, journal_id="second"), 100_050)
    wake_ms = settling.wake_ms(100_050)
    assert wake_ms == 100_050 + RECEIPT_SILENCE_MS
    assert settling.outbox_due(wake_ms)
    settling.receipt(receipt(5, journal_id="second"), wake_ms)
    assert settling.all_settled()


def test_a_late_receipt_of_the_replaced_journal_frees_nothing() -> None:
    settling = _moved()
    settling.receipt(receipt(5), 104_000)
    settling.receipt(receipt(5), 108_000)
    assert _freeable(settling) == []
    settling.receipt(receipt(3, journal_id="second"), 109_000)
    settling.receipt(receipt(3, journal_id="second"), 109_000 + JOURNAL_DOUBT_MS)
    assert _freeable(settling) == [(0, 2)]


def test_two_journals_that_answer_in_turn_are_never_believed_nor_asked_without_pause() -> None:
    settling, outbox_count = _moved(), 0
    settling.streams[B] = StreamState(B, next_seq=1, settled_seq=1)
    for now_ms in range(100_000, 160_000, 100):
        settling.receipt(receipt(5, journal_id=f"zombie-{now_ms % 200}"), now_ms)
        if settling.outbox_due(now_ms):
            settling.account(now_ms)
            outbox_count += 1
    assert _freeable(settling) == []
    assert outbox_count <= 60_000 // ASKED_AGAIN_MS + 1


@pytest.mark.parametrize(
    ("remembered", "settled_seq", "heard", "believed"),
    [
        (None, 0, "first", True),
        ("first", 2, "first", True),
        ("first", 0, "first", False),
        ("first", 2, "second", False),
    ],
)
def test_after_a_reboot_only_the_journal_the_outbox_remembers_is_believed_at_once(
    remembered: str | None, settled_seq: int, heard: str, *, believed: bool
) -> None:
    settling = recorded(4)
    settling.journal_id = remembered
    settling.streams[A].settled_seq = settled_seq
    settling.receipt(receipt(4, journal_id=heard), 10)
    assert _freeable(settling) == ([(0, 3)] if believed else [])


def test_what_was_freed_is_declared_to_a_journal_that_may_lack_it() -> None:
    settling = delivered(5)
    settling.receipt(receipt(5), 10)
    settling.freed(A, (0, 4))
    settling.ended(A, 20)
    settling.receipt(receipt(1, journal_id="second"), 100_000)
    (told,) = settling.account(100_000)
    assert [(lost.first_seq, lost.last_seq, lost.reason) for lost in told.lost] == [(0, 4, "freed")]


# --- losses -------------------------------------------------------------------------------------


def test_a_lost_document_uses_its_number_up_and_is_handed_over_once() -> None:
    settling = recorded(1)
    settling.lost((A, 1), "not_stored", 10)
    assert settling.streams[A].next_seq == 2
    assert settling.take_losses() == [(A, (1, 1), "not_stored")]
    assert settling.take_losses() == []


def test_a_missing_range_that_was_freed_is_told_soon_but_not_without_pause() -> None:
    settling = delivered(4)
    settling.receipt(receipt(4), 10)
    settling.freed(A, (0, 1))
    settling.account(20_000)
    settling.receipt(receipt(0, [(0, 1)]), 20_100)
    assert settling.outbox_due(20_000 + ASKED_AGAIN_MS)
    (told,) = settling.account(20_000 + ASKED_AGAIN_MS)
    assert [(loss.first_seq, loss.last_seq, loss.reason) for loss in told.lost] == [(0, 1, "freed")]


def test_a_missing_range_that_was_declared_lost_is_told_again_soon() -> None:
    settling = delivered(1)
    settling.lost((A, 1), "not_stored", 10)
    settling.account(1_000)
    settling.receipt(receipt(1, [(1, 1)]), 3_000)
    assert not settling.outbox_due(1_000 + ASKED_AGAIN_MS - 1)
    assert settling.outbox_due(1_000 + ASKED_AGAIN_MS)


def _cut(settling: Settling, times: int, *, size_bytes: int) -> None:
    for now_ms in range(100, 100 + times):
        publish_all(settling, now_ms, size_bytes=size_bytes)
        reconnect(settling, now_ms)


@pytest.mark.parametrize(
    ("times", "size_bytes", "lost"), [(3, 9_000, True), (2, 9_000, False), (9, 2_048, False)]
)
def test_three_connections_lost_on_one_large_document_alone_give_it_up(
    times: int, size_bytes: int, *, lost: bool
) -> None:
    settling = recorded(1)
    _cut(settling, times, size_bytes=size_bytes)
    assert settling.take_losses() == ([(A, (0, 0), "too_large")] if lost else [])


def test_a_document_given_up_no_longer_narrows_the_window() -> None:
    settling = recorded(1)
    _cut(settling, 3, size_bytes=9_000)
    for seq in (1, 2):
        settling.recorded((A, seq), 200)
    assert len(publish_all(settling, 200)) == 2


def test_a_document_no_larger_than_one_the_broker_took_is_never_given_up() -> None:
    settling = recorded(1)
    settling.published((A, 0), 9_000)
    settling.acknowledged((A, 0))
    settling.recorded((A, 1), 10)
    _cut(settling, 5, size_bytes=8_999)
    assert settling.take_losses() == []


def test_connections_lost_on_several_documents_give_none_up_but_narrow_the_window() -> None:
    settling = recorded(3)
    _cut(settling, 1, size_bytes=9_000)
    assert settling.take_losses() == []
    assert len(publish_all(settling, 200, size_bytes=9_000)) == 1


@pytest.mark.parametrize("relief", ["acknowledged", "settled"])
def test_a_suspected_document_that_got_through_is_suspected_no_more(relief: str) -> None:
    settling = recorded(2)
    _cut(settling, 1, size_bytes=9_000)
    if relief == "settled":
        settling.receipt(receipt(2), 300)
    else:
        for key in ((A, 0), (A, 1)):
            settling.published(key, 9_000)
            settling.acknowledged(key)
    settling.recorded((A, 2), 310)
    settling.recorded((A, 3), 310)
    assert len(publish_all(settling, 310, size_bytes=50)) == 2
