"""When a sender publishes, pauses and asks: each a condition and what follows from it."""

from random import Random

import pytest

from dermatrace.sender.settling import (
    ASKED_AGAIN_MS,
    OUTBOX_INTERVAL_MS,
    SETTLED_ASK_MS,
    Settling,
)
from dermatrace.sender.stream_state import StreamState
from dermatrace_schemas.limits import (
    RECEIPT_SILENCE_MAX_MS,
    RECEIPT_SILENCE_MS,
    REFUSED_WAIT_MS,
)
from support.settling_cases import A, B, delivered, publish_all, receipt, reconnect, recorded

# --- publishing ---------------------------------------------------------------------------------


def test_live_documents_go_before_older_ones_lowest_first() -> None:
    settling = Settling(Random(1))
    for name in (A, B):
        settling.streams[name] = StreamState(name)
    settling.recorded((A, 0), 0)
    settling.recorded((A, 1), 0)
    settling.connected(1_000, 5)
    settling.recorded((B, 0), 10)
    settling.recorded((B, 1), 10)
    assert publish_all(settling, 10) == [(B, 0), (B, 1), (A, 0), (A, 1)]


def test_a_document_that_is_only_kept_waits_to_be_asked_for() -> None:
    settling = recorded(0)
    settling.recorded((A, 0), 0, queue=False)
    assert settling.next_to_publish(0) is None
    settling.receipt(receipt(0, [(0, 0)]), 5_000)
    assert settling.next_to_publish(5_000) == (A, 0)


@pytest.mark.parametrize(("ours", "brokers", "in_flight"), [(200, 20, 20), (3, 20, 3), (3, 1, 1)])
def test_no_more_is_in_flight_than_both_ends_allow(ours: int, brokers: int, in_flight: int) -> None:
    settling = Settling(Random(1), in_flight_max=ours)
    settling.streams[A] = StreamState(A)
    settling.connected(brokers, 0)
    for seq in range(50):
        settling.recorded((A, seq), 0)
    keys = publish_all(settling, 0)
    assert len(keys) == in_flight
    settling.acknowledged(keys[0])
    settling.acknowledged(keys[0])
    assert len(publish_all(settling, 0)) == 1, "an answer that comes twice makes room once"


def test_nothing_is_published_without_a_connection() -> None:
    settling = recorded(2)
    settling.disconnected(10)
    assert settling.next_to_publish(10) is None
    assert not settling.outbox_due(10)
    assert settling.wake_ms(10) is None


def test_after_a_reconnect_only_what_the_broker_has_not_answered_goes_again() -> None:
    settling = recorded(4)
    keys = publish_all(settling, 0)
    for key in keys[:2]:
        settling.acknowledged(key)
    reconnect(settling, 50)
    assert publish_all(settling, 50) == keys[2:]


def test_an_answer_from_a_former_connection_makes_no_room() -> None:
    settling = Settling(Random(1), in_flight_max=2)
    settling.streams[A] = StreamState(A)
    settling.connected(10, 0)
    for seq in range(6):
        settling.recorded((A, seq), 0)
    keys = publish_all(settling, 0)
    reconnect(settling, 50)
    settling.acknowledged(keys[0])
    assert len(publish_all(settling, 50)) == 2


def test_a_missing_range_is_offered_once_in_a_while() -> None:
    settling = delivered(5)
    asked = receipt(1, [(1, 2)])
    settling.receipt(asked, 10_000)
    assert publish_all(settling, 10_000) == [(A, 1), (A, 2)]
    settling.acknowledged((A, 1))
    settling.acknowledged((A, 2))
    for now_ms in (10_200, 10_400, 10_600):
        settling.receipt(asked, now_ms)
    assert publish_all(settling, 10_600) == []
    settling.receipt(asked, 10_000 + ASKED_AGAIN_MS)
    settling.receipt(asked, 10_000 + 2 * ASKED_AGAIN_MS)
    assert publish_all(settling, 10_000 + 2 * ASKED_AGAIN_MS) == [(A, 1), (A, 2)]


def test_what_was_sent_on_a_lost_connection_is_offered_as_soon_as_it_is_missed() -> None:
    settling = delivered(3)
    settling.receipt(receipt(0, [(0, 2)]), 10_000)
    for key in publish_all(settling, 10_000):
        settling.acknowledged(key)
    reconnect(settling, 10_500)
    settling.receipt(receipt(0, [(0, 2)]), 10_600)
    assert len(publish_all(settling, 10_600)) == 3


def test_what_a_receipt_covers_is_not_published_any_more() -> None:
    settling = delivered(5)
    settling.receipt(receipt(0, [(0, 4)]), 10_000)
    settling.receipt(receipt(3, [(3, 4)]), 10_100)
    assert publish_all(settling, 10_100) == [(A, 3), (A, 4)]


# --- refusals -----------------------------------------------------------------------------------


def test_a_refused_document_is_kept_and_published_again_after_a_pause() -> None:
    settling = recorded(1)
    (key,) = publish_all(settling, 0)
    settling.refused(key, 10)
    assert settling.next_to_publish(10 + REFUSED_WAIT_MS - 1) is None
    assert not settling.outbox_due(10 + REFUSED_WAIT_MS - 1)
    wake_ms = settling.wake_ms(20)
    assert wake_ms is not None
    assert wake_ms >= 10 + REFUSED_WAIT_MS
    assert settling.next_to_publish(wake_ms) == key


def test_a_refused_outbox_is_sent_whole_again_after_a_pause() -> None:
    settling = recorded(1, names=(A, B))
    for stream_id in ("a", "b"):
        settling.receipt(receipt(1, stream_id=stream_id), 10)
    settling.refused(None, 20)
    wake_ms = settling.wake_ms(20)
    assert wake_ms is not None
    assert wake_ms <= 2 * REFUSED_WAIT_MS
    assert settling.outbox_due(wake_ms)
    assert len(settling.account(wake_ms)) == 2


def test_the_end_of_a_pause_is_not_slept_through() -> None:
    settling, now_ms = delivered(1), 0
    for _ in range(6):  # nobody answers: the waits grow far beyond a pause
        now_ms = settling.wake_ms(now_ms) or 0
        settling.account(now_ms)
    settling.recorded((A, 1), now_ms)
    settling.refused(publish_all(settling, now_ms)[0], now_ms)
    wake_ms = settling.wake_ms(now_ms)
    assert wake_ms is not None
    assert wake_ms - now_ms <= 2 * REFUSED_WAIT_MS


def test_a_document_refused_after_it_was_freed_is_not_offered() -> None:
    settling = recorded(1)
    (key,) = publish_all(settling, 0)
    settling.receipt(receipt(1), 5)
    settling.freed(A, (0, 0))
    settling.refused(key, 10)
    assert settling.next_to_publish(10 + 2 * REFUSED_WAIT_MS) is None


# --- asking -------------------------------------------------------------------------------------


def test_a_connection_begins_with_an_account_of_everything() -> None:
    settling = recorded(3, names=(A, B))
    for stream_id in ("a", "b"):
        settling.receipt(receipt(3, stream_id=stream_id), 10)
    settling.streams["session", "empty"] = StreamState(("session", "empty"))
    reconnect(settling, 5_000)
    assert settling.outbox_due(5_000)
    told = [(stream.stream_id, stream.last_seq) for stream in settling.account(5_000)]
    assert told == [("a", 2), ("b", 2)], "settled ones too; nothing can be said of an empty one"


def test_silence_is_answered_by_an_outbox_in_ever_longer_intervals() -> None:
    settling, now_ms, waits_ms = delivered(1), 0, []
    for _ in range(8):
        wake_ms = settling.wake_ms(now_ms)
        assert wake_ms is not None
        assert not settling.outbox_due(wake_ms - 1)
        assert settling.outbox_due(wake_ms)
        settling.account(wake_ms)
        waits_ms.append(wake_ms - now_ms)
        now_ms = wake_ms
    assert waits_ms[:4] == [RECEIPT_SILENCE_MS * 2**n for n in range(4)]
    assert waits_ms[-2:] == [RECEIPT_SILENCE_MAX_MS] * 2


@pytest.mark.parametrize("what", ["receipt", "reconnect"])
def test_a_receipt_or_a_new_connection_shortens_the_wait_again(what: str) -> None:
    settling = delivered(2)
    for now_ms in (10_000, 30_000, 70_000):
        assert settling.outbox_due(now_ms)
        settling.account(now_ms)
    if what == "receipt":
        settling.receipt(receipt(1), 80_000)
    else:
        reconnect(settling, 80_000)
        settling.account(80_000)
    assert settling.wake_ms(80_000) == 80_000 + RECEIPT_SILENCE_MS


def test_a_settled_sender_asks_now_and_then_about_one_stream() -> None:
    settling = recorded(1, names=(A, B))
    for stream_id in ("a", "b"):
        settling.receipt(receipt(1, stream_id=stream_id), 10)
    assert settling.all_settled()
    assert settling.wake_ms(20) == 10 + SETTLED_ASK_MS
    assert not settling.outbox_due(9 + SETTLED_ASK_MS)
    assert settling.outbox_due(10 + SETTLED_ASK_MS)
    assert [told.stream_id for told in settling.account(10 + SETTLED_ASK_MS)] == ["b"]


def test_only_unsettled_streams_are_told_in_between() -> None:
    settling = recorded(1, names=(A, B))
    settling.receipt(receipt(1), 10)
    assert [told.stream_id for told in settling.account(10_000)] == ["b"]


def test_the_end_of_a_stream_is_told_without_being_asked() -> None:
    settling = delivered(1)
    settling.ended(A, 2_000)
    assert settling.outbox_due(2_000)
    assert settling.account(2_000)[0].ended


def test_a_stream_that_ends_after_a_long_rest_is_asked_about_at_the_first_pace() -> None:
    settling = delivered(1)
    settling.receipt(receipt(1), 10)
    settling.ended(A, 50_000)
    settling.account(50_000)
    assert settling.wake_ms(50_000) == 50_000 + RECEIPT_SILENCE_MS


def test_many_losses_in_a_row_share_an_outbox() -> None:
    settling = recorded(0)
    for seq in range(5):
        settling.lost((A, seq), "not_stored", 100 + seq)
    assert not settling.outbox_due(200)
    assert settling.wake_ms(200) == OUTBOX_INTERVAL_MS
    assert settling.outbox_due(OUTBOX_INTERVAL_MS)
    (told,) = settling.account(OUTBOX_INTERVAL_MS)
    assert [(loss.first_seq, loss.last_seq) for loss in told.lost] == [(0, 4)]
