"""Where a limit stands, found by holding a finding's number against what was pinned. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from dermatrace.judge.banding import ROUNDING
from dermatrace.judge.defaults import DEFAULTS
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rules.row import AnyRule, BandRule
from dermatrace_schemas.finding import Finding
from dermatrace_schemas.quantities import UNIT_OF, Band, Limit, Quantity, Unit
from dermatrace_schemas.registry_devices import DeviceModelContent, TipModelContent
from dermatrace_schemas.registry_models import (
    JurisdictionContent,
    OperatorContent,
    SeriesPlanContent,
)
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.session import Ratings, SessionStarted, Tip

Side: TypeAlias = Literal["lower", "upper"]
Sort: TypeAlias = tuple[Quantity, Side]

_SORTS: Final[dict[str, Sort]] = {
    "exposure.passes": ("pass_count", "upper"),
    "exposure.passes_few": ("pass_count", "lower"),
    "exposure.strokes": ("stroke_count", "upper"),
    "exposure.punctures": ("puncture_count", "upper"),
    "exposure.contact_time": ("contact_time", "upper"),
    "exposure.shots": ("shot_count", "upper"),
    "exposure.dose": ("dose_per_zone", "upper"),
    "exposure.tip_life": ("shot_count", "upper"),
    "exposure.stacking": ("pulse_stacking_interval", "lower"),
    "series.early": ("interval", "lower"),
    "series.late": ("interval", "upper"),
    "series.too_many": ("session_count", "upper"),
    "process.test_shots": ("test_shot_count", "lower"),
    "process.pain": ("pain_score", "upper"),
    "label.age": ("age", "lower"),
}
"""What the rules compare that are no bands of readings; any other rule: whatever is equal."""
_RATED: Final[dict[str, Sort]] = {
    "depth_min_mm": ("depth", "lower"),
    "depth_max_mm": ("depth", "upper"),
    "stroke_rate_min_hz": ("stroke_rate", "lower"),
    "stroke_rate_max_hz": ("stroke_rate", "upper"),
    "power_max_w": ("power", "upper"),
    "energy_max_mj": ("energy_total", "upper"),
}
_BY_DEVICE: Final = "what the device says of itself"
_BY_THE_JUDGE: Final = "the judge, as a default"


@dataclass(frozen=True, slots=True)
class LimitPlace:
    """One number that limits something, and where it stands."""

    path: str
    """As `protocols check` writes it: `content.bands.0.upper`."""
    sort: Sort | None
    """None: a default of the judge."""
    value: float
    unit: Unit
    source: str | None
    """None: nobody has said."""
    trust: str | None
    zones: tuple[str, ...] | None = None
    """None: every zone without a limit of its own."""
    phototypes: tuple[str, ...] | None = None
    stands_in: str = ""
    """For people: `protocol example version 1`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for."""

    value: float
    unit: Unit
    sort: Sort | None
    zone: str | None
    phototype: str | None

    def fits(self, place: LimitPlace) -> bool:
        """Whether a place holds that number, for that zone and phototype."""
        return (
            place.unit == self.unit
            and abs(place.value - self.value) <= ROUNDING
            and (self.sort is None or place.sort in {None, self.sort})
            and (place.zones is None or self.zone is None or self.zone in place.zones)
            and (place.phototypes is None or self.phototype in place.phototypes)
        )


def wanted_of(finding: Finding, rule: AnyRule | None, phototype: str | None) -> Wanted | None:
    """Return what to look for, or None if the finding is not about a number."""
    if finding.limit_value is None or finding.unit is None:
        return None
    sort = _SORTS.get(finding.rule)
    if isinstance(rule, BandRule):
        sort = (rule.quantity, "upper" if rule.side == "above" else "lower")
    return Wanted(finding.limit_value, finding.unit, sort, finding.zone, phototype)


def find_place(
    wanted: Wanted,
    versions: Iterable[Version],
    started: SessionStarted | None,
    tips: Sequence[Tip] = (),
) -> LimitPlace | None:
    """Return where a limit stands: in a version, else in the device's own words, else a default.

    Of several places in one version the one that names the zone counts, then the first.
    """
    for version in versions:
        name = f"{version.kind.replace('_', ' ')} {version.registry_id} version {version.version}"
        fitting = [place for place in _places(version.content, name) if wanted.fits(place)]
        if fitting:
            return min(fitting, key=lambda place: place.zones is None)
    own = [*_own(started), *(p for tip in tips for p in _own_tip(tip))]
    found = next((place for place in own if wanted.fits(place)), None)
    return found or _default(wanted)


def _places(content: object, name: str) -> Iterator[LimitPlace]:
    match content:
        case ProtocolContent():
            yield from _of_bands("content.bands", content.bands, name)
        case DeviceModelContent():
            yield from _of_model(content, name)
        case TipModelContent():
            yield from _of_bands("content.limits", content.limits, name)
            length_mm, path = content.needle_length_mm, "content.needle_length_mm"
            if length_mm is not None:
                yield _plain(path, ("depth", "upper"), length_mm, content.source, name)
        case OperatorContent(depth_max_mm=depth_mm) if depth_mm is not None:
            yield _plain("content.depth_max_mm", ("depth", "upper"), depth_mm, content.source, name)
        case JurisdictionContent():
            for place, boundary in enumerate(content.boundaries):
                for side in ("depth_above", "depth_up_to"):
                    limit = getattr(boundary, side)
                    yield from _of_limit(f"content.boundaries.{place}.{side}", "upper", limit, name)
        case SeriesPlanContent():
            yield from _of_series(content, name)


def _of_model(content: DeviceModelContent, name: str) -> Iterator[LimitPlace]:
    label, rated = content.label, content.rated
    if label is not None:
        yield from _of_bands("content.label.limits", label.limits, name)
        for place, found in enumerate(label.indications):
            path = f"content.label.indications.{place}.age_min"
            yield from _of_limit(path, "lower", found.age_min, name)
    if rated is not None:
        for member, sort, value in _ratings(rated.ratings):
            path = f"content.rated.ratings.{member}"
            yield _plain(path, sort, value, rated.source, name, rated.trust)


def _of_series(content: SeriesPlanContent, name: str) -> Iterator[LimitPlace]:
    sorts: tuple[tuple[str, Sort], ...] = (
        ("session_count", ("session_count", "upper")),
        ("interval_min_days", ("interval", "lower")),
        ("interval_max_days", ("interval", "upper")),
    )
    for member, sort in sorts:
        value = getattr(content, member)
        if value is not None:
            yield _plain(f"content.{member}", sort, value, None, name)


def _of_bands(path: str, bands: Sequence[Band], name: str) -> Iterator[LimitPlace]:
    for place, band in enumerate(bands):
        sides: tuple[tuple[Side, Limit | None], ...] = (
            ("lower", band.lower),
            ("upper", band.upper),
        )
        for side, limit in sides:
            yield from _of_limit(f"{path}.{place}.{side}", side, limit, name, band)


def _of_limit(
    path: str, side: Side, limit: Limit | None, name: str, band: Band | None = None
) -> Iterator[LimitPlace]:
    if limit is None or limit.value is None:
        return
    zones = None if band is None or band.zones is None else tuple(band.zones)
    phototypes = None if band is None or band.phototypes is None else tuple(band.phototypes)
    yield LimitPlace(
        path,
        (limit.quantity, side),
        limit.value,
        limit.unit,
        limit.source,
        limit.trust,
        zones,
        phototypes,
        name,
    )


def _plain(
    path: str, sort: Sort, value: float, source: str | None, name: str, trust: str | None = None
) -> LimitPlace:
    return LimitPlace(path, sort, value, UNIT_OF[sort[0]], source, trust, stands_in=name)


def _ratings(ratings: Ratings | None) -> Iterator[tuple[str, Sort, float]]:
    for member, sort in _RATED.items():
        value = None if ratings is None else getattr(ratings, member)
        if value is not None:
            yield member, sort, value


def _own(started: SessionStarted | None) -> Iterator[LimitPlace]:
    """Yield what the device says of itself in the first document of the session."""
    for member, sort, value in _ratings(None if started is None else started.device.ratings):
        yield _plain(
            f"device.ratings.{member}", sort, value, None, "what the device says of itself"
        )


def _own_tip(tip: Tip) -> Iterator[LimitPlace]:
    if tip.needle_length_mm is not None:
        length_mm = tip.needle_length_mm
        yield _plain("tip.needle_length_mm", ("depth", "upper"), length_mm, None, _BY_DEVICE)


def _default(wanted: Wanted) -> LimitPlace | None:
    """Return the one default of that value; two that are equal tell nothing."""
    places = (
        LimitPlace(f"default {d.name}", None, d.value, d.unit, d.source, d.trust) for d in DEFAULTS
    )
    fitting = [replace(p, stands_in=_BY_THE_JUDGE) for p in places if wanted.fits(p)]
    return fitting[0] if len(fitting) == 1 else None
