"""What people have said about a visit and its sessions, put together.

The order in which it arrived plays no part: within a stream facts are ordered by their numbers,
between streams by when they were typed in, then by their key. So a chart sent late reads like one
sent in time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias, TypeVar

from dermatrace.device_clock import plausible_ms
from dermatrace_schemas.chart import (
    ChartAnswers,
    ChartAttach,
    ChartConsent,
    ChartDocument,
    ChartExam,
    ChartObservation,
    ChartPhoto,
    ChartPlan,
)
from dermatrace_schemas.chart_review import (
    ChartAcknowledgement,
    ChartCorrection,
    ChartJustification,
    ChartZoneReattribution,
)
from dermatrace_schemas.questions import AnswerValue
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.session import Plan

D = TypeVar("D", bound=ChartDocument)
AnswerTime: TypeAlias = tuple[int | None, int | None]
"""When it was answered and when that was typed in, UTC; None where nobody says."""

FACTS_PER_VISIT_MAX: Final = 2_000
"""Chart documents of one visit or session that are judged; those typed in later are ignored, and
`data.too_many_facts` says so. A visit has some twenty."""


class FactKey(NamedTuple):
    """Which chart document, among those of one clinic."""

    sender: str
    stream_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One chart document, and where it stands."""

    key: FactKey
    entry_id: int
    document: ChartDocument

    @property
    def told_ms(self) -> int:
        """When it was typed in, as far as anybody knows; 0 if nobody does."""
        document = self.document
        told_ms = (document.entered_ms, document.wall_time_ms, document.fact_time_ms)
        return next((ms for ms in told_ms if plausible_ms(ms) is not None), None) or 0


@dataclass(frozen=True, slots=True)
class SessionId:
    """Which session of a clinic."""

    clinic: str
    sender: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """Chart and device say different things; the chart counts."""

    member: str
    chart: str
    device: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything people have told about one session's visit."""

    visit_id: str | None = None
    plan: Plan = field(default_factory=Plan)
    """Chart over device, member by member."""
    has_plan: bool = False
    """Whether anybody, person or device, said what was intended."""
    series_id: str | None = None
    differences: tuple[PlanDifference, ...] = ()
    claimed_visits: tuple[str, ...] = ()
    """Visits that the session has been attached to, in order; more than one is a double claim."""
    consents: tuple[ChartConsent, ...] = ()
    exams: tuple[ChartExam, ...] = ()
    answers: Mapping[str, AnswerValue] = field(default_factory=dict)
    """Question code to the latest answer; what was not asked is absent, which is not `no`."""
    answered_ms: Mapping[str, tuple[AnswerTime, ...]] = field(default_factory=dict)
    """Question code to when it was answered with yes or no, each time: told and typed in."""
    observations: tuple[ChartObservation, ...] = ()
    photos: tuple[ChartPhoto, ...] = ()
    reattributions: tuple[ChartZoneReattribution, ...] = ()
    justifications: tuple[ChartJustification, ...] = ()
    acknowledgements: tuple[ChartAcknowledgement, ...] = ()
    withdrawn_seqs: frozenset[int] = frozenset()
    """Documents of the session that a correction says not to go by."""
    withdrawals: tuple[ChartCorrection, ...] = ()
    """What says so."""
    registry_overrides: tuple[RegistryPin, ...] = ()
    """Versions to judge by instead of those in force when the session began."""
    ignored_count: int = 0
    """Facts beyond the bound."""

    @property
    def phototype(self) -> str | None:
        """As the examiner saw it, else as planned."""
        seen = [exam.phototype for exam in self.exams if exam.phototype is not None]
        return seen[-1] if seen else self.plan.phototype


def visit_of(session: SessionId, facts: Iterable[Fact], device_plan: Plan | None) -> str | None:
    """Return the visit a session belongs to: as last attached, else as its device says."""
    held = standing(in_order(facts))
    return _visit_of([f.document for f in held if _attaches(f, session)], device_plan)


def _visit_of(attached: Sequence[ChartDocument], device_plan: Plan | None) -> str | None:
    if attached:
        return attached[-1].visit_id
    return None if device_plan is None else device_plan.visit_id


def in_order(facts: Iterable[Fact]) -> list[Fact]:
    """Return facts in the order in which they are read: the later one of two holds.

    A stream's later number is never read before an earlier one, even if its clock was set back.
    """
    by_key = sorted(facts, key=lambda fact: fact.key)
    placed: list[tuple[int, FactKey, Fact]] = []
    for fact in by_key:
        told_ms = fact.told_ms
        if placed and placed[-1][1][:2] == fact.key[:2]:
            told_ms = max(told_ms, placed[-1][0])
        placed.append((told_ms, fact.key, fact))
    return [fact for _, _, fact in sorted(placed, key=itemgetter(0, 1))]


def put_together(session: SessionId, facts: Iterable[Fact], device_plan: Plan | None) -> Chart:
    """Build the chart of a session from every fact that names it or its visit."""
    told = in_order(facts)
    held = standing(told[:FACTS_PER_VISIT_MAX])
    attached = [f.document for f in held if _attaches(f, session)]
    visit_id = _visit_of(attached, device_plan)
    of_visit = [f for f in held if visit_id is not None and f.document.visit_id == visit_id]
    of_session = [f for f in held if _names_session(f, session)]
    plans = _documents(of_visit, ChartPlan)
    told_plan = plans[-1].plan if plans else None
    if attached:
        told_plan = (told_plan or Plan()).model_copy(update={"visit_id": visit_id})
    plan, differences = _merged(told_plan, device_plan)
    if attached and visit_id is None:
        plan = plan.model_copy(update={"visit_id": None})  # taken away, whatever the device says
    claimed = dict.fromkeys(a.visit_id for a in attached if a.visit_id is not None)
    answers, answered_ms = _answers(_documents(of_visit, ChartAnswers))
    corrections = _documents(held, ChartCorrection)
    withdrawals = tuple(
        c
        for c in corrections
        if c.registry_version is None
        and c.earlier.stream_class == "session"
        and (c.earlier.sender, c.earlier.stream_id) == (session.sender, session.stream_id)
    )
    return Chart(
        visit_id=visit_id,
        plan=plan,
        has_plan=bool(plans) or device_plan is not None,
        series_id=plans[-1].series_id if plans else None,
        differences=differences,
        claimed_visits=tuple(claimed),
        consents=_documents(of_visit, ChartConsent),
        exams=_documents(of_visit, ChartExam),
        answers=answers,
        answered_ms=answered_ms,
        observations=_documents(of_visit, ChartObservation),
        photos=_documents(of_visit, ChartPhoto),
        reattributions=_documents(of_session, ChartZoneReattribution),
        justifications=_documents(of_session, ChartJustification),
        acknowledgements=_documents(of_session, ChartAcknowledgement),
        withdrawn_seqs=frozenset(c.earlier.seq for c in withdrawals),
        withdrawals=withdrawals,
        registry_overrides=tuple(
            c.registry_version for c in corrections if c.registry_version is not None
        ),
        ignored_count=max(0, len(told) - FACTS_PER_VISIT_MAX),
    )


def _answers(
    forms: Iterable[ChartAnswers],
) -> tuple[dict[str, AnswerValue], dict[str, tuple[AnswerTime, ...]]]:
    """Return the latest answer to each question, and when it was answered with yes or no."""
    answers: dict[str, AnswerValue] = {}
    answered_ms: dict[str, tuple[AnswerTime, ...]] = {}
    for form in forms:
        answers |= form.answers
        time_ms = form.fact_time_ms, form.entered_ms
        for question, answer in form.answers.items():
            if answer != "unknown":
                answered_ms[question] = (*answered_ms.get(question, ()), time_ms)
    return answers, answered_ms


def standing(ordered: Iterable[Fact]) -> list[Fact]:
    """Leave out what a correction says not to go by, in their order.

    A correction that swaps a registry version leaves the document it names as it is, and one that
    a later correction withdraws has withdrawn nothing.
    """
    facts = list(ordered)
    withdrawn: set[FactKey] = set()
    for fact in reversed(facts):
        match fact.document:
            case ChartCorrection(earlier=earlier, registry_version=None) if (
                earlier.stream_class == "chart" and fact.key not in withdrawn
            ):
                withdrawn.add(FactKey(earlier.sender, earlier.stream_id, earlier.seq))
    return [fact for fact in facts if fact.key not in withdrawn]


def _documents(facts: Iterable[Fact], kind: type[D]) -> tuple[D, ...]:
    return tuple(fact.document for fact in facts if isinstance(fact.document, kind))


def _attaches(fact: Fact, session: SessionId) -> bool:
    document = fact.document
    return isinstance(document, ChartAttach) and _is(document.session, session)


def _names_session(fact: Fact, session: SessionId) -> bool:
    match fact.document:
        case ChartZoneReattribution(session=named):
            return _is(named, session)
        case ChartJustification(findings=findings) | ChartAcknowledgement(findings=findings):
            return any(_is(finding.session, session) for finding in findings)
    return False


def _is(named: object, session: SessionId) -> bool:
    sender, stream_id = getattr(named, "sender", None), getattr(named, "stream_id", None)
    return (sender, stream_id) == (session.sender, session.stream_id)


def _merged(chart: Plan | None, device: Plan | None) -> tuple[Plan, tuple[PlanDifference, ...]]:
    if chart is None or device is None:
        return chart or device or Plan(), ()
    told = chart.model_dump(exclude_none=True)
    shown = device.model_dump(exclude_none=True)
    differences = tuple(
        PlanDifference(member, str(told[member]), str(shown[member]))
        for member in told.keys() & shown.keys()
        if told[member] != shown[member]
    )
    ordered = tuple(sorted(differences, key=lambda difference: difference.member))
    return Plan.model_validate(shown | told), ordered
