"""A step: when it is full, and when there is nothing in it that must come before a deletion."""

import pytest

from dermatrace.forward.step import (
    STEP_ENTRIES_MAX,
    STEP_LINES_MAX,
    Deletion,
    Group,
    Step,
)
from dermatrace.journal.entry import EMPTY
from support.delivery_bench import group_of, lines_of
from support.forward_journal import HandJournal


def test_step_is_full_by_lines_or_by_entries() -> None:
    step = Step(1, EMPTY)
    step.add(group_of(lines_of(STEP_LINES_MAX - 1)))
    assert not step.is_full
    step.add(group_of(lines_of(1)))
    assert step.is_full
    step = Step(1, EMPTY, entry_count=STEP_ENTRIES_MAX - 1)
    assert not step.is_full
    step.entry_count += 1
    assert step.is_full


def test_group_without_lines_is_no_group() -> None:
    step = Step(1, EMPTY)
    step.add(Group(1, None, "raw", "kept", []))
    assert step.groups == []
    assert step.is_empty


@pytest.mark.parametrize(
    "step",
    [
        Step(1, EMPTY, entry_count=1),
        Step(1, EMPTY, groups=[group_of(lines_of(1))]),
        Step(1, EMPTY, deletions=[Deletion(1, "c", "d", "s", "erased", whole=True)]),
        Step(1, EMPTY, unattributed=[(1, "why")]),
    ],
)
def test_step_with_anything_in_it_is_not_empty(step: Step) -> None:
    assert not step.is_empty


@pytest.mark.parametrize("entries", [1, 500])
def test_what_is_given_up_before_a_deletion_of_the_same_entry_is_deleted(
    journal: HandJournal, entries: int
) -> None:
    """Two judgements were held; the entry that ends the waiting tells the older one first."""
    journal.tell(0, "session.started")
    journal.judge(1, "finding_raised", 0)
    journal.judge(1, "finding_raised", 1)
    assert journal.forward(entries).pending_count == 2
    journal.wait(60_000)
    account = journal.forward(entries)
    assert (account.pending_count, account.superseded_count) == (0, 1)
    assert [told["generation"] for told in journal.fields("finding")] == [1.0]
