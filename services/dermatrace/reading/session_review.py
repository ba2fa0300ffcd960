"""One session as people review it: identity, verdict, findings, zones, chart, generations.

The same facts make the console's page, its JSON and the printed report.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dermatrace.journal.certificate import Certificate
from dermatrace.judge.chart import Chart
from dermatrace.reading.index_file import HOW_TO_GET_IT
from dermatrace.reading.session_chart import ChartLine, chart_lines
from dermatrace.reading.session_facts import Page, generation_json, open_gates_of, pins_of
from dermatrace.reading.session_findings import FindingLine, counts, findings_of
from dermatrace.reading.session_identity import Identity, identity_of
from dermatrace.reading.session_limits import Limits
from dermatrace.reading.session_reading import SessionReading
from dermatrace.reading.session_zones import ZoneLine, zones_of
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.session import Modality
from dermatrace_schemas.treatment import GATES
from dermatrace_schemas.verdict import VerdictSummary

GateState: TypeAlias = Literal["open", "closed", "not_asked"]


@dataclass(frozen=True, slots=True)
class GateLine:
    """One thing the treatment protocol wants known about the visit."""

    gate: str
    state: GateState


@dataclass(frozen=True, slots=True)
class GenerationLine:
    """One judgement of the session, as far as it is on record."""

    generation: int
    cause: str | None
    protocol: RegistryPin | None
    outcome: str | None
    grade: str | None
    finding_count: int
    rule_set_digest: str | None
    as_of_entry_id: int | None


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that is told of one session."""

    identity: Identity
    certificate: Certificate
    is_judged: bool
    adherence: float | None
    why_not: str | None
    """Why adherence cannot be assessed; null also while the session is open."""
    data_coverage: float | None
    adherent: bool
    """Never with an open gate, nor by an example that ships with the software."""
    open_gates: tuple[str, ...]
    gates: tuple[GateLine, ...]
    verdict: str
    """One sentence."""
    findings: tuple[FindingLine, ...]
    """The highest priority first, then by number."""
    zones: tuple[ZoneLine, ...]
    chart: tuple[ChartLine, ...]
    generations: tuple[GenerationLine, ...]
    """The oldest first; the newest holds."""
    pins: tuple[RegistryPin, ...]
    notes: tuple[str, ...]
    """What the reader should know of what is not there."""


def review_of(page: Page, reading: SessionReading) -> Review:
    """Put together what is told of a session."""
    newest, found, context = page.newest, page.found, reading.context
    is_judged = page.is_judged
    findings = findings_of(page, context) if is_judged else ()
    summaries = newest.summaries if newest is not None and is_judged else []
    whole = next((told for told in summaries if told.scope == "session"), None)
    open_gates = tuple(open_gates_of(page) or ()) if is_judged else ()
    contact_ms = _contact_ms(page, reading)
    limits = Limits(context, reading.started, reading.modality)
    return Review(
        identity=identity_of(page, reading),
        certificate=page.certificate,
        is_judged=is_judged,
        adherence=None if whole is None else whole.adherence.fraction,
        why_not=None if whole is None else whole.adherence.why_not,
        data_coverage=None if whole is None else whole.data_coverage_fraction,
        adherent=whole is not None and whole.adherent and not open_gates,
        open_gates=open_gates,
        gates=_gates(found.asked_gates if found is not None and is_judged else (), open_gates),
        verdict=_verdict(page, findings, whole, open_gates, reading.modality),
        findings=findings,
        zones=tuple(zones_of(page, findings, limits)) if is_judged else (),
        chart=tuple(chart_lines(context.chart, contact_ms)) if context and is_judged else (),
        generations=tuple(
            GenerationLine(
                generation=one.number,
                protocol=one.protocol,
                **{
                    name: generation_json(one)[name]
                    for name in (
                        "cause",
                        "outcome",
                        "grade",
                        "finding_count",
                        "rule_set_digest",
                        "as_of_entry_id",
                    )
                },
            )
            for one in page.generations
        ),
        pins=tuple(pins_of(newest)) if is_judged else (),
        notes=(*_notes(page), *(_withdrawn(context.chart) if context and is_judged else ())),
    )


def _gates(asked: Sequence[str], open_gates: Sequence[str]) -> tuple[GateLine, ...]:
    def state(gate: str) -> GateState:
        if gate in open_gates:
            return "open"
        return "closed" if gate in asked else "not_asked"

    return tuple(GateLine(gate, state(gate)) for gate in GATES)


def _contact_ms(page: Page, reading: SessionReading) -> int | None:
    """Return when the needles first touched skin, by the device's clock."""
    seq = None if page.found is None else page.found.first_contact_seq
    span = None if seq is None else reading.axis.span(seq, seq)
    origin_ms = reading.axis.origin_ms
    return None if span is None or origin_ms is None else origin_ms + span[0]


def _verdict(
    page: Page,
    findings: Sequence[FindingLine],
    whole: VerdictSummary | None,
    open_gates: Sequence[str],
    modality: Modality | None,
) -> str:
    """Say in one sentence what came out; what cannot be said is said as such."""
    if page.certificate.erased_by is not None:
        return f"Erased by order of entry {page.certificate.erased_by}."
    if not page.is_judged:
        return "Not judged yet."
    number = counts(findings)
    told = ", ".join(f"{count} {name}" for name, count in number.items() if count)
    parts = [f"{len(findings)} findings ({told})" if findings else "No finding"]
    parts[0] = parts[0].replace("1 findings", "1 finding") if len(findings) == 1 else parts[0]
    if whole is None:
        parts.append("the session has not ended")
    elif whole.adherence.fraction is None:
        why = (whole.adherence.why_not or "").replace("_", " ")
        parts.append(f"adherence cannot be assessed: {why}")
    elif whole.adherent:
        parts.append("adherent to the treatment protocol")
    else:
        kept, of = whole.adherence.within_count, whole.adherence.assessed_count
        what = "treatment shots" if modality == "rf" else "contact strokes"
        parts.append(f"{kept:,} of {of:,} {what} within every band of the treatment protocol")
    if open_gates:
        names_of = ", ".join(gate.replace("_", " ") for gate in open_gates)
        parts.append(f"open: {names_of}")
    return "; ".join(parts) + "."


def _withdrawn(chart: Chart) -> Iterable[str]:
    count = len(chart.withdrawn_seqs)
    if count:
        words = "1 document is" if count == 1 else f"{count} documents are"
        yield (
            f"{words} withdrawn by a correction: shown crossed, and left out of findings, medians,"
            " doses and adherence."
        )


def _notes(page: Page) -> Iterable[str]:
    newest, found = page.newest, page.found
    if page.certificate.erased_by is not None:
        return
    if found is None and not page.has_index:
        yield f"There is no index.db: limits and what people told are not known. {HOW_TO_GET_IT}"
    elif found is None:
        yield "The judge has not come to this session: limits and open gates are not known here."
    elif newest is None or newest.number != found.generation:
        yield (
            f"The judge is at generation {found.generation}, which is not on record yet: its"
            " verdict waits to be sent."
        )
