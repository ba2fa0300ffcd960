"""Whether the bands of a treatment protocol fit one another and its zones."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, TypeAlias, get_args

from dermatrace.registry.marked_yaml import Marked, Path
from dermatrace.registry.protocol_text import EVERY_ZONE, listed, number, places
from dermatrace_schemas.quantities import UNIT_OF, Band, Limit, bands_at, unit_word
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.treatment import Phototype
from dermatrace_schemas.zones import ZONE_BY_CODE

Doubt: TypeAlias = tuple[Path, str, str]
"""Which part of a document, what is doubtful about it, and what to do."""

BANDS: Final = ("content", "bands")
_ZONES: Final = ("content", "zones")
_PHOTOTYPES: Final[tuple[str | None, ...]] = (*get_args(Phototype), None)
"""None: nobody has said which."""
_UNTIL_ENTERED: Final = {
    "depth_persistence": "the judge goes by a default of its own",
    "data_coverage_min": "a session is assessed however little of it is on record",
}
_NARROWER: Final = "Both are judged, so the narrower decides; write one if that is not meant."


def unset_limits(content: ProtocolContent) -> Iterator[Doubt]:
    """Yield each limit that has no value yet, and those that every protocol should have."""
    for path, name, limit in _limits(content):
        if limit.value is None:
            until = _UNTIL_ENTERED.get(name, "nothing is judged by it")
            remedy = f"The director must enter it; until then {until}."
            yield (*path, "value"), f"{name} is not set", remedy
    for name, until in _UNTIL_ENTERED.items():
        # One RF shot suffices for a finding: nothing has to persist.
        is_needed = name != "depth_persistence" or content.treatment != "rf_needling"
        if is_needed and getattr(content, name) is None:
            yield ("content", name), "is not given", f"Write it; until then {until}."


def strange_zones(content: ProtocolContent) -> Iterator[Doubt]:
    """Yield zones that are not published, each once, and bands for zones nobody may treat."""
    strange = set[str]()
    for path, zone in _zones_named(content):
        if zone not in ZONE_BY_CODE and zone not in strange:
            strange.add(zone)
            remedy = "Check its spelling; a session that enters such a zone has a finding."
            yield path, f"zone {zone} is not a published one", remedy
        if content.zones is not None and zone not in content.zones:
            remedy = "Add it to the zones of the protocol, or take it out of the band."
            yield path, f"the protocol does not list zone {zone}", remedy


def zones_without_depth(content: ProtocolContent) -> Iterator[Doubt]:
    """Yield zones where nothing, or nothing but a floor, limits the depth."""
    zones: Sequence[str | None] = [None] if content.zones is None else content.zones
    for place, zone in enumerate(zones):
        path: Path = BANDS if zone is None else (*_ZONES, place)
        where = "a zone without a band of its own" if zone is None else f"zone {zone}"
        found = {p: bands_at(content.bands, "depth", zone, p) for p in _PHOTOTYPES}
        open_for = [p for p, bands in found.items() if all(band.upper is None for band in bands)]
        remedy = "Give it a depth band with an upper limit, or one for every zone."
        if not any(found.values()):
            yield path, f"{where} has no depth band", remedy
        elif len(open_for) == len(_PHOTOTYPES):
            yield path, f"{where} has no upper limit of depth, and a floor is no ceiling", remedy
        elif open_for:
            whom = listed(name or "unknown" for name in open_for)
            yield path, f"{where} has no upper limit of depth for phototype {whom}", remedy


def contradictions(content: ProtocolContent, marked: Marked) -> Iterator[Doubt]:
    """Yield pairs of bands that say different things of one quantity at one place."""
    for (first_place, first), (place, second) in combinations(enumerate(content.bands), 2):
        if first.quantity != second.quantity or not _share_phototypes(first, second):
            continue
        zones = _shared_zones(first, second)
        if not zones:
            continue
        said, remedy = _contradiction(first, second)
        if said:
            line = marked.line_of((*BANDS, first_place))
            what = f"{first.quantity} at {zones}, with the band in line {line}: {said}"
            yield (*BANDS, place), what, remedy


def _limits(content: ProtocolContent) -> Iterator[tuple[Path, str, Limit]]:
    """Yield every limit with the part it stands in, and what it is called."""
    for place, band in enumerate(content.bands):
        for side, limit in (("lower", band.lower), ("upper", band.upper)):
            if limit is not None:
                name = f"{side} {band.quantity} at {places(band)}"
                yield (*BANDS, place, side), name, limit
    for name in _UNTIL_ENTERED:
        limit = getattr(content, name)
        if limit is not None:
            yield ("content", name), name, limit


def _zones_named(content: ProtocolContent) -> Iterator[tuple[Path, str]]:
    for place, zone in enumerate(content.zones or ()):
        yield (*_ZONES, place), zone
    for band_place, band in enumerate(content.bands):
        for place, zone in enumerate(band.zones or ()):
            yield (*BANDS, band_place, "zones", place), zone


def _share_phototypes(first: Band, second: Band) -> bool:
    if first.phototypes is None or second.phototypes is None:
        return True
    return not set(first.phototypes).isdisjoint(second.phototypes)


def _shared_zones(first: Band, second: Band) -> str:
    """Return where both are judged; a band of a zone's own takes the place of the general one."""
    if first.zones is None or second.zones is None:
        return EVERY_ZONE if first.zones == second.zones else ""
    return ", ".join(zone for zone in first.zones if zone in second.zones)


def _contradiction(first: Band, second: Band) -> tuple[str, str]:
    """Return what two bands for the same say differently, and what to do; nothing if they agree."""
    unit = unit_word(UNIT_OF[first.quantity])
    for lower, upper in ((first.lower, second.upper), (second.lower, first.upper)):
        least, most = _value(lower), _value(upper)
        if least is not None and most is not None and least > most:
            said = f"at least {number(least)} and at most {number(most)} {unit}".rstrip()
            return f"{said} cannot both be", "Correct one: nothing is within both."
    for side, there, here in (
        ("at least", _value(first.lower), _value(second.lower)),
        ("at most", _value(first.upper), _value(second.upper)),
    ):
        if there is not None and here is not None and there != here:
            said = f"{side} {number(there)} there, {number(here)} {unit}".rstrip()
            return f"{said} here", _NARROWER
    return "", ""


def _value(limit: Limit | None) -> float | None:
    return None if limit is None else limit.value
