"""Which number limits a quantity, in each of the four envelopes, at one spot.

Device rating, cleared label, clinic protocol and operator's scope are looked up apart and never
mixed. A limit whose value nobody has entered bounds nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dermatrace.judge.context import SessionContext
from dermatrace.judge.spot import Spot
from dermatrace_schemas.finding import Envelope
from dermatrace_schemas.quantities import UNIT_OF, Band, Limit, Quantity, Unit, bands_at
from dermatrace_schemas.session import Modality, Ratings, Tip

_RATED: Final[dict[Quantity, tuple[str | None, str | None]]] = {
    "depth": ("depth_min_mm", "depth_max_mm"),
    "stroke_rate": ("stroke_rate_min_hz", "stroke_rate_max_hz"),
    "power": (None, "power_max_w"),
    "energy_total": (None, "energy_max_mj"),
}
"""Which members of the ratings are the lower and the upper end of a quantity."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One envelope's limits of one quantity."""

    envelope: Envelope
    lower: float | None
    upper: float | None
    unit: Unit
    whose: str
    """For a sentence: `treatment protocol example-rf-needling version 1`."""
    digest: str | None
    """Registry version it stands in; None: the device said so itself."""


def bounds_of(
    context: SessionContext,
    quantity: Quantity,
    spot: Spot,
    *,
    own: Ratings | None = None,
    tip: Tip | None = None,
    modality: Modality | None = None,
) -> tuple[Bound, ...]:
    """Return every bound that applies to a quantity at a spot.

    `own` is what the device says of itself: it counts only where the registry has no rating.
    """
    phototype = context.chart.phototype
    found = [*_rated(context, quantity, own), *_of_tip(context, quantity, spot, tip)]
    model, version = context.device_model, context.registry.device_model
    if model is not None and model.label is not None and version is not None:
        whose = f"cleared label of {model.vendor} {model.model}"
        found += _of_bands(
            model.label.limits, quantity, spot, phototype, ("cleared_label", whose, version.digest)
        )
    protocol, version = context.protocol, context.registry.protocol
    if protocol is not None and version is not None:
        whose = f"treatment protocol {version.registry_id} version {version.version}"
        found += _of_bands(
            protocol.bands, quantity, spot, phototype, ("clinic_protocol", whose, version.digest)
        )
    if quantity == "depth":
        found += _scope(context, modality)
    return tuple(found)


def _of_bands(
    bands: Sequence[Band],
    quantity: Quantity,
    spot: Spot,
    phototype: str | None,
    of: tuple[Envelope, str, str],
) -> Iterator[Bound]:
    envelope, whose, digest = of
    for band in bands_at(bands, quantity, spot.zone, phototype):
        lower, upper = value_of(band.lower), value_of(band.upper)
        if lower is not None or upper is not None:
            yield Bound(envelope, lower, upper, UNIT_OF[quantity], whose, digest)


def value_of(limit: Limit | None) -> float | None:
    """Return a limit's number, or None if there is no limit or nobody has entered it."""
    return None if limit is None else limit.value


def _rated(context: SessionContext, quantity: Quantity, own: Ratings | None) -> Iterator[Bound]:
    names = _RATED.get(quantity)
    if names is None:
        return
    model, version = context.device_model, context.registry.device_model
    rated = None if model is None or model.rated is None else model.rated.ratings
    pairs = ((rated, version), (own, None))
    for ratings, registered in pairs:
        if ratings is None:
            continue
        lower, upper = (None if name is None else getattr(ratings, name) for name in names)
        if lower is None and upper is None:
            continue
        whose = "what the device says of itself"
        if registered is not None and model is not None:
            whose = f"rating of {model.vendor} {model.model}"
        digest = None if registered is None else registered.digest
        yield Bound("device_rating", lower, upper, UNIT_OF[quantity], whose, digest)
        return


def _of_tip(
    context: SessionContext, quantity: Quantity, spot: Spot, tip: Tip | None
) -> Iterator[Bound]:
    if tip is None:
        return
    known = context.tip_model(tip.model)
    if known is not None:
        content, version = known
        whose = f"rating of tip {content.vendor} {content.model}"
        of: tuple[Envelope, str, str] = ("device_rating", whose, version.digest)
        yield from _of_bands(content.limits, quantity, spot, context.chart.phototype, of)
    if quantity != "depth":
        return
    whose, length_mm = "needle length of the tip", tip.needle_length_mm
    if known is not None and known[0].needle_length_mm is not None:
        length_mm, digest = known[0].needle_length_mm, known[1].digest
        yield Bound("device_rating", None, length_mm, "mm", whose, digest)
    elif length_mm is not None:
        yield Bound("device_rating", None, length_mm, "mm", f"{whose}, as it says", None)


def _scope(context: SessionContext, modality: Modality | None) -> Iterator[Bound]:
    operator, version, law = (
        context.operator,
        context.registry.operator,
        context.registry.jurisdiction,
    )
    if operator is not None and version is not None and operator.depth_max_mm is not None:
        whose = f"scope of operator {version.registry_id}"
        yield Bound("operator_scope", None, operator.depth_max_mm, "mm", whose, version.digest)
    if law is None:
        return
    for ceiling_mm in sorted({*_forbidden_above_mm(context, modality)}):
        role = "" if operator is None else operator.role.replace("_", " ")
        whose = f"law {law.registry_id}{role and f', as it binds the role {role}'}"
        yield Bound("operator_scope", None, ceiling_mm, "mm", whose, law.digest)


def _forbidden_above_mm(context: SessionContext, modality: Modality | None) -> Iterator[float]:
    """Yield the depths above which the law forbids needling to whoever does it here.

    A boundary for certain people, devices or settings speaks only of those known to be meant, and
    one whose depth nobody has entered of nothing.
    """
    law, operator = context.jurisdiction, context.operator
    role = None if operator is None else operator.role
    for boundary in () if law is None else law.boundaries:
        if (
            boundary.classification == "forbidden"
            and (boundary.roles is None or role in boundary.roles)
            and boundary.modality in {None, modality}
            and boundary.setting in {None, context.setting}
        ):
            ceiling_mm = 0.0 if boundary.depth_above is None else value_of(boundary.depth_above)
            if ceiling_mm is not None:
                yield ceiling_mm
