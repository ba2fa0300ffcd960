"""How many points a document calls for, against what rendering makes of it; and the sum."""

import json
from typing import Any, Final

import pytest

from dermatrace.forward.account import Account, points_of
from dermatrace_schemas.parse import parse
from dermatrace_schemas.system import SystemDocument
from support.forward_journal import PEN, HandJournal, verdict_key
from support.vectors import KINDS, class_of, example, example_bytes

NEVER_ON_RECORD: Final = frozenset({"receipt", "rejection"})
"""What the recorder sends, and nobody else."""
CALLS_FOR: Final = {
    "session.started": 2,
    "zone.entered": 1,
    "needling.windows": 3,
    "rf.shot": 3,
    "device.event": 1,
    "session.stopped": 1,
    "verdict.finding_raised": 1,
    "verdict.finding_cleared": 1,
    "verdict.state": 1,
    "verdict.summary": 1,
    "verdict.closed": 1,
    "announcement": 1,
    "status": 1,
}
"""By kind, of the examples; all others call for nothing, but for the recorder's own notes."""


def _expected(kind: str) -> int:
    return 1 if kind.startswith("system.") else CALLS_FOR.get(kind, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_points_of_a_document_are_counted_from_the_document(kind: str) -> None:
    assert points_of(parse(class_of(kind), example_bytes(kind))) == _expected(kind)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - NEVER_ON_RECORD))
def test_count_is_what_rendering_makes(journal: HandJournal, kind: str) -> None:
    """Between a beginning and an end that are the same for each kind."""
    _begin(journal)
    before = journal.forward()
    stood = len(journal.shelf.points)
    told = _tell(journal, kind)
    after = journal.forward()
    assert after.journalled_count - before.journalled_count == told
    is_replaced = kind == "verdict.finding_cleared"
    assert after.superseded_count - before.superseded_count == is_replaced
    assert after.forwarded_count - before.forwarded_count == told - is_replaced
    assert len(journal.shelf.points) - stood == told - is_replaced
    assert after.pending_count == after.quarantined_count == 0


def _begin(journal: HandJournal) -> None:
    journal.tell(0, "zone.entered")
    journal.judge(0, "opened")
    journal.judge(1, "finding_raised")


def _tell(journal: HandJournal, kind: str) -> int:
    """Let a document of a kind come; return how many points it calls for where it stands."""
    message_class = class_of(kind)
    if message_class == "session":
        journal.tell(7, kind)
        # Only at its beginning does a session say what its device is.
        return 1 if kind == "session.started" else _expected(kind)
    if message_class == "verdict":
        seq, generation = (0, 1) if kind == "verdict.opened" else (7, 0)
        # What the judgement before has said goes with the next one, which is told elsewhere.
        if generation == 0:
            number: dict[str, Any] = (
                {"finding_number": 1} if kind == "verdict.finding_raised" else {}
            )
            journal.judge(seq, kind.partition(".")[2], generation, **number)
    elif message_class == "system":
        _note(journal, kind)
    elif message_class in {"announcement", "status"}:
        journal.report(kind)
    else:
        last = "" if message_class == "outbox" else f"/{message_class}-1"
        topic = f"dermatrace/v1/north-clinic/front-desk/{message_class}{last}"
        journal.bench.send(example_bytes(kind), to=topic)
        return 1 if kind == "registry.erasure" else 0  # the recorder notes that it has obeyed
    return _expected(kind)


def _note(journal: HandJournal, kind: str) -> None:
    document = parse("system", example_bytes(kind))
    assert isinstance(document, SystemDocument)
    journal.bench.pipeline.note(document)


def test_start_in_the_middle_of_a_session_calls_for_no_second_state_of_its_device() -> None:
    later: dict[str, Any] = example("session.started") | {"seq": 4}
    assert points_of(parse("session", json.dumps(later).encode())) == 1


def test_names_of_streams_here_are_those_of_the_judge() -> None:
    assert str(verdict_key(PEN, 3)) == "north-clinic/judge/verdict/pen-7.s-1.g3"


def test_account_says_whether_it_adds_up() -> None:
    account = Account(1_234, 1_000, 30, 200, 1, 2, 1)
    assert account.difference_count == 0
    assert str(account) == (
        "1,234 points = 1,000 forwarded + 30 quarantined + 200 expired + 1 erased + 2 superseded"
        " + 1 pending"
    )
    assert str(Account(5, 4)).startswith("5 points is not 4 forwarded")
    assert Account(5, 4).as_json() == {
        "journalled_count": 5,
        "forwarded_count": 4,
        "quarantined_count": 0,
        "expired_count": 0,
        "erased_count": 0,
        "superseded_count": 0,
        "pending_count": 0,
        "difference_count": 1,
    }
