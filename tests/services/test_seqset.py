"""`SeqSet` against Python's own set, across page borders, and what a hostile pattern costs."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.seqset import FULL, PAGE_BITS, SeqSet, Span
from dermatrace_schemas.limits import SEQ_MAX

TOP = 5 * PAGE_BITS
"""Enough pages for a run to start in one, fill one and end in one."""

NEAR_BORDERS = st.builds(
    lambda page, offset: min(TOP, max(0, page * PAGE_BITS + offset)),
    st.integers(0, 5),
    st.integers(-2, 2),
)
NUMBERS = NEAR_BORDERS | st.integers(0, TOP)
SPANS = st.builds(lambda a, b: (min(a, b), max(a, b)), NUMBERS, NUMBERS)
CHANGES = st.lists(st.tuples(st.booleans(), SPANS), max_size=12)


def _built(changes: list[tuple[bool, Span]]) -> tuple[SeqSet, set[int]]:
    numbers, model = SeqSet(), set[int]()
    for puts_in, (first, last) in changes:
        if puts_in:
            numbers.add_span(first, last)
            model.update(range(first, last + 1))
        else:
            numbers.discard_span(first, last)
            model.difference_update(range(first, last + 1))
    return numbers, model


def _runs(numbers: set[int]) -> list[Span]:
    runs: list[Span] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


@given(CHANGES)
def test_it_holds_what_a_set_holds(changes: list[tuple[bool, Span]]) -> None:
    numbers, model = _built(changes)
    assert numbers.spans() == _runs(model)
    assert len(numbers) == len(model)
    assert bool(numbers) == bool(model)
    assert numbers.lowest() == min(model, default=-1)
    assert numbers.highest() == max(model, default=-1)


@given(CHANGES, SPANS, st.none() | st.integers(0, 3))
def test_runs_and_gaps_of_a_part_are_those_of_a_set(
    changes: list[tuple[bool, Span]], span: Span, limit: int | None
) -> None:
    numbers, model = _built(changes)
    inside = set(range(span[0], span[1] + 1))
    assert numbers.spans(*span, limit=limit) == _runs(model & inside)[:limit]
    assert numbers.gaps(*span, limit=limit) == _runs(inside - model)[:limit]
    assert numbers.part(*span).spans() == _runs(model & inside)


@given(CHANGES, CHANGES)
def test_joining_and_removing_another_set_do_what_they_do_to_a_set(
    changes: list[tuple[bool, Span]], others: list[tuple[bool, Span]]
) -> None:
    joined, model = _built(changes)
    removed, _ = _built(changes)
    other, other_model = _built(others)
    joined.add_all(other)
    removed.discard_all(other)
    assert joined.spans() == _runs(model | other_model)
    assert removed.spans() == _runs(model - other_model)
    assert other.spans() == _runs(other_model), "the other one is only read"


@given(CHANGES, NUMBERS)
def test_one_number_goes_in_and_out(changes: list[tuple[bool, Span]], number: int) -> None:
    numbers, model = _built(changes)
    assert (number in numbers) == (number in model)
    numbers.add(number)
    assert number in numbers
    numbers.discard(number)
    assert number not in numbers
    assert numbers.spans() == _runs(model - {number})


@given(CHANGES, NUMBERS)
def test_first_absent_is_the_lowest_number_not_in_the_set(
    changes: list[tuple[bool, Span]], start: int
) -> None:
    numbers, model = _built(changes)
    assert numbers.first_absent(start) == min(set(range(start, TOP + 2)) - model)


@given(CHANGES)
def test_pages_carry_the_whole_set(changes: list[tuple[bool, Span]]) -> None:
    numbers, _ = _built(changes)
    pages = {number: numbers.page(number) for number in numbers.page_numbers}
    copy = SeqSet.from_pages({**pages, 900: 0})
    assert copy == numbers
    assert copy.page_count == numbers.page_count, "an empty page is no page"
    copy.add_span(0, TOP)
    assert numbers.spans() == _built(changes)[0].spans(), "a copy is a copy"


@pytest.mark.parametrize("span", [(0, -1), (5, 4), (PAGE_BITS, PAGE_BITS - 1), (3_000, 7)])
def test_a_span_that_ends_before_it_starts_is_empty(span: Span) -> None:
    numbers = SeqSet([(0, 4_000)])
    numbers.add_span(*span)
    numbers.discard_span(*span)
    assert numbers == SeqSet([(0, 4_000)])
    assert numbers.spans(*span) == numbers.gaps(*span) == []
    assert not numbers.part(*span)


def test_a_number_below_zero_is_in_no_set() -> None:
    assert -1 not in SeqSet([(0, SEQ_MAX)])


def test_a_full_stream_is_one_run() -> None:
    numbers = SeqSet([(0, SEQ_MAX)])
    assert numbers.spans() == [(0, SEQ_MAX)]
    assert numbers.first_absent() == SEQ_MAX + 1
    assert numbers.gaps(0, SEQ_MAX) == []
    assert numbers.page(0) == FULL


def test_every_second_number_of_a_whole_stream_costs_its_pages_and_little_time() -> None:
    pattern = sum(1 << bit for bit in range(0, PAGE_BITS, 2))
    page_count = (SEQ_MAX + 1) // PAGE_BITS
    numbers = SeqSet.from_pages(dict.fromkeys(range(page_count), pattern))
    assert numbers.page_count == page_count
    started_s = process_time()
    for _ in range(20):  # what a few seconds of receipts ask
        assert len(numbers.gaps(0, SEQ_MAX, limit=17)) == 17
        assert len(numbers.spans(limit=17)) == 17
        numbers.first_absent(1)
        numbers.part(0, SEQ_MAX).discard_all(numbers)
    assert process_time() - started_s < 2.0
