"""What a sender offers and tells of one stream."""

import pytest

from dermatrace.sender.stream_state import StreamState
from dermatrace.seqset import SeqSet, Span
from dermatrace_schemas.limits import RANGES_PER_OUTBOX_STREAM_MAX
from dermatrace_schemas.settling import LossReason

NAME = ("session", "a")


def _holding(*spans: Span, next_seq: int) -> StreamState:
    return StreamState(NAME, next_seq=next_seq, held=SeqSet(spans))


def _lost_in(stream: StreamState) -> list[tuple[int, int, LossReason]]:
    return [(loss.first_seq, loss.last_seq, loss.reason) for loss in stream.account().lost]


@pytest.mark.parametrize(
    ("settled_seq", "ended", "complete", "settled"),
    [
        (0, False, False, False),
        (2, False, False, False),
        (3, False, False, True),
        (3, True, False, False),
        (3, True, True, True),
        (9, True, True, True),
    ],
)
def test_it_is_settled_when_all_is_the_recorders_and_the_end_is_known(
    *, settled_seq: int, ended: bool, complete: bool, settled: bool
) -> None:
    stream = _holding((0, 2), next_seq=3)
    stream.settled_seq, stream.ended, stream.complete = settled_seq, ended, complete
    assert stream.is_settled == settled


# --- offering -----------------------------------------------------------------------------------


def test_what_is_asked_for_and_held_is_queued() -> None:
    stream = _holding((0, 3), (6, 9), next_seq=10)
    stream.offer(2, 7)
    assert stream.backlog.spans() == [(2, 3), (6, 7)]


@pytest.mark.parametrize("where", ["live", "in_flight", "repeated", "repeated_before"])
def test_what_is_on_its_way_is_not_queued_again(where: str) -> None:
    stream = _holding((0, 9), next_seq=10)
    getattr(stream, where).add_span(3, 4)
    stream.offer(2, 5)
    assert stream.backlog.spans() == [(2, 2), (5, 5)]


def test_a_lost_connection_queues_what_was_not_answered_and_is_held() -> None:
    stream = _holding((0, 3), (5, 9), next_seq=10)
    stream.settled_seq = 2
    stream.in_flight, stream.live = SeqSet([(0, 4)]), SeqSet([(8, 9)])
    stream.reopen()
    assert stream.backlog.spans() == [(2, 3), (8, 9)]
    assert not stream.live
    assert not stream.in_flight


def test_bytes_that_went_are_offered_nowhere() -> None:
    stream = _holding((0, 9), next_seq=10)
    stream.live, stream.backlog = SeqSet([(6, 9)]), SeqSet([(0, 5)])
    stream.release(4, 7)
    assert stream.held.spans() == [(0, 3), (8, 9)]
    assert stream.backlog.spans() == [(0, 3)]
    assert stream.live.spans() == [(8, 9)]


# --- telling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "next_seq", "first", "last"),
    [([], 0, None, None), ([(0, 4)], 5, 0, 4), ([(2, 2), (4, 4)], 5, 2, 4)],
)
def test_an_account_tells_the_ends_of_what_is_held(
    held: list[Span], next_seq: int, first: int | None, last: int | None
) -> None:
    told = _holding(*held, next_seq=next_seq).account()
    assert (told.first_seq, told.last_seq) == (first, last)
    assert (told.stream_class, told.stream_id, told.ended) == (*NAME, False)


def test_an_account_tells_losses_with_their_reason_lowest_first() -> None:
    stream = _holding((0, 9), next_seq=10)
    stream.declare_lost(7, 7, "rejected")
    stream.declare_lost(2, 3, "not_stored")
    stream.declare_lost(5, 5, "rejected")
    assert _lost_in(stream) == [(2, 3, "not_stored"), (5, 5, "rejected"), (7, 7, "rejected")]


def test_what_was_freed_is_told_as_long_as_it_is_not_settled() -> None:
    stream = _holding((4, 9), next_seq=10)
    assert _lost_in(stream) == [(0, 3, "freed")]
    stream.settled_seq = 2
    assert _lost_in(stream) == [(2, 3, "freed")]
    stream.settled_seq = 4
    assert _lost_in(stream) == []


def test_a_stream_of_which_nothing_is_held_is_told_as_freed_throughout() -> None:
    stream = StreamState(NAME, next_seq=6, ended=True)
    told = stream.account()
    assert (told.first_seq, told.last_seq, told.ended) == (None, None, True)
    assert _lost_in(stream) == [(0, 5, "freed")]


@pytest.mark.parametrize("top", [0, 5])
@pytest.mark.parametrize("reason", ["freed", "not_stored"])
def test_the_highest_number_is_told_though_it_is_settled_and_not_held(
    reason: LossReason, top: int
) -> None:
    stream = _holding((0, top - 1), next_seq=top + 1)
    stream.settled_seq = top + 1
    if reason != "freed":
        stream.declare_lost(top, top, reason)
    assert _lost_in(stream) == [(top, top, reason)]


def test_as_many_losses_as_fit_are_all_told() -> None:
    count = RANGES_PER_OUTBOX_STREAM_MAX
    stream = _holding(*((3 * n, 3 * n) for n in range(count)), next_seq=3 * count)
    assert _lost_in(stream) == [(3 * n + 1, 3 * n + 2, "freed") for n in range(count)]


@pytest.mark.parametrize("top_is_held", [True, False])
def test_of_many_losses_the_lowest_are_told_and_always_the_highest_number(
    *, top_is_held: bool
) -> None:
    count = RANGES_PER_OUTBOX_STREAM_MAX + 5
    last = 2 * count if top_is_held else 2 * count - 1
    stream = _holding(*((n, n) for n in range(0, last + 1, 2)), next_seq=last + 1)
    lost = _lost_in(stream)
    assert len(lost) == RANGES_PER_OUTBOX_STREAM_MAX
    assert lost[-2] == (2 * len(lost) - 3, 2 * len(lost) - 3, "freed")
    top = stream.account().last_seq if top_is_held else lost[-1][1]
    assert top == last


@pytest.mark.parametrize(
    ("span", "lacks"),
    [((4, 9), False), ((3, 4), True), ((0, 0), True), ((9, 20), False), ((10, 20), False)],
)
def test_it_lacks_what_it_has_given_out_and_no_longer_holds(span: Span, *, lacks: bool) -> None:
    assert _holding((4, 9), next_seq=10).lacks_any(*span) == lacks
