"""What a session is judged by and on, as it stood when it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.archive import Archive, clinic_day
from dermatrace.judge.context import SessionContext
from dermatrace.judge.file_state import Basis, FileState
from dermatrace.judge.index import Index
from dermatrace.judge.registry_reading import read_history
from dermatrace.judge.rule_set import RULE_SET
from dermatrace_schemas.references import DocumentKey
from dermatrace_schemas.registry_models import ClinicContent
from dermatrace_schemas.session import SessionStopped
from support.judge_bench import Message
from support.judge_scenes import told_otherwise
from support.judge_visit import INDEX, Visit, told
from support.manual_clock import NOON_MS


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    with Visit(tmp_path) as played:
        yield played


@contextmanager
def _archive(visit: Visit) -> Iterator[tuple[Archive, FileState, int]]:
    """Open the archive, with the session's file and the journal's last entry."""
    with (
        JournalReader(visit.bench.bench.path) as reader,
        Index(visit.bench.folder / INDEX, read_only=True) as index,
    ):
        archive = Archive(reader, index, read_history(reader))
        yield archive, visit.kept().state, reader.head().entry_id


def _entry_of(visit: Visit, message: Message) -> int:
    entries = visit.bench.bench.entries("accepted")
    return next(entry.entry_id for entry in entries if entry.payload == message.payload)


# --- contexts -------------------------------------------------------------------------------------


def test_context_holds_what_was_said_by_then_and_no_more(visit: Visit) -> None:
    visit.whole()
    plan = _entry_of(visit, visit.early[0])
    attach = _entry_of(visit, visit.early[-1])
    with _archive(visit) as (archive, state, head):
        assert archive.context(state, plan - 1).chart.visit_id is None
        assert archive.context(state, attach - 1).chart.visit_id is None
        whole = archive.context(state, head)
    assert whole.chart.visit_id == f"visit-{visit.id.stream_id}"
    assert whole.chart.has_plan
    assert whole.protocol is not None
    assert whole.setting == "clinic"


def test_context_without_the_first_document_knows_no_start(visit: Visit) -> None:
    visit.whole()
    first = _entry_of(visit, visit.documents[0])
    with _archive(visit) as (archive, state, _):
        context = archive.context(state, first - 1)
    assert (context.started_ms, context.setting, context.clinic_day) == (None, None, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda visit: visit.hear(*told_otherwise(visit.id.clinic)),
        lambda visit: visit.say("chart.attach", session=visit.key, visit_id="another"),
        lambda visit: visit.hear(*visit.documents[6:]),
    ],
    ids=["registry", "chart", "documents"],
)
def test_context_of_the_judgement_under_way_is_what_it_was(
    visit: Visit, change: Callable[[Visit], object]
) -> None:
    visit.hear(*visit.early, *visit.documents[:6])
    with _archive(visit) as (archive, state, _):
        before = archive.context_again(state)
    assert isinstance(before, SessionContext)
    change(visit)
    with _archive(visit) as (archive, _, head):
        assert archive.context_again(state) == before
        state.basis = Basis(head)
        assert archive.context_again(state).registry.pins


def test_clock_learnt_later_is_none_of_the_judgement_under_way(visit: Visit) -> None:
    visit.hear(*visit.early, *visit.documents[:6])
    with _archive(visit) as (archive, state, _):
        before = archive.context_again(state)
        state.offset_ms["boot-1"] = 0
        assert archive.context_again(state) == before
        assert archive.context(state, state.basis.entry_id) != before


def test_visit_of_a_corrected_attach_is_read_with_everything_in_it(visit: Visit) -> None:
    visit.whole()
    wrong = visit.say("chart.attach", session=visit.key, visit_id="another")
    visit.correct(wrong)
    with _archive(visit) as (archive, state, head):
        chart = archive.context(state, head).chart
    assert chart.visit_id == f"visit-{visit.id.stream_id}"
    assert chart.consents
    assert chart.answers


# --- documents ------------------------------------------------------------------------------------


def test_documents_come_in_the_order_of_their_numbers_below_one(visit: Visit) -> None:
    first, second, third, *rest = visit.documents
    visit.hear(*visit.early, first, third, second, *rest)
    with _archive(visit) as (archive, state, head):
        found = [document.seq for document in archive.documents(state.row, 4, head)]
        assert found == [0, 1, 2, 3]
        late = _entry_of(visit, second)
        found = [document.seq for document in archive.documents(state.row, 4, late - 1)]
        assert found == [0, 2]


def test_chart_document_is_found_by_its_key_once_it_is_on_record(visit: Visit) -> None:
    visit.whole()
    plan = visit.early[0]
    key = DocumentKey(
        sender="front-desk",
        stream_class="chart",
        stream_id=plan.topic.rpartition("/")[2],
        seq=told(plan)["seq"],
    )
    entry_id = _entry_of(visit, plan)
    with _archive(visit) as (archive, _, head):
        found = archive.chart_document(visit.id.clinic, key, head)
        assert found is not None
        assert found.document.kind == "chart.plan"
        assert archive.chart_document(visit.id.clinic, key, entry_id - 1) is None
        assert archive.chart_document("south-clinic", key, head) is None
        for change in ({"stream_class": "session"}, {"seq": 999}, {"stream_id": "none"}):
            other = key.model_copy(update=change)
            assert archive.chart_document(visit.id.clinic, other, head) is None
            assert archive.names_of_corrected(visit.id.clinic, other, head) == []
        names = archive.names_of_corrected(visit.id.clinic, key, head)
        assert names == [f"visit/visit-{visit.id.stream_id}"]


# --- the chain ------------------------------------------------------------------------------------


def _stop(visit: Visit, **changes: object) -> SessionStopped:
    return SessionStopped.model_validate(told(visit.documents[-1]) | changes)


def test_chain_of_a_whole_session_matches(visit: Visit) -> None:
    visit.whole()
    with _archive(visit) as (archive, state, head):
        assert archive.chain(state.row, _stop(visit), head) == "matches"
        assert archive.chain(state.row, _stop(visit, chain="0" * 64), head) == "differs"


def test_chain_that_nobody_states_or_that_lacks_a_document_cannot_be_checked(
    visit: Visit,
) -> None:
    missing = visit.documents.pop(4)
    visit.hear(*visit.early, *visit.documents)
    with _archive(visit) as (archive, state, head):
        assert archive.chain(state.row, _stop(visit), head) == "cannot_be_checked"
    visit.hear(missing)
    with _archive(visit) as (archive, state, head):
        assert archive.chain(state.row, _stop(visit), head) == "matches"
        assert archive.chain(state.row, None, head) == "cannot_be_checked"
        assert archive.chain(state.row, _stop(visit, chain=None), head) == "cannot_be_checked"
        late = _entry_of(visit, missing)
        assert archive.chain(state.row, _stop(visit), late - 1) == "cannot_be_checked"


# --- what was told --------------------------------------------------------------------------------


def test_generation_on_record_is_known_by_its_rules_and_its_entry(visit: Visit) -> None:
    visit.hear(*visit.early, *visit.documents, visit.account)
    (generation,) = visit.generations()
    assert generation.opened is not None
    assert generation.opened.rule_set_digest == RULE_SET.digest
    as_of = generation.opened.as_of_entry_id
    with _archive(visit) as (archive, _, _):
        name = generation.stream_id
        assert archive.told(visit.id.clinic, name, as_of) == "whole"
        assert archive.told(visit.id.clinic, name, as_of + 1) == "other_time"
        assert archive.told(visit.id.clinic, f"{name}0", as_of) == "no"
        assert archive.told("south-clinic", name, as_of) == "no"


def test_generation_that_is_on_record_in_part_is_to_be_told(visit: Visit) -> None:
    visit.hear(*visit.early, *visit.documents[:6])
    (generation,) = visit.generations()
    assert generation.opened is not None
    as_of = generation.opened.as_of_entry_id
    with _archive(visit) as (archive, _, _):
        assert archive.told(visit.id.clinic, generation.stream_id, as_of) == "no"


def test_generation_told_by_other_rules_is_known_as_such(visit: Visit) -> None:
    visit.hear(*visit.early, *visit.documents, visit.account)
    opened = visit.bench.verdicts[0]
    facts = opened.facts | {"rule_set_digest": "0" * 64}
    head = {"seq": 0, "kind": opened.kind, "boot_id": "judge", "uptime_ms": 0}
    topic = f"dermatrace/v1/{visit.id.clinic}/judge/verdict/pen-north-1.other.g0"
    visit.hear(_message(topic, head | {"wall_time_ms": NOON_MS} | facts))
    with _archive(visit) as (archive, _, _):
        assert archive.told(visit.id.clinic, "pen-north-1.other.g0", 1) == "other_rules"


def _message(topic: str, document: dict[str, object]) -> Message:
    return Message(topic, json.dumps(document).encode())


# --- days -----------------------------------------------------------------------------------------


def _clinic(time_zone: str | None) -> ClinicContent:
    facts = {"name": "A clinic", "jurisdiction_id": "here", "time_zone": time_zone}
    return ClinicContent.model_validate({k: v for k, v in facts.items() if v is not None})


def test_day_is_the_one_where_the_clinic_is() -> None:
    late_evening_ms = 20_000 * 86_400_000 + 23 * 3_600_000
    assert clinic_day(late_evening_ms, _clinic("UTC")) == 20_000
    assert clinic_day(late_evening_ms, _clinic("Asia/Tokyo")) == 20_001
    assert clinic_day(20_000 * 86_400_000, _clinic("America/New_York")) == 19_999


@pytest.mark.parametrize(
    "clinic", [None, _clinic("UTC").model_copy(update={"time_zone": "Nowhere"})]
)
def test_day_where_nobody_knows_the_time_is_unknown(clinic: ClinicContent | None) -> None:
    assert clinic_day(20_000 * 86_400_000, clinic) is None
    assert clinic_day(None, _clinic("UTC")) is None
