"""Gates of authority: who decided on this treatment, who may give it, with which device."""

from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules.circumstances import (
    before_contact,
    digests_of,
    gravity,
    in_a_row,
    is_validity_open,
    listed_or_medical,
    protocol_name,
    standing_approvals,
    uses_rf,
    words,
)
from dermatrace.judge.rules.classes import boundaries_of, forbids_altogether
from dermatrace.judge.rules.row import AnyRule, Hit
from dermatrace_schemas.registry_devices import Clearance
from dermatrace_schemas.registry_protocols import DeviceDemand

_NO_CLOCK: Final = "the clock of the device was not set when the session began"


def _plan(case: Case) -> Hit | None:
    context = case.context
    plan = context.chart.plan
    if context.protocol is not None:
        return None
    if not context.chart.has_plan:
        what = "Neither a person nor the device said what was intended"
    elif plan.protocol_id is None:
        what = "The plan named no treatment protocol"
    else:
        version = "" if plan.protocol_version is None else f" version {plan.protocol_version}"
        what = (
            f"The plan named treatment protocol {plan.protocol_id}{version}, which was not on "
            "record when the session began"
        )
    return Hit(
        sentence=f"{what}: there were no limits of the clinic to judge by.",
        priority="high" if uses_rf(case) else None,
    )


def _director(case: Case) -> Hit | None:
    directors = case.context.registry.directors
    if not directors:
        return Hit(
            sentence="No medical director and no deputy was appointed when the session began.",
            priority=gravity(case),
        )
    if all(is_validity_open(case.context, director) for director in directors):
        return Hit(
            sentence=f"Whether a medical director was appointed on the day cannot be assessed: "
            f"{_NO_CLOCK}.",
            priority="low",
            digests=digests_of(*directors),
        )
    return None


def _approval(case: Case) -> Hit | None:
    context = case.context
    registry, named = context.registry, protocol_name(context)
    digests = digests_of(registry.protocol, *registry.approvals)
    if not registry.approvals:
        sentence = f"No approval of {named} was in force at the clinic when the session began."
        return Hit(sentence=sentence, priority=gravity(case), digests=digests)
    standing = standing_approvals(context)
    if not standing:
        return Hit(
            sentence=f"The approval of {named} was given under an appointment as director that was "
            "not in force when the session began.",
            priority=gravity(case),
            digests=digests,
        )
    if all(is_validity_open(context, approval) for approval in standing):
        sentence = f"Whether {named} was approved on the day cannot be assessed: {_NO_CLOCK}."
        return Hit(sentence=sentence, priority="low", digests=digests)
    return None


def _operator_scope(case: Case) -> Hit | None:
    context = case.context
    operator, version = context.operator, context.registry.operator
    named = context.chart.plan.operator_id
    if named is None:
        return Hit(sentence="The plan did not say who treats: nobody's scope could be looked up.")
    if operator is None or version is None:
        return Hit(
            sentence=f"No scope of operator {named} was in force when the session began.",
            priority=gravity(case),
        )
    law = context.registry.jurisdiction
    refused = _beyond_scope(case)
    if refused is not None:
        return Hit(
            sentence=refused,
            priority=gravity(case),
            digests=digests_of(version, context.registry.protocol, law),
        )
    if is_validity_open(context, version):
        return Hit(
            sentence=f"Whether the scope of operator {named} held on the day cannot be assessed: "
            f"{_NO_CLOCK}.",
            priority="low",
            digests=digests_of(version),
        )
    return None


def _beyond_scope(case: Case) -> str | None:
    """Return what is beyond the operator's scope or the law as a whole, or None."""
    context = case.context
    operator, protocol, law = context.operator, context.protocol, context.registry.jurisdiction
    if operator is None:
        return None
    whose = f"the scope of operator {context.chart.plan.operator_id} ({words(operator.role)})"
    if protocol is not None and protocol.treatment not in operator.treatments:
        return f"{words(protocol.treatment).capitalize()} was not within {whose}."
    if uses_rf(case) and not operator.rf_allowed:
        return f"Needling with RF energy was not within {whose}."
    if law is not None and any(map(forbids_altogether, boundaries_of(case))):
        role = words(operator.role)
        return f"Under {law.registry_id} this kind of needling was forbidden here to role {role}."
    return None


def _device_clearance(case: Case) -> Hit | None:
    context = case.context
    model, version = context.device_model, context.registry.device_model
    protocol = context.protocol
    if model is None or version is None:
        sentence = "Model and clearance of the device cannot be assessed: they were not on record."
        return Hit(sentence=sentence)
    digests = digests_of(version, context.registry.protocol)
    device = f"{model.vendor} {model.model}"
    demand = DeviceDemand() if protocol is None or protocol.device is None else protocol.device
    named = protocol_name(context)
    if demand.device_model_ids is not None and version.registry_id not in demand.device_model_ids:
        sentence = f"Device model {version.registry_id} was not one that {named} allows."
    elif demand.modality is not None and model.modality != demand.modality:
        sentence = f"{device} is of kind {model.modality}; {named} demands {demand.modality}."
    elif not model.clearances:
        sentence = f"No clearance of {device} was known, which does not show that it has one."
        return Hit(sentence=sentence, digests=digests)
    elif not any(_answers_demand(clearance, demand) for clearance in model.clearances):
        demanded = [*(demand.device_classes or ()), *(demand.regulations or ())]
        sentence = f"No known clearance of {device} was as {named} demands: {in_a_row(demanded)}."
    else:
        return None
    return Hit(sentence=sentence, priority=gravity(case), digests=digests)


def _answers_demand(clearance: Clearance, demand: DeviceDemand) -> bool:
    """Whether one clearance has both the class and the regulation that are demanded."""
    regulations = demand.regulations
    return (demand.device_classes is None or clearance.device_class in demand.device_classes) and (
        regulations is None
        or (
            (clearance.regulation is not None)
            and _plain(clearance.regulation) in map(_plain, regulations)
        )
    )


def _plain(regulation: str) -> str:
    """Leave out what people write in different ways: blanks and case."""
    return "".join(regulation.split()).casefold()


RULES: Final[tuple[AnyRule, ...]] = (
    before_contact(
        id="gate.plan",
        gate="plan",
        meaning="Nobody had written down which treatment protocol was to be followed, so nothing "
        "says what was right for this treatment.",
        source="A treatment protocol for each service, as state boards ask for it (trade press)",
        trust="S",
        look=_plan,
        demanded=lambda _case: True,
    ),
    before_contact(
        id="gate.director",
        gate="director",
        meaning="No medical director answered for the treatment on that day.",
        source="Signed director agreements, as state boards ask for them (trade press)",
        trust="S",
        look=_director,
        demanded=listed_or_medical("director"),
    ),
    before_contact(
        id="gate.approval",
        gate="approval",
        meaning="No director in office had approved exactly this version of the treatment "
        "protocol for the clinic.",
        source="Signed standing orders, as state boards ask for them (trade press)",
        trust="S",
        look=_approval,
        demanded=listed_or_medical("approval"),
    ),
    before_contact(
        id="gate.operator_scope",
        gate="operator_scope",
        envelopes=("operator_scope",),
        meaning="The person who treated was not shown to be allowed to give this treatment.",
        source="Who may needle is set state by state (American Med Spa Association)",
        trust="S",
        look=_operator_scope,
        demanded=listed_or_medical("operator_scope"),
    ),
    before_contact(
        id="gate.device_clearance",
        gate="device_clearance",
        meaning="The device was not shown to be cleared as the treatment protocol demands.",
        source="21 CFR 878.4430 (needling) and 21 CFR 878.4400 (needling with RF)",
        trust="V",
        look=_device_clearance,
        demanded=listed_or_medical("device_clearance"),
    ),
)
