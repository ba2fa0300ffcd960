"""What people have told about a session's visit, each fact as one line. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dermatrace.judge.chart import Chart
from dermatrace.judge.spot import Spot
from dermatrace.reading.registry_text import moment
from dermatrace_schemas.chart import AdverseEvent, ChartDocument, ChartObservation
from dermatrace_schemas.session import Place

Sort: TypeAlias = Literal[
    "consent",
    "exam",
    "answers",
    "observation",
    "photo",
    "zone",
    "correction",
    "seen",
    "justification",
]


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One fact somebody has told."""

    sort: Sort
    words: str
    author: str | None
    at_ms: int | None
    """When it happened or held; null if nobody knows."""
    entered_ms: int | None
    """When it was typed in."""


def chart_lines(chart: Chart, first_contact_ms: int | None) -> list[ChartLine]:
    """Return what is told, by sort, in the order it was told in."""
    return [
        *_consents(chart, first_contact_ms),
        *_exams(chart),
        *_answers(chart),
        *_observations(chart),
        *_photos(chart),
        *_about_the_record(chart),
    ]


def _consents(chart: Chart, first_contact_ms: int | None) -> Iterator[ChartLine]:
    for told in chart.consents:
        words = f"{told.procedure.replace('_', ' ')}: {told.decision}"
        if told.signed_ms is None:
            words += ", signed nobody knows when"
        elif first_contact_ms is not None:
            when = "before" if told.signed_ms < first_contact_ms else "after"
            words += f", signed {when} the first contact"
        yield _line("consent", words, told, told.signed_ms)


def _exams(chart: Chart) -> Iterator[ChartLine]:
    for told in chart.exams:
        manner = (told.manner or "manner unknown").replace("_", " ")
        words = f"{(told.outcome or 'outcome unknown').replace('_', ' ')}, {manner}"
        words += f", phototype {told.phototype}" if told.phototype else ""
        examiner = f", by {told.examiner}" if told.examiner else ""
        yield _line("exam", f"{words}{examiner}{_detail(told.detail)}", told)


def _answers(chart: Chart) -> Iterator[ChartLine]:
    """Yield one line for all questions: what was answered with yes, and what is unknown."""
    if not chart.answers:
        return
    by_value = {
        value: [code.replace("_", " ") for code, told in chart.answers.items() if told == value]
        for value in ("yes", "unknown")
    }
    parts = [f"{value}: {', '.join(codes)}" for value, codes in by_value.items() if codes]
    count = len(chart.answers)
    words = f"{count} questions answered, " + ("; ".join(parts) or "each with no")
    times = [time_ms for told in chart.answered_ms.values() for time_ms, _ in told if time_ms]
    yield ChartLine("answers", words, None, max(times, default=None), None)


def _observations(chart: Chart) -> Iterator[ChartLine]:
    for told in chart.observations:
        words = told.observed.replace("_", " ")
        words += f", {told.grade}" if told.grade else ""
        words += f", pain {told.pain_score} of 10" if told.pain_score is not None else ""
        words += _at(told.place) + _session(told) + _harm(told.adverse_event)
        yield _line("observation", f"{words}{_detail(told.detail)}", told)


def _session(told: ChartObservation) -> str:
    span, session = told.seq_range, told.session
    documents = "" if span is None else f"documents {span.first_seq} to {span.last_seq} of "
    return "" if session is None else f", from {documents}{session.stream_id}"


def _harm(event: AdverseEvent | None) -> str:
    if event is None:
        return ""
    parts = [event.category or "sort unknown", event.seriousness or "seriousness not judged"]
    told = (
        ("began", None if event.onset_ms is None else moment(event.onset_ms)),
        ("known to staff", None if event.aware_ms is None else moment(event.aware_ms)),
        ("device", event.device_udi),
        ("tip", event.tip_udi),
        ("the director:", event.director_part),
    )
    known = [f"{name} {value}" for name, value in told if value is not None]
    return "".join(f", {part}" for part in [*(p.replace("_", " ") for p in parts), *known])


def _photos(chart: Chart) -> Iterator[ChartLine]:
    for told in chart.photos:
        angle = f", {told.angle.replace('_', ' ')}" if told.angle else ""
        words = f"{(told.moment or 'moment unknown').replace('_', ' ')}{angle}{_at(told.place)}"
        yield _line("photo", f"{words}, consent {told.consent or 'not asked'}", told)


def _about_the_record(chart: Chart) -> Iterator[ChartLine]:
    for moved in chart.reattributions:
        span = moved.seq_range
        words = f"documents {span.first_seq} to {span.last_seq} were{_at(moved.place)}"
        yield _line("zone", f"{words}{_detail(moved.reason)}", moved)
    for wrong in chart.withdrawals:
        instead = wrong.replacement
        holds = "" if instead is None else f", {instead.seq} of {instead.stream_id} holds"
        words = f"document {wrong.earlier.seq} withdrawn{holds}: {wrong.reason}"
        yield _line("correction", words, wrong)
    for given in chart.justifications:
        named = ", ".join(dict.fromkeys(key.rule for key in given.findings))
        yield _line("justification", f"{named}: {given.reason}", given)
    for seen in chart.acknowledgements:
        named = ", ".join(dict.fromkeys(key.rule for key in seen.findings))
        yield _line("seen", f"{named}{_detail(seen.detail)}", seen)


def _line(sort: Sort, words: str, told: ChartDocument, at_ms: int | None = None) -> ChartLine:
    when_ms = told.fact_time_ms if at_ms is None else at_ms
    return ChartLine(sort, words, told.author, when_ms, told.entered_ms)


def _at(place: Place | None) -> str:
    spot = Spot.of(place)
    return "" if spot.zone is None else f" at {spot.name}"


def _detail(text: str | None) -> str:
    return "" if text is None else f": {text}"
