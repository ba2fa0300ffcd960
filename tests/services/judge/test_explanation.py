"""Why a finding stands in the record: what it rests on, and whether it comes out again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.device_clock import DeviceClock
from dermatrace.errors import UsageError
from dermatrace.journal.entry import Head
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.explaining import explain
from dermatrace.judge.explanation import Explanation, clock_words, rule_words
from dermatrace.judge.finding_on_record import Asked
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import Verdict
from dermatrace.judge.raising import FAILED_RULE, TOO_MANY
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.rules.live import LATE
from dermatrace.judge.verdict_reading import read_generations
from dermatrace.simulator.faults import UnsetClock
from support.explained import (
    REASON,
    RULE,
    asked_for,
    crossing_session,
    record_crossing,
)
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    erasure_message,
    registry_messages,
    session_of,
)
from support.judge_runs import arrivals, close_by_silence
from support.judge_scenes import JITTERS, WAITS_MS, Scene, mixed, scenes
from support.visit_cases import ORDERLY

WAITS = st.lists(st.sampled_from(WAITS_MS), min_size=1, max_size=6)
ORDERS = st.tuples(st.integers(0, 1_000), st.sampled_from(JITTERS))
SESSION = crossing_session()


class Liar(JudgeBench):
    """Says something else of findings than the judge has come to."""

    lie: dict[str, Any]
    rule_set_digest: str | None = None

    def send(self, verdict: Verdict) -> None:
        """Change what the verdict says before it is recorded."""
        facts: dict[str, Any] = json.loads(json.dumps(verdict.facts))
        if verdict.kind == "verdict.finding_raised" and facts["finding"]["rule"] == RULE:
            facts["finding"] |= self.lie
        if verdict.kind == "verdict.opened" and self.rule_set_digest is not None:
            facts["rule_set_digest"] = self.rule_set_digest
        super().send(replace(verdict, facts=facts))


def _liar(folder: Path, *, rule_set_digest: str | None = None, **lie: Any) -> Liar:  # noqa: ANN401
    bench = Liar(folder)
    bench.lie, bench.rule_set_digest = lie, rule_set_digest
    record_crossing(bench, SESSION, justified=False)
    bench.close()
    return bench


def _explained(folder: Path, asked: Asked, index_name: str = "index.db") -> Explanation:
    with (
        JournalReader(folder / "journal.db") as reader,
        Index(folder / index_name, read_only=True) as index,
    ):
        return explain(reader, index, asked)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> JudgeBench:
    """Return a journal with a session that was set too deep; tests only read it."""
    bench = JudgeBench(tmp_path_factory.mktemp("explained"))
    record_crossing(bench, SESSION)
    bench.close()
    return bench


@pytest.fixture(scope="module")
def whole(kept: JudgeBench) -> Explanation:
    """Return why the finding of the clinic's protocol stands."""
    return _explained(kept.folder, asked_for(SESSION, kept))


# --- what it rests on -------------------------------------------------------------------------


def test_limit_is_named_with_its_place_source_and_trust(whole: Explanation) -> None:
    limit = whole.limit
    assert limit is not None
    assert (limit.value, limit.unit, limit.sort) == (2.0, "mm", ("depth", "upper"))
    assert (limit.path, limit.trust) == ("content.bands.5.upper", "S")
    assert limit.zones == ("cheek", "chin")
    assert limit.stands_in == "protocol example-medical-needling version 1"
    assert limit.source is not None
    assert limit.source.startswith("Dr. Pen depth chart")


def test_protocol_and_approval_are_named_by_the_entries_that_brought_them(
    kept: JudgeBench, whole: Explanation
) -> None:
    assert whole.protocol is not None
    (approval,) = whole.approvals
    assert approval.protocol_digest == whole.protocol.digest
    assert (approval.registry_id, approval.director_id) == (
        "north-medical-needling",
        "north-director",
    )
    with JournalReader(kept.folder / "journal.db") as reader:
        for version in (whole.protocol, approval.recorded, *whole.rests_on):
            entry = reader.entry(version.entry_id)
            assert entry is not None
            assert entry.entry_hash.hex() == version.entry_hash
            assert json.loads(entry.payload or b"{}")["digest"] == version.digest


def test_every_digest_of_the_finding_is_resolved(whole: Explanation) -> None:
    assert [version.digest for version in whole.rests_on] == whole.finding.digests
    assert whole.unresolved_digests == ()


def test_of_things_that_say_the_same_the_one_that_took_part_is_named(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    nurse = next(m for m in registry_messages() if b'"north-nurse"' in m.payload)
    twin = json.loads(nurse.payload) | {"registry_id": "north-a-nurse", "seq": 0}
    topic = nurse.topic.replace("import-north-clinic", "import-before")
    bench.record([Message(topic, json.dumps(twin).encode())])
    record_crossing(bench, SESSION, justified=False)
    bench.close()
    told = _explained(tmp_path, asked_for(SESSION, bench, "operator_scope"))
    assert [version.registry_id for version in told.rests_on] == ["north-nurse"]


def test_readings_are_those_of_the_journal(kept: JudgeBench, whole: Explanation) -> None:
    assert whole.reading_count > len(whole.readings)
    with JournalReader(kept.folder / "journal.db") as reader:
        for reading in whole.readings:
            entry = reader.entry(reading.entry_id)
            assert entry is not None
            assert (entry.seq, entry.entry_hash.hex()) == (reading.seq, reading.entry_hash)
    depths = {value.high for reading in whole.readings for value in reading.values[:1]}
    assert depths == {2.25}


def test_who_accepted_it_and_why_is_told_as_of_today(whole: Explanation) -> None:
    (given,) = whole.reasons
    assert (given.author, given.reason) == ("north-physician", REASON)


def test_justification_of_another_envelope_justifies_nothing(kept: JudgeBench) -> None:
    other = _explained(kept.folder, asked_for(SESSION, kept, "operator_scope"))
    assert other.reasons == ()
    assert other.limit is not None
    assert other.limit.stands_in == "operator north-nurse version 1"


def test_tolerance_and_persistence_say_whether_they_are_defaults(kept: JudgeBench) -> None:
    dialled = _explained(kept.folder, asked_for(SESSION, kept))
    assert dialled.tolerance is not None
    assert dialled.persistence is not None
    assert dialled.tolerance.text == "none: what was set has no tolerance"
    assert dialled.persistence.text == "117 contact strokes on end, by the treatment protocol"
    asked = asked_for(SESSION, kept, rule="depth.measured_above")
    measured = _explained(kept.folder, asked).tolerance
    assert measured is not None
    assert (measured.text, measured.is_default) == ("0.15 mm either way, a default", True)


def test_finding_about_what_is_absent_shows_no_readings(kept: JudgeBench) -> None:
    asked = Asked(SESSION.stream_id(RUN), 0, 0)
    absent = next(
        explained
        for number in range(20)
        if (explained := _explained(kept.folder, replace(asked, number=number))).finding.seq_range
        is None
    )
    assert (absent.readings, absent.limit, absent.tolerance) == ((), None, None)
    assert absent.recomputed.outcome == "identical"


@pytest.mark.parametrize("rule_id", [FAILED_RULE, TOO_MANY, RULE])
def test_rule_of_this_rule_set_says_what_it_means(rule_id: str) -> None:
    told = rule_words(rule_id)
    assert told is not None
    assert told.meaning


def test_clock_is_told_as_it_was() -> None:
    case = SessionJudge(ORDERLY).case
    told = set()
    for stepped, unset in ((False, False), (True, False), (False, True), (True, True)):
        case.state.clock = DeviceClock(stepped=stepped, unset=unset)
        told.add(clock_words(case))
    assert len(told) == 4


# --- whether it comes out again ---------------------------------------------------------------


def test_finding_of_the_newest_generation_is_recomputed_identically(whole: Explanation) -> None:
    assert (whole.recomputed.outcome, whole.recomputed.notes) == ("identical", ())


def test_live_finding_is_compared_as_of_when_it_was_raised(
    kept: JudgeBench, whole: Explanation
) -> None:
    live = _explained(kept.folder, Asked(SESSION.stream_id(RUN), whole.number, 0))
    assert live.recomputed.outcome == "identical"
    assert live.recomputed.as_of_entry_id < whole.recomputed.as_of_entry_id
    assert live.recomputed.notes[0].startswith("judged live")


def test_live_finding_is_compared_by_what_was_known_when_the_judgement_began(
    tmp_path: Path,
) -> None:
    scene = Scene(0, 0.2, seed=7, number=2, faults=(UnsetClock(18),))
    bench = JudgeBench(tmp_path)
    bench.record(registry_messages(), step_ms=1)
    arrivals(bench, scene.messages())
    bench.judge()
    bench.close()
    live = [told for told in _everything(bench) if told.generation == 0]
    doubts = [told for told in live if told.finding.rule == "series.unknown"]
    assert doubts, "the clock was set only after the live judgement had begun"
    assert {told.recomputed.outcome for told in live} == {"identical"}


@pytest.mark.parametrize(
    ("lie", "what"),
    [
        ({"limit_value": 3.0}, "limit value"),
        ({"priority": "low"}, "priority"),
        ({"sentence": "All was well."}, "sentence"),
        ({"digests": []}, "digests"),
    ],
)
def test_finding_that_was_changed_is_recomputed_differently(
    tmp_path: Path, lie: dict[str, Any], what: str
) -> None:
    again = _explained(tmp_path, asked_for(SESSION, _liar(tmp_path, **lie))).recomputed
    assert again.outcome == "DIFFERENT"
    assert [difference.what for difference in again.differences] == [what]


def test_finding_that_was_never_raised_is_recomputed_differently(tmp_path: Path) -> None:
    bench = _liar(tmp_path, zone="nose", laterality="midline")
    again = _explained(tmp_path, asked_for(SESSION, bench)).recomputed
    assert again.outcome == "DIFFERENT"
    assert again.notes == ("no such finding is raised",)


def test_finding_of_another_rule_set_says_so(tmp_path: Path) -> None:
    bench = _liar(tmp_path, rule_set_digest="e" * 64)
    again = _explained(tmp_path, asked_for(SESSION, bench)).recomputed
    now = RULE_SET.digest[:12]
    assert again.notes == (f"told by rule set {'e' * 12}, recomputed by rule set {now}",)


def test_rule_that_is_gone_and_digest_that_is_unknown_are_shown_as_such(tmp_path: Path) -> None:
    bench = _liar(tmp_path, rule="depth.gone", digests=["d" * 64])
    asked = asked_for(SESSION, bench, rule="depth.gone")
    told = _explained(tmp_path, asked)
    assert (told.rule, told.rests_on, told.unresolved_digests) == (None, (), ("d" * 64,))
    assert told.recomputed.outcome == "DIFFERENT"


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a journal in which the sample clinics are on record."""
    folder = tmp_path_factory.mktemp("clinics")
    bench = JudgeBench(folder)
    bench.record(registry_messages(), step_ms=1)
    bench.close()
    return folder


@settings(max_examples=8)
@given(scene=scenes(), order=ORDERS, waits_ms=WAITS, too_late=st.integers(0, 5))
def test_whatever_was_said_comes_out_again_however_late_and_mixed_up_it_came(
    clinics: Path, scene: Scene, order: tuple[int, int], waits_ms: list[int], too_late: int
) -> None:
    with TemporaryDirectory() as name:
        copytree(clinics, name, dirs_exist_ok=True)
        bench = JudgeBench(Path(name))
        messages = mixed(scene.messages(), *order)
        count = len(messages) - too_late
        arrivals(bench, messages[:count], waits_ms)
        close_by_silence(bench)
        arrivals(bench, messages[count:], waits_ms)
        close_by_silence(bench)
        bench.judge()
        bench.close()
        for told in _everything(bench):
            again = told.recomputed
            assert again.outcome != "DIFFERENT", (told.session, told.generation, told.number)
            if again.outcome == "not possible":
                assert told.finding.rule == LATE.id or told.generation < told.newest_generation


def _everything(bench: JudgeBench) -> Iterator[Explanation]:
    with (
        JournalReader(bench.folder / "journal.db") as reader,
        Index(bench.folder / "index.db", read_only=True) as index,
    ):
        for stream in reader.streams_of_class("session", newest=10):
            key = stream.key
            session = SessionId(key.clinic, key.sender, key.stream_id)
            for generation in read_generations(reader, session):
                for told in generation.findings:
                    yield explain(
                        reader, index, Asked(key.stream_id, told.number, generation.number)
                    )


# --- what cannot be explained -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("nothing", 0), "there is no session nothing"),
        (Asked(SESSION.stream_id(RUN), 99), "has no finding 99"),
        (Asked(SESSION.stream_id(RUN), 0, 99), "has no generation g99"),
        (Asked(SESSION.stream_id(RUN), 0, clinic="south-clinic"), "there is no session"),
    ],
)
def test_what_is_not_on_record_is_refused_with_what_is(
    kept: JudgeBench, asked: Asked, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        _explained(kept.folder, asked)
    assert caught.value.remedy


def test_finding_whose_session_was_erased_is_refused(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    session = session_of(0, minutes=0.1)
    record_crossing(bench, session, justified=False)
    key = {"clinic": "north-clinic", "sender": "pen-north-1", "stream_class": "session"}
    order = erasure_message("north-clinic", streams=[key | {"stream_id": session.stream_id(RUN)}])
    bench.record([order])
    bench.judge()
    bench.close()
    with pytest.raises(UsageError, match="was erased by order of entry"):
        _explained(tmp_path, Asked(session.stream_id(RUN), 0))


def test_session_that_the_index_does_not_know_yet_is_refused(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    record_crossing(bench, SESSION, justified=False)
    bench.judge(index_name="behind.db", batches=0)
    bench.close()
    with pytest.raises(UsageError, match="the index does not know"):
        _explained(tmp_path, asked_for(SESSION, bench), "behind.db")


def test_index_that_lags_behind_the_verdict_proves_nothing_yet(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    record_crossing(bench, SESSION, justified=False)
    newest = asked_for(SESSION, bench)
    with JournalReader(bench.bench.path) as reader, Index(tmp_path / "behind.db") as index:
        follower = Follower(reader, index, bench.send)
        last_id = _explained(tmp_path, newest).recomputed.as_of_entry_id
        for entry in reader.read_after(0, limit=last_id - 1):
            index.begin()
            follower.take(entry)
            follower.head = Head(entry.entry_id, entry.entry_hash)
        follower.commit()
    bench.close()
    again = _explained(tmp_path, newest, "behind.db").recomputed
    assert (again.outcome, again.as_of_entry_id) == ("not possible", last_id)
