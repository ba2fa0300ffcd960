"""Rules about how the treatment went, as people saw it and as its order shows."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from dermatrace.judge.bounds import value_of
from dermatrace.judge.case import Case
from dermatrace.judge.rules.budget import above, ceilings, is_above, said
from dermatrace.judge.rules.chart_gates import CHART_GATES
from dermatrace.judge.rules.circumstances import (
    digests_of,
    in_a_row,
    is_answered_late,
    protocol_name,
    words,
)
from dermatrace.judge.rules.device import KICKBACK
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule, When
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import spot_of_key
from dermatrace_schemas.chart import ChartObservation
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent
from dermatrace_schemas.treatment import Observed, Treatment

_TOLD: Final[tuple[When, ...]] = ("started", "closed")
"""What people saw is a fact of the context: asked at the start, and at the close if there was no
start. A fact that comes later makes another judgement, which knows it from the start."""
_WITHOUT_BLOOD: Final[frozenset[Treatment]] = frozenset({"nano_needling", "cosmetic_needling"})
_BLEEDING: Final[frozenset[Observed]] = frozenset({"bleeding", "pinpoint_bleeding"})


def _observations(case: Case) -> Iterator[tuple[int, ChartObservation]]:
    """Return what was seen at the visit, unless it is said to be of another session."""
    ours = case.context.session
    for number, seen in enumerate(case.context.chart.observations):
        named = seen.session
        if named is None or (named.sender, named.stream_id) == (ours.sender, ours.stream_id):
            yield number, seen


def _seqs(seen: ChartObservation) -> tuple[int, int] | None:
    if seen.session is None or seen.seq_range is None:
        return None
    return seen.seq_range.first_seq, seen.seq_range.last_seq


def _where(seen: ChartObservation) -> tuple[Spot, str]:
    spot = Spot.of(seen.place)
    return spot, "" if spot.zone is None else f" at {spot.name}"


def _test_shots(case: Case) -> Iterable[Hit]:
    document, first, protocol = case.document, case.state.first_treatment, case.context.protocol
    if not isinstance(document, RfShot) or first is None or first.seq != document.seq:
        return
    phototype = case.context.chart.phototype
    for band in () if protocol is None else protocol.bands:
        fewest = value_of(band.lower)
        if band.quantity != "test_shot_count" or fewest is None:
            continue
        if band.phototypes is None or phototype in band.phototypes:
            yield from _against_fewest(case, band, fewest, document)


def _against_fewest(case: Case, band: Band, fewest: float, document: RfShot) -> Iterator[Hit]:
    given = sum(
        tally.test_shot_count
        for key, tally in case.state.tallies.items()
        if band.zones is None or spot_of_key(key).zone in band.zones
    )
    if given >= fewest:
        return
    zones = [Spot(zone) for zone in band.zones or ()]
    where = f" at {in_a_row([zone.name for zone in zones])}" if zones else ""
    whose, why = protocol_name(case.context), _why_unsure(case, document, given)
    sentence = (
        f"{said(given)} test shots were delivered{where} before the first treatment shot; {whose}"
        f" asks for {said(fewest)}."
    )
    if why is not None:
        sentence = (
            f"Whether the {said(fewest)} test shots{where} that {whose} asks for were delivered"
            f" cannot be assessed: {why}."
        )
    yield Hit(
        sentence=sentence,
        priority=None if why is None else "low",
        spot=zones[0] if len(zones) == 1 else NOWHERE,
        about=where,
        measured_value=given if why is None else None,
        limit_value=fewest,
        unit="1",
        digests=digests_of(case.context.registry.protocol),
    )


def _why_unsure(case: Case, document: RfShot, given: int) -> str | None:
    started = case.state.started
    if document.purpose is None and not given:
        return "the device does not tell test shots from others"
    if started is not None and started.continues is not None:
        return "the session goes on with an earlier one"
    if case.state.skipped:
        return "messages from before the first treatment shot are missing"
    return None


def _allergy_check(case: Case) -> Iterable[Hit]:
    context = case.context
    protocol, answers = context.protocol, context.chart.answers
    asked = () if protocol is None else protocol.contraindications
    questions = dict.fromkeys(c.question for c in asked if c.question.startswith("allergy_"))
    missing = [
        words(question)
        for question in questions
        if question not in answers or is_answered_late(case, question)
    ]
    if not missing:
        return ()
    return (
        Hit(
            sentence=f"{_capital(case.spot.name)} was treated and no answer on {in_a_row(missing)}"
            f" was on record; {protocol_name(context)} asks for it.",
            spot=case.spot,
            digests=digests_of(context.registry.protocol),
        ),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _bleeding(case: Case) -> Iterable[Hit]:
    protocol = case.context.protocol
    if protocol is None:
        return
    listed = set(protocol.endpoints_forbidden or ())
    if protocol.treatment in _WITHOUT_BLOOD:
        listed |= _BLEEDING
    for _, seen in _observations(case):
        if seen.observed in listed:
            spot, where = _where(seen)
            yield Hit(
                sentence=f"{_capital(words(seen.observed))} was seen{where};"
                f" {protocol_name(case.context)} is to be carried out without it.",
                spot=spot,
                about=seen.observed,
                seqs=_seqs(seen),
                digests=digests_of(case.context.registry.protocol),
            )


def _kickback(case: Case) -> Iterable[Hit]:
    document = case.document
    if isinstance(document, DeviceEvent):
        if document.fault_code == KICKBACK and document.event == "fault":
            yield Hit(
                sentence=f"The device reported that it was pushed back at {case.spot.name}: the"
                " needles may have been set too deep for the tissue.",
                spot=case.spot,
                about="device",
            )
        return
    for _, seen in _observations(case):
        if seen.observed == "kickback":
            spot, where = _where(seen)
            yield Hit(
                sentence=f"The operator felt the device being pushed back{where}: the needles may"
                " have been set too deep for the tissue.",
                spot=spot,
                about="operator",
                seqs=_seqs(seen),
            )


def _pain(case: Case) -> Iterable[Hit]:
    for _, seen in _observations(case):
        if seen.pain_score is None:
            continue
        spot = Spot.of(seen.place)
        about = "" if spot.zone is not None else "no place"
        for bound in ceilings(case.bounds("pain_score", spot)):
            if is_above(seen.pain_score, bound.upper):
                hit = above("Pain, from 0 to 10,", seen.pain_score, bound, spot=spot, about=about)
                yield replace(hit, seqs=_seqs(seen))


def _adverse_event(case: Case) -> Iterable[Hit]:
    for number, seen in _observations(case):
        if seen.observed != "adverse_event":
            continue
        event = seen.adverse_event
        told = None if event is None else event.category
        what = "an adverse event" if told in {None, "other"} else words(str(told))
        weight = None if event is None else event.seriousness
        spot, where = _where(seen)
        yield Hit(
            sentence=f"{_capital(what)} was reported{where}"
            f"{'' if weight is None else f' ({words(weight)})'}.",
            spot=spot,
            about=str(number),
            seqs=_seqs(seen),
        )


_fact = partial(MomentRule, nature="treatment", clearing="never")

RULES: Final[tuple[AnyRule, ...]] = (
    _fact(
        id="process.test_shots",
        meaning="The energy was not tried out on the skin as often as was to be done beforehand.",
        envelopes=("clinic_protocol",),
        priority="medium",
        persistence="the first treatment shot",
        source="Vivace, a vendor's routine: four to five test shots before every session",
        trust="S",
        when=("shot",),
        look=_test_shots,
    ),
    _fact(
        id="process.allergy_check",
        meaning="The skin was treated before it was known whether anything causes an allergy.",
        envelopes=("clinic_protocol",),
        priority="medium",
        persistence="the first contact of the session",
        source="Proposed: treating a zone before the question of allergies counts as major",
        trust="U",
        when=("first_contact",),
        look=_allergy_check,
    ),
    _fact(
        id="process.bleeding",
        meaning="The skin showed what this treatment is not to bring about, such as blood.",
        envelopes=("clinic_protocol",),
        priority="medium",
        persistence="one observation, each kind and zone once",
        source="Nano-needling and cosmetic needling are carried out without bleeding; anything"
        " else is what the treatment protocol forbids",
        trust="S",
        when=_TOLD,
        look=_bleeding,
    ),
    _fact(
        id="process.kickback",
        meaning="The device was pushed back by the tissue: the needles may be set too deep.",
        envelopes=("none",),
        priority="medium",
        persistence="one fault or observation, each zone once",
        source="Vivace, a vendor's routine: pushed back means too deep",
        trust="S",
        when=("event", *_TOLD),
        look=_kickback,
    ),
    _fact(
        id="process.pain",
        meaning="It hurt more than it was to hurt.",
        envelopes=("clinic_protocol", "cleared_label", "device_rating"),
        priority="medium",
        persistence="one observation, each zone once",
        source="The treatment protocol's limit of pain",
        trust="S",
        when=_TOLD,
        look=_pain,
    ),
    _fact(
        id="process.adverse_event",
        meaning="Harm was done, or may have been done. A clinic may have to report it.",
        envelopes=("none",),
        priority="high",
        persistence="each event",
        source="21 CFR 803 on reporting of harm and malfunction",
        trust="V",
        when=_TOLD,
        look=_adverse_event,
    ),
    *CHART_GATES,
)
