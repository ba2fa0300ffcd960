"""The same judgement says the same bytes, however it was come by."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from dermatrace.judge.case import Ending
from dermatrace.judge.context import SessionContext
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import fingerprint, word_counts, word_event, word_summary
from dermatrace.judge.raising import Event
from dermatrace.judge.state import Standing
from dermatrace.judge.summarising import count_findings, summaries
from support.cases import kept_and_read, played, sample_context
from support.visit_cases import ORDERLY, started, strokes

DEEP: Final = Standing(
    number=3,
    rule="depth.set_above",
    envelope="clinic_protocol",
    priority="high",
    nature="treatment",
    zone="cheek",
    laterality="left",
    first_seq=4,
    last_seq=9,
    measured_value=2.0,
    limit_value=1.0,
    unit="mm",
    digests=["a" * 64],
    sentence="It was too deep.",
    extreme_value=3.0,
)


def words_of(judge: SessionJudge, context: SessionContext, ending: Ending) -> bytes:
    """Return everything that is said of a judgement, as bytes."""
    told: list[Any] = [word_event(Event("raised", s), context) for s in judge.state.findings]
    told += [word_event(Event("cleared", s), context) for s in judge.state.findings]
    told += [word_summary(summary) for summary in summaries(judge, ending)]
    told += [word_counts(count_findings(judge, None))]
    return json.dumps(told).encode()


@pytest.mark.parametrize("device_number", [0, 1, 2, 3])
def test_judgement_kept_and_read_half_way_says_the_same_bytes(device_number: int) -> None:
    documents, context = played(device_number), sample_context(device_number, is_charted=False)
    half, ending = len(documents) // 2, Ending(expected_count=len(documents))
    whole, first = SessionJudge(context), SessionJudge(context)
    for document in documents:
        whole.feed(document)
    for document in documents[:half]:
        first.feed(document)
    again = SessionJudge(context, kept_and_read(first.state))
    for document in documents[half:]:
        again.feed(document)
    for judge in (whole, again):
        judge.close(ending)
    assert whole.state.findings
    assert words_of(again, context, ending) == words_of(whole, context, ending)
    marks = [
        fingerprint(judge.state.findings, summaries(judge, ending), context.registry.pins)
        for judge in (whole, again)
    ]
    assert marks[0] == marks[1]


def test_whole_number_reads_the_same_before_and_after_it_was_kept() -> None:
    whole = replace(DEEP, measured_value=2, limit_value=1, extreme_value=3)
    for event in ("raised", "cleared"):
        said = [json.dumps(word_event(Event(event, one), ORDERLY)) for one in (whole, DEEP)]
        assert said[0] == said[1]
    assert fingerprint([whole], [], []) == fingerprint([DEEP], [], [])


def test_saying_a_judgement_changes_nothing_of_it() -> None:
    judge = SessionJudge(ORDERLY)
    for document in (started(), strokes(1, zone="chin")):
        judge.feed(document)
    assert judge.state.findings
    before = kept_and_read(judge.state)
    words_of(judge, ORDERLY, Ending(expected_count=2))
    fingerprint(judge.state.findings, [], [])
    assert judge.state == before
