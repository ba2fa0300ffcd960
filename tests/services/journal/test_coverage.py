"""What the recorder says it has, rule by rule."""

from time import process_time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.journal.coverage import Coverage, Held
from dermatrace.seqset import PAGE_BITS, SeqSet, Span
from dermatrace_schemas.limits import MISSING_AFTER_MS, RANGES_PER_RECEIPT_MAX, SEQ_MAX

LATER_MS: Final = 2 * MISSING_AFTER_MS
"""By then every gap known at zero counts as missing."""


def _with(*seqs: int) -> Coverage:
    coverage = Coverage()
    for seq in seqs:
        coverage.accept(seq, 0)
    return coverage


def _after_restart(coverage: Coverage, now_ms: int) -> Coverage:
    again = Coverage(
        coverage.settled,
        coverage.rejected,
        coverage.lost,
        coverage.known_last,
        coverage.end_seq,
        coverage.erased,
    )
    again.loaded(now_ms)
    return again


def _settle_down(coverage: Coverage) -> Held:
    coverage.held(LATER_MS)
    return coverage.held(2 * LATER_MS)


@pytest.mark.parametrize(
    ("arrived", "next_seq", "missing"),
    [
        ((), 0, ()),
        ((0,), 1, ()),
        ((0, 1, 2), 3, ()),
        ((1,), 0, ((0, 0),)),
        ((0, 2), 1, ((1, 1),)),
        ((0, 1, 5, 9), 2, ((2, 4), (6, 8))),
        ((9, 0, 5, 1), 2, ((2, 4), (6, 8))),
    ],
)
def test_next_seq_is_contiguous_and_what_lies_between_is_missing(
    arrived: tuple[int, ...], next_seq: int, missing: tuple[Span, ...]
) -> None:
    held = _settle_down(_with(*arrived))
    assert (held.next_seq, held.missing, held.rejected, held.more) == (next_seq, missing, (), False)


@pytest.mark.parametrize(
    ("waited_ms", "missing"),
    [(0, ()), (MISSING_AFTER_MS - 1, ()), (MISSING_AFTER_MS, ((1, 1),))],
)
def test_a_gap_counts_as_missing_once_a_later_number_is_known_for_two_seconds(
    waited_ms: int, missing: tuple[Span, ...]
) -> None:
    assert _with(0, 2).held(waited_ms).missing == missing


def test_a_gap_above_the_first_is_called_missing_within_twice_the_wait() -> None:
    coverage = _with(0, 2)
    coverage.accept(4, 1)
    assert coverage.held(MISSING_AFTER_MS).missing == ((1, 1),)
    assert coverage.matures_ms() == 2 * MISSING_AFTER_MS
    assert coverage.held(2 * MISSING_AFTER_MS).missing == ((1, 1), (3, 3))
    assert coverage.matures_ms() is None


def test_a_gap_above_numbers_that_have_all_come_still_matures() -> None:
    coverage = _with(1)
    coverage.accept(0, 5)
    coverage.accept(3, 7)
    assert coverage.matures_ms() == 7 + MISSING_AFTER_MS
    assert coverage.held(7 + MISSING_AFTER_MS).missing == ((2, 2),)
    assert coverage.matures_ms() is None


def test_a_number_known_from_an_account_alone_is_missing_and_late_after_two_seconds() -> None:
    coverage = _with(0)
    coverage.declare(last=1, lost=[], ended=False, now_ms=0)
    assert coverage.held(0).missing == ()
    assert coverage.matures_ms() == MISSING_AFTER_MS
    assert coverage.held(MISSING_AFTER_MS).missing == ((1, 1),)
    assert coverage.is_late(1)


@pytest.mark.parametrize("arrived", [(), (0,), (0, 1, 2)])
def test_nothing_matures_without_a_gap(arrived: tuple[int, ...]) -> None:
    assert _with(*arrived).matures_ms() is None


def test_a_number_is_late_only_after_it_was_called_missing() -> None:
    coverage = _with(0, 2)
    assert not coverage.is_late(1)
    coverage.held(MISSING_AFTER_MS)
    assert coverage.is_late(1)
    assert not coverage.is_late(3)


def test_after_a_restart_the_wait_starts_anew_and_ends() -> None:
    coverage = _after_restart(_with(0, 2), now_ms=50_000)
    assert coverage.next_seq == 1
    assert coverage.matures_ms() == 50_000 + MISSING_AFTER_MS
    assert coverage.held(50_000 + MISSING_AFTER_MS - 1).missing == ()
    assert coverage.held(50_000 + MISSING_AFTER_MS).missing == ((1, 1),)


# --- what becomes of a message ----------------------------------------------------------------


def test_standing_tells_what_is_known_of_a_number() -> None:
    coverage = _with(0)
    coverage.reject(1, 0)
    coverage.declare(last=None, lost=[(2, 2)], ended=False, now_ms=0)
    assert [coverage.standing(seq) for seq in range(4)] == ["settled", "settled", "lost", "new"]
    coverage.erase()
    assert {coverage.standing(seq) for seq in range(4)} == {"erased"}


def test_a_rejected_number_is_settled_and_listed() -> None:
    coverage = _with(0, 2)
    coverage.reject(1, 0)
    held = coverage.held(0)
    assert (held.next_seq, held.rejected) == (3, ((1, 1),))


def test_a_conflict_on_an_accepted_number_is_listed_and_moves_nothing_back() -> None:
    coverage = _with(0, 1)
    coverage.reject(0, 0)
    held = coverage.held(0)
    assert (held.next_seq, held.rejected) == (2, ((0, 0),))


@pytest.mark.parametrize("verdict", ["accept", "reject"])
def test_bytes_after_a_declared_loss_replace_it(verdict: str) -> None:
    coverage = _with(0)
    coverage.declare(last=None, lost=[(1, 2)], ended=False, now_ms=0)
    getattr(coverage, verdict)(1, 0)
    assert coverage.lost == SeqSet([(2, 2)])
    assert coverage.next_seq == 3


# --- what a sender's account tells --------------------------------------------------------------


def test_an_account_makes_a_lost_last_document_known() -> None:
    coverage = _with(0, 1)
    assert coverage.declare(last=4, lost=[], ended=True, now_ms=0)
    held = _settle_down(coverage)
    assert (held.missing, held.complete) == (((2, 4),), False)


def test_the_same_account_again_tells_nothing_new() -> None:
    coverage = _with(0)
    account = {"last": 4, "lost": [(2, 3)], "ended": True, "now_ms": 0}
    assert coverage.declare(**account)  # type: ignore[arg-type]  # one account, twice
    assert not coverage.declare(**account)  # type: ignore[arg-type]


def test_a_declared_loss_counts_only_for_numbers_we_lack() -> None:
    coverage = _with(1, 3)
    coverage.reject(2, 0)
    coverage.declare(last=None, lost=[(0, 4)], ended=False, now_ms=0)
    assert coverage.lost == SeqSet([(0, 0), (4, 4)])
    assert (coverage.next_seq, coverage.known_last) == (5, 4)


def test_accounts_in_the_wrong_order_take_nothing_back() -> None:
    coverage = Coverage()
    coverage.declare(last=9, lost=[(3, 4)], ended=True, now_ms=0)
    coverage.declare(last=5, lost=[], ended=False, now_ms=1)
    assert (coverage.known_last, coverage.end_seq) == (9, 9)
    assert coverage.lost == SeqSet([(3, 4)])


@pytest.mark.parametrize(
    ("arrived", "last", "lost"),
    [((), None, []), ((0, 1), 1, []), ((0, 2), 2, [(1, 1)]), ((0, 1), 1, [(2, 2)]),
     ((), None, [(0, 0)])],
)  # fmt: skip
def test_a_stream_settled_throughout_is_complete_once_it_has_ended(
    arrived: tuple[int, ...], last: int | None, lost: list[Span]
) -> None:
    coverage = _with(*arrived)
    coverage.declare(last=last, lost=lost, ended=False, now_ms=0)
    assert not coverage.is_complete()
    coverage.declare(last=last, lost=lost, ended=True, now_ms=0)
    assert coverage.is_complete()
    assert coverage.held(0).complete


@pytest.mark.parametrize(("arrived", "last"), [((0, 1), 2), ((0, 2), 2), ((), 0)])
def test_a_stream_that_has_ended_with_a_gap_is_not_complete(
    arrived: tuple[int, ...], last: int
) -> None:
    coverage = _with(*arrived)
    coverage.declare(last=last, lost=[], ended=True, now_ms=0)
    assert not coverage.is_complete()


def test_a_last_document_that_comes_first_ends_nothing_yet() -> None:
    coverage = Coverage()
    coverage.accept(2, 0)
    coverage.end(2)
    assert not coverage.is_complete()
    coverage.accept(0, 0)
    coverage.accept(1, 0)
    assert coverage.is_complete()


def test_a_number_after_the_end_makes_a_stream_incomplete_until_it_is_settled() -> None:
    coverage = _with(0)
    coverage.end(0)
    coverage.declare(last=2, lost=[], ended=False, now_ms=0)
    assert not coverage.is_complete()
    coverage.end(0)
    coverage.accept(1, 0)
    coverage.accept(2, 0)
    assert coverage.is_complete()


def test_an_erased_stream_is_settled_for_ever() -> None:
    coverage = _with(0, 2)
    coverage.erase()
    assert not coverage.declare(last=9, lost=[(4, 5)], ended=False, now_ms=0)
    assert coverage.held(LATER_MS) == Held(SEQ_MAX + 1, (), (), more=False, complete=True)
    assert coverage.matures_ms() is None


# --- bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap_count", "more"), [(RANGES_PER_RECEIPT_MAX, False), (RANGES_PER_RECEIPT_MAX + 1, True)]
)
def test_more_says_that_missing_ranges_were_cut(gap_count: int, *, more: bool) -> None:
    held = _settle_down(_with(*range(0, 2 * gap_count + 1, 2)))
    assert held.missing == tuple((2 * n + 1, 2 * n + 1) for n in range(RANGES_PER_RECEIPT_MAX))
    assert held.more == more


@pytest.mark.parametrize(
    ("refused_count", "more"),
    [(RANGES_PER_RECEIPT_MAX, False), (RANGES_PER_RECEIPT_MAX + 1, True)],
)
def test_more_says_that_rejected_ranges_were_cut(refused_count: int, *, more: bool) -> None:
    coverage = _with(*range(1, 2 * refused_count, 2))
    for number in range(refused_count):
        coverage.reject(2 * number, 0)
    held = coverage.held(0)
    assert held.rejected == tuple((2 * n, 2 * n) for n in range(RANGES_PER_RECEIPT_MAX))
    assert held.more == more


def test_a_hostile_account_costs_pages_not_numbers() -> None:
    pattern = sum(1 << bit for bit in range(0, PAGE_BITS, 2))
    pages = dict.fromkeys(range((SEQ_MAX + 1) // PAGE_BITS), pattern)
    coverage = Coverage(SeqSet.from_pages(pages), known_last=SEQ_MAX)
    coverage.loaded(0)
    started_s = process_time()
    coverage.held(LATER_MS)
    coverage.declare(last=SEQ_MAX, lost=[(0, SEQ_MAX)] * 64, ended=True, now_ms=0)
    assert process_time() - started_s < 2.0
    assert coverage.is_complete()
    assert coverage.page_count <= 2 * len(pages)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("accept"), st.integers(0, 1_100)),
        st.tuples(st.just("reject"), st.integers(0, 1_100)),
        st.tuples(st.just("lose"), st.integers(0, 1_100)),
        st.tuples(st.just("wait"), st.integers(0, 3_000)),
    ),
    max_size=40,
)


@given(STEPS)
def test_dirty_pages_and_a_restart_keep_everything(steps: list[tuple[str, int]]) -> None:
    coverage, now_ms = Coverage(), 0
    stored: dict[int, tuple[int, int, int]] = {}
    settled: set[int] = set()
    for what, number in steps:
        if what == "wait":
            now_ms += number
        elif what == "lose":
            coverage.declare(last=None, lost=[(number, number + 3)], ended=False, now_ms=now_ms)
            settled.update(range(number, number + 4))
        else:
            getattr(coverage, what)(number, now_ms)
            settled.add(number)
        for page in coverage.dirty:
            sets = (coverage.settled, coverage.rejected, coverage.lost)
            stored[page] = tuple(s.page(page) for s in sets)  # type: ignore[assignment]  # three
        coverage.dirty.clear()
        held = coverage.held(now_ms)
        assert held.next_seq == min(set(range(1_200)) - settled)
        for first, last in held.missing:
            assert not settled.intersection(range(first, last + 1))
    settled_pages, rejected_pages, lost_pages = (
        SeqSet.from_pages({page: bits[at] for page, bits in stored.items()}) for at in range(3)
    )
    again = Coverage(settled_pages, rejected_pages, lost_pages, coverage.known_last)
    again.loaded(now_ms)
    later_ms = now_ms + LATER_MS
    for either in (again, coverage):
        either.held(later_ms)
    assert again.held(later_ms + LATER_MS) == coverage.held(later_ms + LATER_MS)
