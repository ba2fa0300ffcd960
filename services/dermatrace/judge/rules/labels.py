"""What the cleared label covers: age, phototype, zone, use and setting, judged together.

One indication of the label must cover zone, phototype and age at once; what one allows at the neck
does not make up for what another demands of the face. If the plan says for which indication the
treatment is, only that one counts. Outside the label is no fault, but it wants a reason.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from dermatrace.judge.case import Case
from dermatrace.judge.rules.circumstances import digests_of, in_a_row, touches
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.quantities import Limit
from dermatrace_schemas.registry_devices import Label, LabelIndication
from dermatrace_schemas.zones import ZONE_BY_CODE

_AGES_IN: Final[dict[str, tuple[int, int | None]]] = {
    "under_18": (0, 17),
    "18_21": (18, 21),
    "22_29": (22, 29),
    "30_39": (30, 39),
    "40_49": (40, 49),
    "50_59": (50, 59),
    "60_plus": (60, None),
}
"""Youngest and oldest age, in completed years, of each band of the plan."""
Look: TypeAlias = Callable[[Case], tuple[Hit, ...]]
_PHOTOTYPES: Final = frozenset({"I", "II", "III", "IV", "V", "VI"})


def _label(case: Case) -> Label | None:
    model = case.context.device_model
    return None if model is None else model.label


def _whose(case: Case) -> str:
    model = case.context.device_model
    return (
        "the cleared label"
        if model is None
        else (f"the cleared label of {model.vendor} {model.model}")
    )


def _hit(case: Case, sentence: str, about: str = "") -> Hit:
    """Return a hit for what is surely outside the label."""
    return Hit(
        sentence=f"{sentence} That is no fault and wants a justification.",
        about=about,
        digests=digests_of(case.context.registry.device_model),
    )


def _unknown(case: Case, sentence: str, about: str = "") -> Hit:
    """Return a hit for what nobody can tell; it asks no one to justify anything."""
    return Hit(
        sentence=sentence,
        envelope="none",
        priority="low",
        about=about,
        digests=digests_of(case.context.registry.device_model),
    )


def _planned(case: Case) -> Sequence[LabelIndication]:
    """Return the indications that count: the planned one if it is on the label, else all."""
    label, planned = _label(case), case.context.chart.plan.indication
    if label is None:
        return ()
    if planned is None:
        return label.indications
    return [found for found in label.indications if found.indication == planned]


def _at_zone(case: Case) -> list[LabelIndication]:
    """Return those that cover the zone in hand; an unknown zone rules none of them out."""
    zone = case.spot.zone
    return [
        found
        for found in _planned(case)
        if zone is None or found.zones is None or zone in found.zones
    ]


def _covers_phototype(case: Case, found: LabelIndication) -> bool | None:
    """Return whether an indication covers the phototype, or None if that is not known."""
    phototype, covered = case.context.chart.phototype, found.phototypes
    if covered is None or set(covered) >= _PHOTOTYPES:
        return True
    return None if phototype is None else phototype in covered


def _covers_age(case: Case, found: LabelIndication) -> bool | None:
    """Return whether an indication covers every age of the band, or None if it may not."""
    age_min_a = _number(found.age_min)
    if age_min_a is None:
        return True
    band = case.context.chart.plan.age_band
    if band is None:
        return None
    youngest, oldest = _AGES_IN[band]
    if youngest >= age_min_a:
        return True
    return False if oldest is not None and oldest + 1 <= age_min_a else None


def _number(limit: Limit | None) -> float | None:
    return None if limit is None else limit.value


def _any(told: Iterable[bool | None]) -> bool | None:
    """Return True if one is, None if one may be, else False."""
    answers = set(told)
    return True if True in answers else None if None in answers else False


def _where_needled(rule: str, look: Look) -> Look:
    """Return the look at zones where needles touch; a zone once found covered stays so.

    All it depends on is fixed for a judgement but the zone, and it is asked ten times a second.
    """

    def asked(case: Case) -> tuple[Hit, ...]:
        zone, numbers = case.spot.zone, case.state.numbers
        key = f"{rule}:{zone}"
        if key in numbers or not touches(case):
            return ()
        hits = look(case)
        if not hits and (zone is None or zone in ZONE_BY_CODE):  # so there are few of them
            numbers[key] = 1.0
        return hits

    return asked


def _indication(case: Case) -> tuple[Hit, ...]:
    planned = case.context.chart.plan.indication
    if planned is None or _label(case) is None or _planned(case):
        return ()
    return (_hit(case, f"Indication {planned} was outside {_whose(case)}."),)


def _setting(case: Case) -> tuple[Hit, ...]:
    label, started = _label(case), case.state.started
    if label is None or label.settings is None or started is None:
        return ()
    allowed = " or ".join(label.settings)
    if started.setting is None:
        sentence = f"Whether the setting was one of {_whose(case)} ({allowed}) cannot be assessed."
        return (_unknown(case, sentence),)
    if started.setting in label.settings:
        return ()
    sentence = f"Use in setting {started.setting} was outside {_whose(case)} ({allowed})."
    return (_hit(case, sentence),)


def _zone(case: Case) -> tuple[Hit, ...]:
    if case.spot.zone is None or not _planned(case) or _at_zone(case):
        return ()
    uses = in_a_row([found.indication for found in _planned(case)])
    hit = _hit(case, f"Treatment at {case.spot.name} was outside {_whose(case)} for {uses}.")
    return (replace(hit, spot=case.spot),)


def _phototype(case: Case) -> tuple[Hit, ...]:
    found = _at_zone(case)
    if not found:
        return ()  # outside the label as it is: `label.zone` and `label.indication` say so
    covered = _any(_covers_phototype(case, indication) for indication in found)
    if covered:
        return ()
    uses = in_a_row([indication.indication for indication in found])
    types = sorted({name for indication in found for name in indication.phototypes or ()})
    allowed = f"{_whose(case)} for {uses} (phototypes {', '.join(types)})"
    if covered is None:
        sentence = f"Whether the phototype was within {allowed} cannot be assessed: it is unknown."
        return (_unknown(case, sentence, uses),)
    return (_hit(case, f"Phototype {case.context.chart.phototype} was outside {allowed}.", uses),)


def _age(case: Case) -> tuple[Hit, ...]:
    found = _at_zone(case)
    if not found:
        return ()
    fitting = [i for i in found if _covers_phototype(case, i) is not False] or found
    covered = _any(_covers_age(case, indication) for indication in fitting)
    if covered:
        return ()
    uses = in_a_row([indication.indication for indication in fitting])
    ages_a = [a for a in (_number(i.age_min) for i in fitting) if a is not None]
    allowed = f"{_whose(case)} for {uses} (from {min(ages_a):g} years)"
    if covered is None:
        sentence = f"Whether the age was within {allowed} cannot be assessed: it is not known "
        return (_unknown(case, sentence + "exactly enough.", uses),)
    youngest, oldest = _AGES_IN[case.context.chart.plan.age_band or ""]
    hit = _hit(case, f"An age of {youngest} to {oldest} years was outside {allowed}.", uses)
    return (replace(hit, limit_value=min(ages_a), unit="a"),)


_label_rule = partial(
    MomentRule,
    envelopes=("cleared_label", "none"),
    priority="medium",
    nature="treatment",
    persistence="None: one document that shows it",
    clearing="Never",
    source="Indications for use in 510(k) summaries; 21 CFR 878.4430",
    trust="V",
    when=("worked",),
)

RULES: Final[tuple[AnyRule, ...]] = (
    _label_rule(
        id="label.indication",
        meaning="The device is not cleared for what it was used for here. A physician may do "
        "that; it wants a reason.",
        envelopes=("cleared_label",),
        priority="low",
        when=("first_contact",),
        look=_indication,
    ),
    _label_rule(
        id="label.setting",
        meaning="The device is not cleared for use in this setting.",
        when=("started",),
        look=_setting,
    ),
    _label_rule(
        id="label.zone",
        meaning="The device is not cleared for this part of the body. A physician may use it "
        "there; it wants a reason.",
        envelopes=("cleared_label",),
        priority="low",
        look=_where_needled("label.zone", _zone),
    ),
    _label_rule(
        id="label.phototype",
        meaning="The device was not shown to be safe on skin of this type. A physician may use it "
        "there; it wants a reason.",
        look=_where_needled("label.phototype", _phototype),
    ),
    _label_rule(
        id="label.age",
        meaning="The device was not shown to be safe at this age. A physician may use it; it "
        "wants a reason.",
        look=_where_needled("label.age", _age),
    ),
)
