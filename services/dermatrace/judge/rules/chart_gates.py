"""What the chart of a visit must hold. What is missing is shown as missing."""

from functools import partial
from typing import Final, Literal

from dermatrace.judge.case import Case
from dermatrace.judge.rules.circumstances import (
    before_contact,
    digests_of,
    is_late,
    listed,
    protocol_name,
)
from dermatrace.judge.rules.row import AnyRule, GateRule, Hit
from dermatrace_schemas.treatment import Observed

PHOTO_PROCEDURE: Final = "photo"
"""Under this name a refusal of photos is told as a consent: without a photo there is no fact of a
photo that could say so."""
_LOOKED: Final[frozenset[Observed]] = frozenset(
    {
        "erythema",
        "pinpoint_bleeding",
        "bleeding",
        "oedema",
        "crusting",
        "mesh_marks",
        "pigment_change",
        "none",
    }
)
"""Observations that say how the skin looked, `none` included."""


def _test_spot(case: Case) -> Hit | None:
    if any(tally.test_shot_count for tally in case.state.tallies.values()):
        return None
    told = [seen for seen in case.context.chart.observations if seen.observed == "test_spot"]
    late = [_is_after_treatment(case, seen.fact_time_ms) for seen in told]
    if told and not all(late):
        return None
    missing = "was noted only after the first treatment shot" if told else "is on record"
    return _missing(case, f"{'A' if told else 'No'} test spot {missing}")


def _is_after_treatment(case: Case, told_ms: int | None) -> bool:
    """Whether something surely happened after treatment had begun."""
    first = case.state.first_treatment
    if first is None or first.at_ms is None or told_ms is None or case.state.clock.stepped:
        return False
    return told_ms > first.at_ms


def _photo_before(case: Case) -> Hit | None:
    if _is_photo_refused(case, "before"):
        return None
    photos = [photo for photo in case.context.chart.photos if photo.moment == "before"]
    if not photos:
        return _missing(case, "No photo from before the treatment is on record")
    late = {is_late(case, photo.fact_time_ms, photo.entered_ms) for photo in photos}
    if False in late:
        return None
    if None in late:
        return _missing(
            case,
            "Whether the photo from before the treatment was taken before it cannot be assessed,"
            " since the time of the photo or of the first contact is not known",
        )
    return _missing(case, "The photo from before was taken after the treatment had begun")


def _photo_after(case: Case) -> Hit | None:
    if _is_photo_refused(case, "after"):
        return None
    if any(photo.moment == "after" for photo in case.context.chart.photos):
        return None
    return _missing(case, "No photo from after the treatment is on record")


def _is_photo_refused(case: Case, moment: Literal["before", "after"]) -> bool:
    """Whether the treated person said no to photos: that is an answer, not something missing."""
    chart = case.context.chart
    if any(p.consent == "refused" and p.moment in {moment, None} for p in chart.photos):
        return True
    told = [consent for consent in chart.consents if consent.procedure == PHOTO_PROCEDURE]
    return bool(told) and told[-1].decision != "given"


def _endpoint(case: Case) -> Hit | None:
    protocol = case.context.protocol
    expected = () if protocol is None else protocol.endpoints_expected or ()
    if any(seen.observed in {*_LOOKED, *expected} for seen in case.context.chart.observations):
        return None
    return _missing(case, "How the skin looked at the end is not on record")


def _aftercare(case: Case) -> Hit | None:
    if any(seen.observed == "aftercare_given" for seen in case.context.chart.observations):
        return None
    return _missing(case, "That aftercare was explained is not on record")


def _missing(case: Case, what: str) -> Hit:
    context = case.context
    return Hit(
        sentence=f"{what}; {protocol_name(context)} asks for it.",
        digests=digests_of(context.registry.protocol),
    )


_by_the_close = partial(
    GateRule,
    envelopes=("clinic_protocol",),
    nature="treatment",
    persistence="None: it must be on record when the session is closed",
    clearing="Never; the gate closes as soon as the record says what was missing",
    due="closed",
)
_REQUESTS: Final = "What shipping charts and state boards ask for before a visit is signed"

CHART_GATES: Final[tuple[AnyRule, ...]] = (
    _by_the_close(
        id="gate.test_spot",
        gate="test_spot",
        meaning="Nobody saw how the skin takes the energy before it was treated. Test shots of the"
        " device count as well as a note.",
        priority="medium",
        source="Vivace, a vendor's routine: test shots before every session",
        trust="S",
        look=_test_spot,
        demanded=listed("test_spot"),
    ),
    before_contact(
        id="gate.photo_before",
        gate="photo_before",
        meaning="Without a photo from before, nobody can show what the treatment changed.",
        priority="low",
        source=_REQUESTS,
        trust="S",
        look=_photo_before,
        demanded=listed("photo_before"),
    ),
    _by_the_close(
        id="gate.photo_after",
        gate="photo_after",
        meaning="Without a photo from after, nobody can show what the treatment changed.",
        priority="low",
        source=_REQUESTS,
        trust="S",
        look=_photo_after,
        demanded=listed("photo_after"),
    ),
    _by_the_close(
        id="gate.endpoint",
        gate="endpoint",
        meaning="How the skin reacted can only be seen by people, and nobody noted it.",
        priority="low",
        source="The endpoint is an observation of the operator; no device reports it",
        trust="S",
        look=_endpoint,
        demanded=listed("endpoint"),
    ),
    _by_the_close(
        id="gate.aftercare",
        gate="aftercare",
        meaning="Whether the treated person was told how to care for the skin is not known.",
        priority="low",
        source=_REQUESTS,
        trust="S",
        look=_aftercare,
        demanded=listed("aftercare"),
    ),
)
