"""Tips: used before, or too long on the shelf."""

from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules.circumstances import digests_of
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.session import DeviceEvent, SessionStarted, Tip

_MS_PER_DAY: Final = 86_400_000


def _tip_in_hand(case: Case) -> Tip | None:
    """Return the tip that the document in hand attaches."""
    document = case.document
    if isinstance(document, SessionStarted):
        return document.tip
    if isinstance(document, DeviceEvent) and document.event == "tip_changed":
        return document.tip
    return None


def _tip_reused(case: Case) -> tuple[Hit, ...]:
    tip, document = _tip_in_hand(case), case.document
    if tip is None:
        return ()
    known = case.context.tip_model(tip.model)
    single_use = None if known is None else known[0].single_use
    attached, shots = tip.attach_count or 0, tip.shot_count or 0
    if isinstance(document, SessionStarted) and document.continues is not None:
        shots = 0  # those of the session it goes on with
    if single_use is False or max(attached - 1, shots) <= 0 or _was_on_before(case, tip):
        return ()
    doubt = "" if single_use else "; whether it may be used again is not on record"
    if attached > 1:
        what, value, limit = f"attached for the {attached}. time", float(attached), 1.0
    else:
        what, value, limit = f"attached after {shots} shots", float(shots), 0.0
    return (
        Hit(
            sentence=f"{_name(tip)} was {what}{doubt}.",
            priority="high" if single_use else "medium" if attached > 1 else "low",
            about=tip.unit_id or "",
            measured_value=value,
            limit_value=limit,
            unit="1",
            digests=digests_of(None if known is None else known[1]),
        ),
    )


def _was_on_before(case: Case, tip: Tip) -> bool:
    """Whether this unit was taken off and put on again within the session."""
    return tip.unit_id is not None and any(
        other.unit_id == tip.unit_id
        and (other.attach_count or 0, other.shot_count or 0)
        < (tip.attach_count or 0, tip.shot_count or 0)
        for other in case.state.tips
    )


def _tip_expired(case: Case) -> tuple[Hit, ...]:
    tip = _tip_in_hand(case)
    if tip is None or tip.expires_ms is None:
        return ()
    known = case.context.tip_model(tip.model)
    digests, about = digests_of(None if known is None else known[1]), tip.unit_id or ""
    at_ms = case.at_ms
    if at_ms is None:
        return (
            Hit(
                sentence=f"Whether {_name(tip, 'the tip')} had expired cannot be assessed: the "
                "clock of the device was not set.",
                envelope="none",
                priority="low",
                about=about,
                digests=digests,
            ),
        )
    if tip.expires_ms >= at_ms:
        return ()
    over_d = (at_ms - tip.expires_ms) / _MS_PER_DAY
    return (
        Hit(
            sentence=f"{_name(tip)} had expired {over_d:.1f} days before it was attached.",
            about=about,
            measured_value=over_d,
            limit_value=0.0,
            unit="d",
            digests=digests,
        ),
    )


def _name(tip: Tip, nameless: str = "The tip") -> str:
    if tip.unit_id is not None:
        return f"{nameless} {tip.unit_id}"
    return nameless if tip.lot is None else f"{nameless} of lot {tip.lot}"


_ONCE: Final = "None: one document that shows it"

RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id="identity.tip_reused",
        meaning="The needles had been in use before: they can carry infection and be blunt.",
        envelopes=("device_rating",),
        priority="medium",
        nature="treatment",
        persistence=_ONCE,
        clearing="Never",
        source="Cross-contamination is on the list of risks FDA gives for needling; cleared "
        "cartridges are single use",
        trust="S",
        when=("started", "event"),
        look=_tip_reused,
    ),
    MomentRule(
        id="identity.tip_expired",
        meaning="The needles were no longer sure to be sterile.",
        envelopes=("device_rating", "none"),
        priority="medium",
        nature="treatment",
        persistence=_ONCE,
        clearing="Never",
        source="21 CFR 878.4430, special controls on sterility and shelf life",
        trust="V",
        when=("started", "event"),
        look=_tip_expired,
    ),
)
