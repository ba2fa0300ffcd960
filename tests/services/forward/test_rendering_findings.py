"""Findings: one point each, that says more once it clears."""

from typing import Any

import pytest

from dermatrace.forward.memory import CLEARED_EARLY_MAX
from dermatrace.forward.rendering_findings import NEVER_RAISED
from support.forward_journal import HandJournal
from support.manual_clock import NOON_MS


def _begin(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    journal.tell(2, "needling.windows")
    journal.tell(9, "device.event")
    journal.judge(0, "opened")


def _seqs(first: int, last: int) -> dict[str, Any]:
    return {"finding": {"seq_range": {"first_seq": first, "last_seq": last}}}


@pytest.mark.parametrize("entries", [1, 500])
def test_finding_that_clears_is_the_same_point(journal: HandJournal, entries: int) -> None:
    _begin(journal)
    journal.judge(1, "finding_raised", **_seqs(2, 2))
    journal.judge(2, "finding_cleared", extreme_value=1.9, **_seqs(2, 9))
    account = journal.forward(entries)
    ((key, told),) = journal.shelf.named("finding").items()
    assert key.at_ns == (NOON_MS + 2_000) * 1_000_000
    assert (told["is_cleared"], told["extreme_value"]) == (1.0, 1.9)
    assert (told["first_seq"], told["last_seq"]) == (2.0, 9.0)
    assert told["ended_ms"] == NOON_MS + 9_000
    assert told["measured_value"] == 1.72, "what it said when it was raised stays"
    assert account.superseded_count == 1


@pytest.mark.parametrize("entries", [1, 500])
def test_finding_that_is_said_to_clear_first_waits_until_it_is_raised(
    journal: HandJournal, entries: int
) -> None:
    """The broker lost the first of both; the judge sends it again."""
    _begin(journal)
    journal.judge(2, "finding_cleared", **_seqs(2, 9))
    before = journal.forward(entries)
    assert before.pending_count == 1
    assert journal.shelf.named("finding") == {}
    journal.judge(1, "finding_raised", **_seqs(2, 2))
    account = journal.forward(entries)
    (told,) = journal.fields("finding")
    assert (told["is_cleared"], told["last_seq"]) == (1.0, 9.0)
    assert (account.pending_count, account.superseded_count) == (0, 1)


def test_finding_of_an_older_judgement_is_not_taken_for_one_of_the_newest(
    journal: HandJournal,
) -> None:
    """Both count from nought."""
    _begin(journal)
    journal.judge(1, "finding_raised", 0, **_seqs(2, 2))
    journal.forward()
    journal.judge(0, "opened", 1)
    journal.judge(2, "finding_cleared", 1, **_seqs(9, 9))
    for entries in (1, 500):
        journal.way.begin()
        journal.shelf.points.clear()
        account = journal.forward(entries)
        assert journal.shelf.named("finding") == {}
        assert account.pending_count == 1


def test_what_was_said_to_clear_and_never_raised_goes_with_its_judgement(
    journal: HandJournal,
) -> None:
    _begin(journal)
    journal.judge(2, "finding_cleared", 0)
    assert journal.forward().pending_count == 1
    journal.judge(0, "opened", 1)
    account = journal.forward()
    assert (account.pending_count, account.superseded_count) == (0, 1)


def test_more_findings_cleared_early_than_can_be_kept_go_to_quarantine(
    journal: HandJournal,
) -> None:
    _begin(journal)
    payloads = [
        journal.verdict_payload(seq, "finding_cleared", finding_number=seq)
        for seq in range(1, CLEARED_EARLY_MAX + 2)
    ]
    for first in range(0, len(payloads), 500):
        journal.judge_bytes(*payloads[first : first + 500])
    account = journal.forward()
    assert account.pending_count == CLEARED_EARLY_MAX
    assert [one.words for one in journal.quarantined()] == [NEVER_RAISED]


def test_finding_about_what_is_absent_stands_where_the_session_began(journal: HandJournal) -> None:
    _begin(journal)
    journal.judge(1, "finding_raised", finding={"seq_range": None})
    journal.forward()
    (key,) = journal.shelf.named("finding")
    assert key.at_ns == NOON_MS * 1_000_000


@pytest.mark.parametrize(("first", "last", "expected"), [(3, 8, (2, 9)), (4, 8, (0, 9))])
def test_finding_about_a_gap_stands_where_the_gap_is(
    journal: HandJournal, first: int, last: int, expected: tuple[int, int]
) -> None:
    _begin(journal)
    journal.judge(1, "finding_raised", **_seqs(first, last))
    journal.forward()
    ((key, told),) = journal.shelf.named("finding").items()
    began_s, ended_s = expected
    assert key.at_ns == (NOON_MS + began_s * 1_000) * 1_000_000
    assert told["ended_ms"] == NOON_MS + ended_s * 1_000


def test_finding_about_what_is_not_on_record_yet_stands_in_the_same_place_in_a_rebuild(
    journal: HandJournal,
) -> None:
    """When the document is on record."""
    _begin(journal)
    journal.judge(1, "finding_raised", **_seqs(5, 5))
    journal.tell(5, "device.event")
    journal.forward()
    whole = journal.way.content
    (key,) = journal.shelf.named("finding")
    assert key.at_ns == NOON_MS * 1_000_000
    journal.way.bench(1).begin_rebuild()
    journal.forward()
    assert journal.way.content == whole


def test_findings_that_begin_together_stand_apart(journal: HandJournal) -> None:
    _begin(journal)
    for number in range(3):
        journal.judge(1 + number, "finding_raised", finding_number=number, **_seqs(2, 2))
    assert journal.forward().forwarded_count == journal.shelf.counted()
    assert len(journal.shelf.named("finding")) == 3
