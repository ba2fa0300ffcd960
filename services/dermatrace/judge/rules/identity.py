"""Which device, where, on which part of the body: compared with what is on record."""

from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules import labels, tips
from dermatrace.judge.rules.circumstances import digests_of, protocol_name, touches
from dermatrace.judge.rules.classes import boundaries_of
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.session import SessionStarted
from dermatrace_schemas.zones import ZONE_BY_CODE


def _device_differs(case: Case) -> list[Hit]:
    context, document = case.context, case.document
    if not isinstance(document, SessionStarted):
        return []
    said, device, model = document.device, context.device, context.device_model
    pairs: list[tuple[str, str | None, str]] = []
    if device is not None:
        pairs.append(("serial number", said.serial, device.serial))
    if model is not None:
        pairs.append(("vendor", said.vendor, model.vendor))
        pairs.append(("model", said.model, model.model))
        pairs.append(("kind", said.modality, model.modality))
    digests = digests_of(context.registry.device, context.registry.device_model)
    return [
        Hit(
            sentence=f"The device gave {told} as its {member}; on record is {known}.",
            about=member,
            digests=digests,
        )
        for member, told, known in pairs
        if told is not None and _plain(told) != _plain(known)
    ]


def _plain(name: str) -> str:
    """Leave out what people write in different ways: blanks and case."""
    return " ".join(name.split()).casefold()


def _device_unregistered(case: Case) -> tuple[Hit, ...]:
    registry, sender = case.context.registry, case.context.session.sender
    if registry.device is None:
        sentence = f"Device {sender} was not on record as in service when the session began."
    elif registry.device_model is None:
        sentence = f"The model of device {sender} was not on record when the session began."
    else:
        return ()
    return (Hit(sentence=sentence, digests=digests_of(registry.device)),)


def _is_rf(case: Case) -> bool:
    """Whether the device is of RF kind by the record, by its own words or by what it does."""
    started = case.state.started
    said = None if started is None else started.device.modality
    return case.shot is not None or "rf" in {case.modality, said}


def _rf_at_home(case: Case) -> tuple[Hit, ...]:
    started = case.state.started
    if started is None or started.setting != "home" or not _is_rf(case):
        return ()
    law = case.context.registry.jurisdiction
    forbidding = any(b.classification == "forbidden" for b in boundaries_of(case))
    whose = f", which {law.registry_id} forbids" if law is not None and forbidding else ""
    return (
        Hit(
            sentence=f"A device with RF energy was used at home{whose}.",
            digests=digests_of(case.context.registry.device_model, law),
        ),
    )


def _rf_setting_unknown(case: Case) -> tuple[Hit, ...]:
    started = case.state.started
    if started is None or started.setting is not None or not _is_rf(case):
        return ()
    sentence = "Whether RF energy was used at home cannot be assessed: the device did not say."
    return (Hit(sentence=sentence, digests=digests_of(case.context.registry.device_model)),)


def _not_in_protocol(case: Case) -> tuple[Hit, ...]:
    zone, protocol = case.spot.zone, case.context.protocol
    if zone is None or protocol is None or protocol.zones is None:
        return ()
    if zone in protocol.zones or not touches(case):
        return ()
    return (
        Hit(
            sentence=f"Treatment was given at {case.spot.name}, a zone that "
            f"{protocol_name(case.context)} does not list.",
            spot=case.spot,
            digests=digests_of(case.context.registry.protocol),
        ),
    )


def _unlisted(case: Case) -> tuple[Hit, ...]:
    zone = case.spot.zone
    if zone is None or zone in ZONE_BY_CODE:
        return ()
    sentence = f"Zone {zone} is not one of the published zones; what holds there is not known."
    return (Hit(sentence=sentence, spot=case.spot),)


_ONCE: Final = "None: one document that shows it"

RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id="identity.device_differs",
        meaning="The device described itself as another than the one on record, so limits and "
        "clearance looked up for it may be those of another device.",
        envelopes=("none",),
        priority="medium",
        nature="technical",
        persistence=_ONCE,
        clearing="Never",
        source="21 CFR 11.10, device checks on the source of data input",
        trust="V",
        when=("started",),
        look=_device_differs,
    ),
    MomentRule(
        id="identity.device_unregistered",
        meaning="The clinic had not put this device on record, so nothing is known of what it "
        "may be used for.",
        envelopes=("none",),
        priority="medium",
        nature="technical",
        persistence=_ONCE,
        clearing="Never",
        source="21 CFR 11.10, device checks on the source of data input",
        trust="V",
        when=("started",),
        look=_device_unregistered,
    ),
    MomentRule(
        id="identity.rf_at_home",
        meaning="Needling with RF energy is a medical procedure; at home it can burn and scar.",
        envelopes=("operator_scope",),
        priority="high",
        nature="treatment",
        persistence=_ONCE,
        clearing="Never",
        source="FDA communication of 15 October 2025, as reported by trade press",
        trust="S",
        when=("started", "shot"),
        look=_rf_at_home,
    ),
    MomentRule(
        id="identity.rf_setting_unknown",
        meaning="Nobody can tell from the record whether RF energy was used outside a clinic.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence=_ONCE,
        clearing="Never",
        source="FDA communication of 15 October 2025, as reported by trade press",
        trust="S",
        when=("started", "shot"),
        look=_rf_setting_unknown,
    ),
    MomentRule(
        id="zone.not_in_protocol",
        meaning="A part of the body was treated for which the treatment protocol is not meant.",
        envelopes=("clinic_protocol",),
        priority="medium",
        nature="treatment",
        persistence=_ONCE,
        clearing="Never",
        source="The zones that the director has approved",
        trust="V",
        when=("worked",),
        look=_not_in_protocol,
    ),
    MomentRule(
        id="zone.unlisted",
        meaning="The device named a part of the body in a word that is not agreed upon, so no "
        "limit of any zone can be found for it.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence=_ONCE,
        clearing="Never",
        source="The published list of zones",
        trust="V",
        when=("zone", "worked"),
        look=_unlisted,
    ),
    *tips.RULES,
    *labels.RULES,
)
