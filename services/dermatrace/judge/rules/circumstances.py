"""What several families of rules ask about a case before they look closer."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.context import SessionContext
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rules.row import GateRule
from dermatrace_schemas.finding import DIGESTS_PER_FINDING_MAX, Priority
from dermatrace_schemas.registry_protocols import ApprovalContent
from dermatrace_schemas.treatment import Gate, Treatment

MEDICAL: Final[frozenset[Treatment]] = frozenset({"medical_needling", "rf_needling"})
"""Treatments that nobody may give without a director, an approval, a scope and a cleared device."""

NAMED_MAX: Final = 8
"""Things a sentence names one by one; of the others it says how many they are."""


def is_medical(case: Case) -> bool:
    """Whether the treatment protocol is of a medical treatment."""
    protocol = case.context.protocol
    return protocol is not None and protocol.treatment in MEDICAL


def uses_rf(case: Case) -> bool:
    """Whether anything shows that energy is delivered: device, treatment protocol or a shot."""
    protocol = case.context.protocol
    if case.modality == "rf" or case.shot is not None:
        return True
    if protocol is not None and protocol.treatment == "rf_needling":
        return True
    return any(t.treatment_shot_count or t.test_shot_count for t in case.state.tallies.values())


def gravity(case: Case) -> Priority:
    """How much it weighs that nobody has the authority for this: high if it is medical."""
    return "high" if is_medical(case) or uses_rf(case) else "medium"


def listed(gate: Gate) -> Callable[[Case], bool]:
    """Return the question whether the treatment protocol lists a gate."""

    def demanded(case: Case) -> bool:
        protocol = case.context.protocol
        return protocol is not None and gate in protocol.gates

    return demanded


def listed_or_medical(gate: Gate) -> Callable[[Case], bool]:
    """Return the question whether a gate is listed or the treatment is medical anyway."""
    is_listed = listed(gate)
    return lambda case: is_medical(case) or is_listed(case)


def touches(case: Case) -> bool:
    """Whether the needles are on or in skin in the document in hand."""
    if case.windows is not None:
        return any(case.windows.contact_strokes)
    return case.shot is not None


def is_late(case: Case, told_ms: int | None, entered_ms: int | None = None) -> bool | None:
    """Return whether something came after the first contact, or None if that cannot be told.

    What was typed in before the contact had happened by then, whenever that was.
    """
    contact, clock = case.state.first_contact, case.state.clock
    if contact is None:
        return False
    if contact.at_ms is None or clock.stepped:
        return None
    if told_ms is not None:
        return told_ms > contact.at_ms
    return False if entered_ms is not None and entered_ms <= contact.at_ms else None


def is_answered_late(case: Case, question: str) -> bool:
    """Whether a question was answered, but surely not before the first contact."""
    times_ms = case.context.chart.answered_ms.get(question, ())
    return bool(times_ms) and all(is_late(case, *time_ms) is True for time_ms in times_ms)


def standing_approvals(context: SessionContext) -> list[Version]:
    """Return the approvals of the treatment protocol whose director was appointed at the start."""
    appointed = {director.registry_id for director in context.registry.directors}
    return [
        approval
        for approval in context.registry.approvals
        if isinstance(approval.content, ApprovalContent)
        and approval.content.director_id in appointed
    ]


def is_validity_open(context: SessionContext, version: Version) -> bool:
    """Whether it cannot be told that a version held when the session began."""
    return context.started_ms is None and version.validity_ms != (None, None)


def words(code: str) -> str:
    """Return a code as it reads in a sentence: `medical needling`."""
    return code.replace("_", " ")


def in_a_row(names: Sequence[str]) -> str:
    """Return names for a sentence, as many as it can bear."""
    more = len(names) - NAMED_MAX
    return ", ".join([*names[:NAMED_MAX], f"{more} more"] if more > 0 else names)


def protocol_name(context: SessionContext) -> str:
    """For a sentence: `treatment protocol rf-1 version 2`."""
    version = context.registry.protocol
    if version is None:
        return "the treatment protocol"
    return f"treatment protocol {version.registry_id} version {version.version}"


def digests_of(*versions: Version | None) -> tuple[str, ...]:
    """Return what a finding rests on, each once."""
    known = dict.fromkeys(version.digest for version in versions if version is not None)
    return tuple(known)[:DIGESTS_PER_FINDING_MAX]


before_contact = partial(
    GateRule,
    envelopes=("clinic_protocol",),
    priority="medium",
    nature="treatment",
    persistence="None: it must be so when the needles first touch skin",
    clearing="Never; the gate closes as soon as the record says what was missing",
    due="first_contact",
)
"""Makes a gate that must be closed when the needles first touch skin."""
