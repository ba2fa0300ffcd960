"""What makes a session be judged anew, and what is said of it then."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dermatrace.judge.index import Index
from dermatrace_schemas.digest import registry_digest
from support.judge_bench import Message, erasure_message, registry_messages
from support.judge_runs import close_by_silence
from support.judge_scenes import told_otherwise
from support.judge_visit import AFTERWARDS_MS, BEGINS_MS, INDEX, Visit, told

DAY_MS = 86_400_000


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    with Visit(tmp_path) as played:
        yield played


# --- what people say ------------------------------------------------------------------------------


def test_consent_entered_after_the_end_opens_another_generation(visit: Visit) -> None:
    consent = next(m for m in visit.early if b"chart.consent" in m.payload)
    visit.early.remove(consent)
    visit.hear(*visit.early, *visit.documents, visit.account)
    assert "gate.consent" in visit.rules()
    visit.hear(consent)
    assert visit.causes() == ["live", "chart_fact"]
    assert "gate.consent" not in visit.rules()


def test_fact_that_changes_nothing_is_no_reason_for_a_generation(visit: Visit) -> None:
    visit.whole()
    before = visit.causes()
    visit.say("chart.note", visit_id=f"visit-{visit.id.stream_id}", text="All went well.")
    assert visit.causes() == before


def test_justification_stands_beside_its_finding_and_removes_none(visit: Visit) -> None:
    del visit.documents[4]
    visit.hear(*visit.early, *visit.documents)
    close_by_silence(visit.bench)
    visit.hear()
    before = visit.table("findings")
    gap = next(row for row in before if (row["rule"], row["first_seq"]) == ("data.gap", 4))
    finding = {"session": visit.key, "rule": gap["rule"], "envelope": gap["envelope"]}
    finding["seq_range"] = {"first_seq": gap["first_seq"], "last_seq": gap["last_seq"]}
    visit.say("chart.justification", findings=[finding], reason="The cable was loose.")
    after = visit.table("findings")
    assert [row["number"] for row in after if row["justified"]] == [gap["number"]]
    assert [row | {"justified": 0} for row in after] == before


def test_zone_put_right_moves_what_was_delivered(visit: Visit) -> None:
    visit.whole()
    last = len(visit.documents) - 1
    place = {"zone": "chin", "laterality": "midline"}
    span = {"first_seq": 0, "last_seq": last}
    visit.say("chart.zone_reattribution", session=visit.key, seq_range=span, place=place)
    assert visit.causes()[-1] == "chart_fact"
    treated = [row["zone"] for row in visit.table("zones") if row["stroke_count"]]
    assert treated == ["chin"]


@pytest.mark.parametrize("is_last_told_first", [False, True])
def test_attach_entered_last_wins_and_the_double_claim_is_a_finding(
    visit: Visit,
    *,
    is_last_told_first: bool,
) -> None:
    visit.whole()
    claims = [("visit-a", AFTERWARDS_MS), ("visit-b", AFTERWARDS_MS + 1)]
    for visit_id, entered_ms in reversed(claims) if is_last_told_first else claims:
        visit.say("chart.attach", session=visit.key, visit_id=visit_id, entered_ms=entered_ms)
    assert visit.table("sessions")[0]["visit_id"] == "visit-b"
    assert "data.double_claim" in visit.rules()


def test_corrected_attach_gives_the_session_back_with_everything_of_its_visit(
    visit: Visit,
) -> None:
    visit.whole()
    before = visit.table("sessions")[0]
    attach = visit.say("chart.attach", session=visit.key, visit_id="visit-b")
    assert visit.table("sessions")[0]["subject_id"] is None
    visit.correct(attach)
    after = visit.table("sessions")[0]
    assert visit.causes()[-1] == "correction"
    assert (after["visit_id"], after["subject_id"]) == (before["visit_id"], before["subject_id"])


def test_withdrawn_chart_document_is_no_longer_gone_by(visit: Visit) -> None:
    visit.whole()
    assert "gate.consent" not in visit.rules()
    visit.correct(next(m for m in visit.early if b"chart.consent" in m.payload))
    assert visit.causes()[-1] == "correction"
    assert "gate.consent" in visit.rules()


def test_correction_that_comes_before_what_it_corrects_holds_too(visit: Visit) -> None:
    consent = next(m for m in visit.early if b"chart.consent" in m.payload)
    visit.correct(consent)
    visit.whole()
    assert "gate.consent" in visit.rules()


def test_withdrawn_document_of_the_session_is_no_longer_judged(visit: Visit) -> None:
    visit.whole()
    strokes = sum(row["stroke_count"] for row in visit.table("zones"))
    seq = visit.contact_seq
    visit.correct(visit.documents[seq])
    assert visit.causes()[-1] == "correction"
    assert sum(row["stroke_count"] for row in visit.table("zones")) < strokes


def test_correction_names_another_version_to_judge_by_and_may_come_before_it(
    visit: Visit,
) -> None:
    visit.whole()
    document = _protocol(visit)
    content = document["content"] | {"title": "Second edition", "gates": ["plan", "exam"]}
    pin = {"registry_kind": "protocol", "registry_id": document["registry_id"], "version": "2"}
    pin["digest"] = registry_digest(content)
    visit.correct(visit.early[0], registry_version=pin)
    assert visit.table("sessions")[0]["protocol_version"] == "1"
    changed = document | {"seq": 0, "version": "2", "content": content, "digest": pin["digest"]}
    topic = f"dermatrace/v1/{visit.id.clinic}/registry/registry/second-edition"
    visit.hear(Message(topic, json.dumps(changed).encode()))
    assert visit.causes()[-1] == "correction"
    assert visit.table("sessions")[0]["protocol_digest"] == pin["digest"]


def test_version_that_is_merely_newer_changes_nothing(visit: Visit) -> None:
    visit.whole()
    before = visit.causes()
    document = _protocol(visit)
    content = document["content"] | {"title": "Second edition"}
    digest = registry_digest(content)
    changed = document | {"seq": 0, "version": "2", "content": content, "digest": digest}
    topic = f"dermatrace/v1/{visit.id.clinic}/registry/registry/second-edition"
    visit.hear(Message(topic, json.dumps(changed).encode()))
    assert visit.causes() == before


@pytest.mark.parametrize("when", ["during", "after"])
def test_protocol_told_otherwise_is_never_in_force_and_is_a_finding(
    visit: Visit, when: str
) -> None:
    pinned = _protocol(visit)["digest"]
    half = len(visit.documents) // 2 if when == "during" else len(visit.documents)
    visit.hear(*visit.early, *visit.documents[:half])
    visit.hear(*told_otherwise(visit.id.clinic))
    visit.hear(*visit.documents[half:], visit.account)
    newest = visit.generations()[-1]
    assert newest.protocol is not None
    assert newest.protocol.digest == pinned
    assert "data.registry_conflict" in visit.rules()


# --- other sessions, other rules, nobody's any more -----------------------------------------------


def test_earlier_session_that_comes_later_is_taken_into_account(visit: Visit) -> None:
    visit.whole()
    later, subject = visit.id, visit.table("sessions")[0]["subject_id"]
    assert "series.early" not in visit.rules()
    visit.play(number=3, begins_ms=BEGINS_MS - DAY_MS)
    plan = {"protocol_id": "example-medical-needling", "subject_id": subject}
    visit.hear(*visit.documents, visit.account)
    visit.say("chart.plan", visit_id="before", plan=plan)
    attach = visit.say("chart.attach", session=visit.key, visit_id="before")
    earlier, visit.id = visit.id, later
    assert visit.causes()[-1] == "late_data"
    assert "series.early" in visit.rules()
    visit.id = earlier
    visit.correct(attach)
    visit.id = later
    assert "series.early" not in visit.rules()


def test_erased_earlier_session_no_longer_counts(visit: Visit) -> None:
    visit.play(number=3, begins_ms=BEGINS_MS - DAY_MS)
    visit.hear(*visit.documents, visit.account)
    visit.say("chart.attach", session=visit.key, visit_id="before")
    earlier = visit.key
    visit.play()
    visit.whole()
    subject = visit.table("sessions")[0]["subject_id"]
    plan = {"protocol_id": "example-medical-needling", "subject_id": subject}
    visit.say("chart.plan", visit_id="before", plan=plan)
    assert "series.early" in visit.rules()
    stream = {"clinic": visit.id.clinic, "stream_class": "session", **earlier}
    visit.hear(erasure_message(visit.id.clinic, streams=[stream]))
    assert visit.causes()[-1] == "erasure"
    assert "series.early" not in visit.rules()


def test_erased_chart_document_no_longer_counts(visit: Visit) -> None:
    visit.whole()
    sitting = visit.early[0].topic.rpartition("/")[2]
    stream = {"clinic": visit.id.clinic, "sender": "front-desk", "stream_class": "chart"}
    visit.hear(erasure_message(visit.id.clinic, streams=[stream | {"stream_id": sitting}]))
    assert visit.causes()[-1] == "erasure"
    assert "gate.plan" in visit.rules()


def test_of_an_erased_session_nothing_is_said_and_only_that_there_was_one_is_kept(
    visit: Visit,
) -> None:
    visit.whole()
    stream = {"clinic": visit.id.clinic, "stream_class": "session", **visit.key}
    visit.hear(erasure_message(visit.id.clinic, streams=[stream]))
    visit.bench.verdicts.clear()
    attach = visit.say("chart.attach", session=visit.key, visit_id="visit-b")
    visit.correct(attach)
    visit.hear(*visit.documents[:3], visit.account)
    assert visit.bench.verdicts == []
    assert visit.generations() == []
    (row,) = visit.table("sessions")
    known = {name for name, value in row.items() if value not in (None, "", "[]", 0)}
    assert known <= {
        "stream_row", "clinic", "sender", "stream_id", "status", "first_received_ms",
        "generation", "grade", "file",
    }  # fmt: skip
    assert (row["status"], row["generation"], row["is_open"]) == ("erased", -1, 0)
    assert visit.table("findings") == visit.table("zones") == []


@pytest.mark.parametrize("has_ended", [False, True])
def test_other_rules_open_another_generation_of_every_session(
    visit: Visit,
    *,
    has_ended: bool,
) -> None:
    documents = [*visit.documents, visit.account] if has_ended else visit.documents[:6]
    visit.hear(*visit.early, *documents)
    with Index(visit.bench.folder / INDEX) as index:
        index.begin()
        index.move_cursor(index.cursor()[0], "0" * 64)
        index.commit()
    visit.hear()
    before, newest = visit.generations()
    assert newest.opened is not None
    assert newest.opened.cause == "rule_set"
    assert before.closed is not None
    assert before.closed.outcome == ("confirmed" if has_ended else "superseded")
    assert (newest.closed is not None) == has_ended
    visit.hear()
    assert len(visit.generations()) == 2


def _protocol(visit: Visit) -> dict[str, Any]:
    """Return the registry's document of the treatment protocol that the visit's plan names."""
    return next(
        document
        for document in map(told, registry_messages())
        if document["kind"] == "registry.protocol"
        and document["registry_id"] == told(visit.early[0])["plan"]["protocol_id"]
    )
