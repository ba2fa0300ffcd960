"""Consent: to this procedure, before it begins, and for as long as it goes on."""

from itertools import takewhile
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.context import SessionContext
from dermatrace.judge.rules.circumstances import (
    before_contact,
    digests_of,
    is_late,
    listed,
    touches,
    words,
)
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.chart import ChartConsent

_MS_PER_S: Final = 1_000


def _procedures(context: SessionContext) -> frozenset[str]:
    """Return what a consent may name: the treatment, or the indication it is given for."""
    protocol, planned = context.protocol, context.chart.plan.indication
    if protocol is None:
        return frozenset()
    indications = protocol.indications or () if planned is None else (planned,)
    return frozenset(_plain(name) for name in (protocol.treatment, *indications))


def _plain(procedure: str) -> str:
    return procedure.replace("_", "-")


def _decided_ms(consent: ChartConsent) -> int:
    told_ms = (consent.signed_ms, consent.fact_time_ms, consent.entered_ms)
    return next((ms for ms in told_ms if ms is not None), 0)


def _consent(case: Case) -> Hit | None:
    context = case.context
    procedures = _procedures(context)
    told = [c for c in context.chart.consents if _plain(c.procedure) in procedures]
    told.sort(key=_decided_ms)
    in_time = [c for c in told if not is_late(case, c.signed_ms or c.fact_time_ms, c.entered_ms)]
    digests = digests_of(context.registry.protocol)
    if in_time and in_time[-1].decision != "given":
        return _not_given(case, in_time[-1], digests)
    given = [c for c in in_time or told if c.decision == "given"]
    if not given:
        names = " or ".join(sorted(words(name) for name in procedures))
        return Hit(sentence=f"No consent to {names} was on record.", digests=digests)
    given = list(takewhile(lambda c: c.decision == "given", reversed(in_time))) or given
    doubts = [_signed_late(case, consent, digests) for consent in given]
    return None if None in doubts else doubts[0]


def _not_given(case: Case, last: ChartConsent, digests: tuple[str, ...]) -> Hit:
    told_ms = last.fact_time_ms if last.signed_ms is None else last.signed_ms
    is_sure = is_late(case, told_ms, last.entered_ms) is False
    doubt = "" if is_sure else "; whether before the first contact is not known"
    return Hit(
        sentence=f"Consent to {words(last.procedure)} was {last.decision}{doubt}.",
        priority="high" if is_sure else "medium",
        digests=digests,
    )


def _signed_late(case: Case, given: ChartConsent, digests: tuple[str, ...]) -> Hit | None:
    procedure, contact = words(given.procedure), case.state.first_contact
    told_ms = given.fact_time_ms if given.signed_ms is None else given.signed_ms
    late = is_late(case, told_ms)
    if late and told_ms is not None and contact is not None and contact.at_ms is not None:
        late_s = (told_ms - contact.at_ms) / _MS_PER_S
        return Hit(
            sentence=f"Consent to {procedure} was signed {late_s:.0f} s after the first contact.",
            measured_value=late_s,
            limit_value=0.0,
            unit="s",
            digests=digests,
        )
    if given.signed_ms is None:
        sentence = f"When consent to {procedure} was signed is not known."
    elif late is None:
        sentence = (
            f"Whether consent to {procedure} was signed beforehand cannot be assessed: the clock "
            "of the device was not set, or jumped."
        )
    else:
        return None
    return Hit(sentence=sentence, priority="low", digests=digests)


def _withdrawn(case: Case) -> tuple[Hit, ...]:
    """Return a hit if the latest word before this document took consent back after the start."""
    consents = case.context.chart.consents
    if all(c.decision == "given" for c in consents) or not touches(case):
        return ()
    at_ms, procedures = case.at_ms, _procedures(case.context)
    if at_ms is None or case.state.clock.stepped:
        return ()
    said = [c for c in consents if _plain(c.procedure) in procedures and _decided_ms(c) <= at_ms]
    last = max(said, key=_decided_ms, default=None)
    if last is None or last.decision == "given" or not is_late(case, _decided_ms(last)):
        return ()
    return (
        Hit(
            sentence=f"Treatment at {case.spot.name} went on after consent to "
            f"{words(last.procedure)} had been {last.decision}.",
            spot=case.spot,
            digests=digests_of(case.context.registry.protocol),
        ),
    )


RULES: Final[tuple[AnyRule, ...]] = (
    before_contact(
        id="gate.consent",
        gate="consent",
        meaning="The treated person had not been shown to agree to exactly this treatment before "
        "it began.",
        source="Consent for each procedure and date, signed beforehand (chart guidance, trade)",
        trust="S",
        look=_consent,
        demanded=listed("consent"),
    ),
    MomentRule(
        id="consent.withdrawn",
        meaning="The treated person took back their agreement during treatment, and needles or "
        "energy were applied after that.",
        envelopes=("clinic_protocol",),
        priority="high",
        nature="treatment",
        persistence="One document with the needles on skin",
        clearing="Never",
        source="Consent may be taken back at any time",
        trust="U",
        when=("windows", "shot"),
        look=_withdrawn,
        applies=lambda case: any(c.decision != "given" for c in case.context.chart.consents),
    ),
)
