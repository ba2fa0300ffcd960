"""How the parts of a treatment protocol are said in words."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dermatrace_schemas.quantities import Band, Limit, unit_word
from dermatrace_schemas.registry_protocols import Contraindication, DeviceDemand, ProtocolContent

TO_BE_ENTERED: Final = "to be entered"
"""For a limit whose value is null."""
EVERY_ZONE: Final = "every zone"
EVERY_PHOTOTYPE: Final = "all"


def words(code: str) -> str:
    """Return a code of ours as people say it: `dose_per_zone` is `dose per zone`."""
    return code.replace("_", " ")


def number(value: float | None) -> str:
    """Return a value without needless digits, and with all that are needed."""
    if value is None:
        return TO_BE_ENTERED
    return str(int(value)) if value.is_integer() else str(value)


def amount(limit: Limit) -> str:
    """Return a limit's number with its unit."""
    unit = "" if limit.value is None else unit_word(limit.unit)
    return f"{number(limit.value)} {unit}".rstrip()


def listed(codes: Iterable[str] | None, *, none: str = "none") -> str:
    """Return codes in one line; `none` if there are none to speak of."""
    return ", ".join(codes or ()) or none


def places(band: Band) -> str:
    """Return the zones a band is for."""
    return listed(band.zones, none=EVERY_ZONE)


def demand_lines(demand: DeviceDemand | None) -> Iterator[str]:
    """Yield what a device must be, one demand at a time."""
    for name, value in () if demand is None else demand:
        if value is not None:
            yield f"{words(name)} {value if isinstance(value, str) else listed(value)}"


def contraindication_lines(contraindications: Iterable[Contraindication]) -> Iterator[str]:
    """Yield questions whose answers count alike together, the strongest first."""
    alike: dict[tuple[str, str], list[str]] = {}
    for item in contraindications:
        alike.setdefault((item.strength, " or ".join(item.answers)), []).append(item.question)
    for (strength, answers), questions in sorted(alike.items()):
        yield f"{strength}, if {answers}: {listed(questions)}"


class Sources:
    """Numbers the sources of limits, so that one that serves many is written once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number_of(self, limit: Limit) -> int:
        """Return the number of a limit's source, from 1."""
        return self._numbers.setdefault(limit.source, len(self._numbers) + 1)

    def lines(self) -> Iterator[str]:
        """Yield each source after its number, in order."""
        return (f"{place} {source}" for source, place in self._numbers.items())


def band_rows(bands: Sequence[Band], sources: Sources) -> Iterator[tuple[str, ...]]:
    """Yield quantity, zones, phototypes, lower, upper, unit, trust and source of each band.

    Trust and source of lower and upper stand in this order; where they are the same, once.
    """
    for band in bands:
        limits = [limit for limit in (band.lower, band.upper) if limit is not None]
        lower, upper = (
            "" if limit is None else number(limit.value) for limit in (band.lower, band.upper)
        )
        said = dict.fromkeys((limit.trust, sources.number_of(limit)) for limit in limits)
        yield (
            words(band.quantity),
            places(band),
            listed(band.phototypes, none=EVERY_PHOTOTYPE),
            lower,
            upper,
            unit_word(limits[0].unit),
            ", ".join(trust for trust, _ in said),
            ", ".join(str(place) for _, place in said),
        )


def protocol_facts(content: ProtocolContent, sources: Sources) -> Iterator[tuple[str, str]]:
    """Yield what a protocol says beside its bands, name by name, a line each."""
    example = ", an example: never called adherent to" if content.example else ""
    yield "treatment", f"{words(content.treatment)}{example}"
    yield "settings", listed(content.settings)
    yield "indications", listed(content.indications, none="every indication")
    yield "device", "; ".join(demand_lines(content.device)) or "any"
    yield "zones", listed(content.zones, none=EVERY_ZONE)
    yield "gates", listed(content.gates)
    said = list(contraindication_lines(content.contraindications)) or ["none"]
    yield from zip(("contraindications", *[""] * len(said)), said, strict=False)
    yield "endpoints expected", listed(content.endpoints_expected)
    yield "endpoints forbidden", listed(content.endpoints_forbidden)
    yield "depth persistence", _alone(content.depth_persistence, sources)
    yield "data coverage min", _alone(content.data_coverage_min, sources)
    yield "aftercare", content.aftercare or "none"


def _alone(limit: Limit | None, sources: Sources) -> str:
    if limit is None:
        return "not given"
    return f"{amount(limit)} (trust {limit.trust}, source {sources.number_of(limit)})"
