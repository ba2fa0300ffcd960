"""What sessions would have come to under a draft, and that asking changes nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.context import SessionContext
from dermatrace.judge.hindsight import Hindsight, with_protocol
from dermatrace.judge.index import Index
from dermatrace.judge.registry_history import Version
from dermatrace.judge.what_if import (
    LEFT_OUT,
    Candidate,
    Compared,
    Draft,
    NotJudged,
    Outcome,
    candidates_of,
    changes_between,
    compare,
)
from dermatrace_schemas.registry_protocols import ProtocolContent
from support.explained import crossing_session, record_crossing
from support.judge_bench import RUN, JudgeBench

SESSION = crossing_session()
PROTOCOL_ID = "example-medical-needling"
CHEEK = 5
"""Place of the band of cheek and chin: at most 2 mm."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a session set to 2.25 mm at the left cheek; tests only read it."""
    bench = JudgeBench(tmp_path_factory.mktemp("what-if"))
    record_crossing(bench, SESSION, justified=False)
    bench.close()
    return bench.folder


@contextmanager
def _record(folder: Path) -> Iterator[tuple[Hindsight, Candidate]]:
    with (
        JournalReader(folder / "journal.db") as reader,
        Index(folder / "index.db", read_only=True) as index,
    ):
        device, stream_id = SESSION.device, SESSION.stream_id(RUN)
        session = SessionId(device.clinic, device.sender_id, stream_id)
        row = index.row_of_session(session)
        assert row is not None
        yield Hindsight(reader, index), Candidate(row, session, PROTOCOL_ID, 0, is_closed=True)


def _draft(folder: Path, **changes: Any) -> Draft:  # noqa: ANN401
    """Return the protocol in force, with changes."""
    with _record(folder) as (hindsight, candidate):
        (version,) = _versions(hindsight, candidate)
    content = version.content.model_dump(mode="json", exclude_unset=True) | changes
    return Draft(PROTOCOL_ID, "2", None, ProtocolContent.model_validate(content))


def _versions(hindsight: Hindsight, candidate: Candidate) -> tuple[Version, ...]:
    return hindsight.history.versions(candidate.session.clinic, "protocol", PROTOCOL_ID)


def _with_cheek(folder: Path, depth_mm: float | None) -> Draft:
    """Return the protocol with another limit for the cheek."""
    plain = _draft(folder).content.model_dump(mode="json", exclude_unset=True)
    bands = list(plain["bands"])
    bands[CHEEK] = {**bands[CHEEK], "upper": {**bands[CHEEK]["upper"], "value": depth_mm}}
    return _draft(folder, bands=bands)


def _compared(folder: Path, *drafts: Draft, **changes: Any) -> Outcome:  # noqa: ANN401
    with _record(folder) as (hindsight, candidate):
        return compare(hindsight, replace(candidate, **changes), drafts)


def _unapproved(context: SessionContext) -> SessionContext:
    return replace(context, registry=replace(context.registry, approvals=()))


def _ok(outcome: Outcome) -> Compared:
    assert isinstance(outcome, Compared)
    return outcome


def test_draft_that_says_the_same_changes_nothing(kept: Path) -> None:
    compared = _ok(_compared(kept, _draft(kept)))
    assert (compared.changes, compared.is_changed) == ((), False)
    assert compared.before == compared.after
    assert compared.before.fraction is not None


def test_wider_limit_lets_findings_vanish_and_adherence_rise(kept: Path) -> None:
    compared = _ok(_compared(kept, _with_cheek(kept, 2.5)))
    assert (compared.new, compared.reranked) == ((), ())
    assert {(c.rule, c.envelope) for c in compared.vanished} == {
        ("depth.set_above", "clinic_protocol"),
        ("depth.measured_above", "clinic_protocol"),
    }
    assert compared.before.fraction is not None
    assert compared.after.fraction == 1.0 > compared.before.fraction


def test_tighter_limit_brings_new_findings(kept: Path) -> None:
    compared = _ok(_compared(kept, _with_cheek(kept, 0.5)))
    assert compared.vanished == ()
    assert {change.zone for change in compared.new} == {"cheek", "chin"}
    assert all("version 2" in change.sentence for change in compared.new)


def test_limit_that_is_not_set_judges_nothing(kept: Path) -> None:
    compared = _ok(_compared(kept, _with_cheek(kept, None)))
    assert len(compared.vanished) == 2
    assert compared.new == ()


def test_priority_that_changes_is_a_change_of_rank(kept: Path) -> None:
    contraindication = {"question": "herpes", "answers": ["no"], "strength": "relative"}
    absolute = {**contraindication, "strength": "absolute"}
    drafts = [_draft(kept, contraindications=[c]) for c in (contraindication, absolute)]
    with _record(kept) as (hindsight, candidate):
        changes = [with_protocol(draft.at(candidate.session.clinic)) for draft in drafts]
        weaker, stronger = hindsight.judge_each(candidate.stream_row, changes)
    (change,) = changes_between(weaker.judge.state.findings, stronger.judge.state.findings)
    assert (change.rule, change.before, change.after) == ("gate.answers", "medium", "high")


def test_missing_approval_of_a_draft_is_left_out(kept: Path) -> None:
    with _record(kept) as (hindsight, candidate):
        judgement = hindsight.judge(candidate.stream_row, _unapproved)
        assert judgement is not None
        rules = {standing.rule for standing in judgement.judge.state.findings}
        assert LEFT_OUT in rules
        plain = hindsight.judge(candidate.stream_row)
        assert plain is not None
        changes = changes_between(plain.judge.state.findings, judgement.judge.state.findings)
        assert LEFT_OUT not in {change.rule for change in changes}


def test_last_draft_of_the_session_s_own_id_counts(kept: Path) -> None:
    drafts = [_with_cheek(kept, 0.5), replace(_draft(kept), registry_id="other"), _draft(kept)]
    assert _ok(_compared(kept, *drafts)).changes == ()


def test_lone_draft_of_another_id_is_taken_for_a_session_that_was_named(kept: Path) -> None:
    other = replace(_draft(kept), registry_id="other", version="7")
    assert _ok(_compared(kept, other)).protocol == "other version 7"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_closed": False}, "it has not ended"),
        ({"stream_row": 10**6}, "it was erased, or nothing readable is on record"),
    ],
)
def test_session_that_cannot_be_judged_is_named_with_the_reason(
    kept: Path, changes: dict[str, Any], why: str
) -> None:
    outcome = _compared(kept, _draft(kept), **changes)
    assert isinstance(outcome, NotJudged)
    assert outcome.why == why


def test_draft_of_another_clinic_is_not_for_this_session(kept: Path) -> None:
    outcome = _compared(kept, replace(_draft(kept), clinic="south-clinic"))
    assert isinstance(outcome, NotJudged)
    assert outcome.why == f"it used {PROTOCOL_ID}, and no draft given is for it"


def test_sessions_that_ended_and_used_the_id_are_asked_about_unless_named(kept: Path) -> None:
    with _record(kept) as (_, candidate):
        running = replace(candidate, is_closed=False)
        other = replace(candidate, protocol_id="other")
    known = [candidate, running, other]
    assert list(candidates_of(known, [_draft(kept)], named=False)) == [candidate]
    assert list(candidates_of(known, [_draft(kept)], named=True)) == known


def test_asking_writes_nothing(kept: Path) -> None:
    before = {path.name: path.read_bytes() for path in kept.iterdir() if path.suffix == ".db"}
    _compared(kept, _with_cheek(kept, 0.5))
    after = {path.name: path.read_bytes() for path in kept.iterdir() if path.suffix == ".db"}
    assert after == before
