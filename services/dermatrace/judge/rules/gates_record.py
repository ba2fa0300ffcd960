"""Gates of the record: what the law calls it is known, and what was crossed is explained."""

from collections.abc import Collection
from typing import Final

from dermatrace.judge.banding import ROUNDING
from dermatrace.judge.case import Case
from dermatrace.judge.defaults import NOT_MEDICAL_DEPTH
from dermatrace.judge.rules.circumstances import (
    MEDICAL,
    digests_of,
    listed,
    standing_approvals,
)
from dermatrace.judge.rules.classes import boundaries_of, covers
from dermatrace.judge.rules.row import AnyRule, GateRule, Hit, MomentRule
from dermatrace.judge.state import Standing, names

_UNCLASSIFIED: Final = "gate.unclassified"


def _unclassified(case: Case) -> tuple[Hit, ...]:
    windows, numbers = case.windows, case.state.numbers
    depths = _set_depths(case)
    if windows is not None and len(depths) == 1 and numbers.get(_UNCLASSIFIED) in depths:
        return ()  # as in the document before, nearly always
    open_mm = [d for d in depths if d and not _is_classified(case, d)]
    if not open_mm and len(depths) == 1 and windows is not None:
        numbers[_UNCLASSIFIED] = next(iter(depths)) or 0.0
    if not open_mm or _is_under_approved_protocol(case):
        return ()
    if windows is not None and windows.commanded is not None:  # set in the air is no treatment
        pairs = zip(windows.commanded, windows.contact_strokes, strict=True)
        open_mm = [d for d, strokes in pairs if strokes and d in open_mm]
    if not open_mm:
        return ()
    depth_mm, law = max(open_mm), case.context.registry.jurisdiction
    if law is None:
        whose, limit_mm = "no law was on record", NOT_MEDICAL_DEPTH.value
    else:
        whose, limit_mm = f"no class boundary of {law.registry_id} speaks of it", None
    return (
        Hit(
            sentence=f"A set depth of {depth_mm:g} mm at {case.spot.name} needs "
            f"classification: {whose}, and no approved medical treatment protocol covers it.",
            spot=case.spot,
            measured_value=depth_mm,
            limit_value=limit_mm,
            unit="mm",
            digests=digests_of(law),
        ),
    )


def _set_depths(case: Case) -> Collection[float | None]:
    """Return each depth set in the document in hand, in contact or not."""
    if case.windows is not None:
        return set(case.windows.commanded or ())
    return () if case.shot is None else case.shot.commanded


def _is_classified(case: Case, depth_mm: float) -> bool:
    if case.context.registry.jurisdiction is None:
        return depth_mm <= NOT_MEDICAL_DEPTH.value + ROUNDING
    return any(covers(boundary, depth_mm) for boundary in boundaries_of(case))


def _is_under_approved_protocol(case: Case) -> bool:
    """Whether an approved treatment protocol has settled that this zone is treated medically."""
    protocol, zone = case.context.protocol, case.spot.zone
    if protocol is None or protocol.treatment not in MEDICAL:
        return False
    is_covered = protocol.zones is None or zone is None or zone in protocol.zones
    return is_covered and bool(standing_approvals(case.context))


def _classification(case: Case) -> Hit | None:
    """Return the first depth that needs classification."""
    found = next((f for f in case.state.findings if f.rule == _UNCLASSIFIED), None)
    return None if found is None else Hit(sentence=found.sentence, digests=tuple(found.digests))


def _justification(case: Case) -> Hit | None:
    session = case.context.session
    keys = [
        key
        for justification in case.context.chart.justifications
        for key in justification.findings
        if (key.session.sender, key.session.stream_id) == (session.sender, session.stream_id)
    ]
    unexplained = [
        finding
        for finding in case.state.findings
        if _wants_justification(finding) and not any(names(key, finding) for key in keys)
    ]
    if not unexplained:
        return None
    count = f"{len(unexplained)} findings have" if len(unexplained) > 1 else "A finding has"
    sentence = f"{count} no justification; the first is {unexplained[0].rule}."
    return Hit(sentence=sentence, measured_value=float(len(unexplained)), limit_value=0.0, unit="1")


def _wants_justification(finding: Standing) -> bool:
    if finding.nature != "treatment":
        return False
    return finding.priority != "low" or finding.envelope == "cleared_label"


RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id=_UNCLASSIFIED,
        meaning="Needling at this depth may or may not have been a medical treatment: neither "
        "the law on record nor an approved medical treatment protocol says so.",
        envelopes=("operator_scope",),
        priority="medium",
        nature="treatment",
        persistence="One document with the needles on skin",
        clearing="Never",
        source="FDA guidance of 10 November 2020 sets no depth; laws and conventions differ",
        trust="S",
        when=("windows", "shot"),
        look=_unclassified,
        applies=lambda case: not _is_under_approved_protocol(case),
    ),
    GateRule(
        id="gate.classification",
        gate="classification",
        meaning="It was not settled whether this was a medical treatment.",
        envelopes=("operator_scope",),
        priority="medium",
        nature="treatment",
        persistence="One set depth that needs classification",
        clearing="As soon as a law on record or an approved treatment protocol settles it",
        source="FDA guidance of 10 November 2020 sets no depth; laws and conventions differ",
        trust="S",
        due="closed",
        raises=False,
        look=_classification,
        demanded=lambda _case: True,  # a depth nobody has classified is never passed in silence
    ),
    GateRule(
        id="gate.justification",
        gate="justification",
        meaning="Limits were crossed, and nobody has written down why that was accepted.",
        envelopes=("none",),
        priority="medium",
        nature="treatment",
        persistence="One finding about the treatment that is of high or medium priority or "
        "outside the cleared label",
        clearing="As soon as each is named in a justification",
        source="Off-label use is a physician's decision; it wants to be justified and counted",
        trust="U",
        due="closed",
        raises=False,
        look=_justification,
        demanded=listed("justification"),
    ),
)
