"""What is told of a session: a verdict nobody can misread, findings with what people said."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.reading.session_facts import Page, gather
from dermatrace.reading.session_reading import SessionReading, context_of
from dermatrace.reading.session_review import Review, review_of
from support.session_scenes import (
    BROKEN_OFF,
    CALM,
    GAPS,
    HIGH,
    NOTHING,
    RUNNING,
    SHOTS,
    WITHDRAWN,
    Scene,
)

Change = Callable[[Page], Page]


def _unchanged(page: Page) -> Page:
    return page


def _review(folder: Path, scene: Scene, change: Change = _unchanged) -> Review:
    with (
        JournalReader(folder / "journal.db") as reader,
        Index(folder / "index.db", read_only=True) as index,
    ):
        (stream,) = reader.streams_named("session", scene.address.rpartition("/")[2])
        reading = SessionReading(context_of(reader, index, stream))
        reading.read(reader, stream)
        return review_of(change(gather(reader, index, stream)), reading)


def test_verdict_says_what_was_kept_and_what_is_open(scenes: Path) -> None:
    calm, gaps = _review(scenes, CALM), _review(scenes, GAPS)
    assert calm.verdict.startswith("No finding; 3,615 of 3,615 contact strokes within every band")
    assert "open:" not in calm.verdict
    assert "open: operator scope, consent" in gaps.verdict
    assert "26 of 30 treatment shots" in _review(scenes, SHOTS).verdict


def test_verdict_of_a_session_that_goes_on_or_has_no_protocol_claims_nothing(scenes: Path) -> None:
    running, nothing = _review(scenes, RUNNING), _review(scenes, NOTHING)
    assert "has not ended" in running.verdict
    assert running.adherence is None
    assert running.why_not is None
    assert "cannot be assessed: no protocol" in nothing.verdict


@pytest.mark.parametrize("scene", [CALM, GAPS, SHOTS, BROKEN_OFF], ids=lambda one: one.name)
def test_shipped_example_is_never_kept_to(scenes: Path, scene: Scene) -> None:
    review = _review(scenes, scene)
    assert review.identity.is_example
    assert not review.adherent
    assert "adherent" not in review.verdict


def test_open_gate_forbids_the_word_whatever_a_verdict_on_record_says(scenes: Path) -> None:
    def tampered(page: Page) -> Page:
        newest = page.newest
        assert newest is not None
        assert page.found is not None
        newest.summaries = [one.model_copy(update={"adherent": True}) for one in newest.summaries]
        return replace(page, found=replace(page.found, open_gates=("consent",)))

    assert not _review(scenes, CALM, tampered).adherent


def test_findings_stand_by_priority_with_the_reasons_people_gave(scenes: Path) -> None:
    findings = _review(scenes, HIGH).findings
    order = [one.priority for one in findings]
    assert order == sorted(order, key=["high", "medium", "low"].index)
    assert all(one.reasons[0].author == "north-physician" for one in findings)
    assert all(one.is_cleared for one in findings)
    assert {one.first_seq for one in _review(scenes, GAPS).findings} >= {None}


def test_zones_stand_with_their_findings_and_their_budget(scenes: Path) -> None:
    zones = {one.name: one for one in _review(scenes, HIGH).zones}
    assert zones["right cheek"].findings == {"high": 2, "medium": 2, "low": 0}
    assert zones["left cheek"].findings["high"] == 0
    budget = zones["forehead"].budget
    assert budget is not None
    assert (budget.quantity, budget.used, budget.limit) == ("pass_count", 2, 3)
    assert _review(scenes, RUNNING).zones, "a session that goes on has its zones so far"


def test_chart_says_when_consent_was_signed(scenes: Path) -> None:
    chart = _review(scenes, CALM).chart
    (consent,) = [one for one in chart if one.sort == "consent"]
    assert consent.words == "medical needling: given, signed before the first contact"
    assert {one.sort for one in chart} >= {"exam", "answers", "observation", "photo"}
    (answers,) = [one for one in _review(scenes, GAPS).chart if one.sort == "answers"]
    assert answers.words.endswith("unknown: herpes")


def test_generations_stand_with_their_causes(scenes: Path) -> None:
    generations = _review(scenes, HIGH).generations
    assert [one.generation for one in generations] == list(range(len(generations)))
    assert generations[0].cause == "live"


def test_what_the_judge_has_not_come_to_is_said(scenes: Path) -> None:
    review = _review(scenes, CALM, lambda page: replace(page, found=None, generations=[]))
    assert review.verdict == "Not judged yet."
    assert any("has not come to this session" in note for note in review.notes)
    assert (review.findings, review.zones, review.chart) == ((), (), ())


def test_what_was_withdrawn_is_listed_with_its_reason_and_noted(scenes: Path) -> None:
    review = _review(scenes, WITHDRAWN)
    told = [line.words for line in review.chart if line.sort == "correction"]
    assert told == [
        f"document {seq} withdrawn: The pen lay on the table." for seq in WITHDRAWN.withdrawn
    ]
    assert [note for note in review.notes if note.startswith("3 documents are withdrawn")]
    assert not [note for note in _review(scenes, CALM).notes if "withdrawn" in note]
