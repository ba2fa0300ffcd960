"""What differs between two versions of a treatment protocol, in words.

Limits are compared place by place, not band by band: it plays no part in which order bands stand
and how zones are gathered in them. Where several zones change alike, they are told in one line.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from dermatrace.registry.protocol_text import (
    EVERY_ZONE,
    amount,
    demand_lines,
    listed,
    words,
)
from dermatrace_schemas.quantities import Limit
from dermatrace_schemas.registry_protocols import Contraindication, ProtocolContent


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs."""

    what: str
    """A member of the protocol, or a limit and the places it is for."""
    change: str
    """added, removed, raised, lowered, entered, withdrawn or changed; of a limit's source too."""
    before: str
    after: str

    def __str__(self) -> str:
        values = " → ".join(value for value in (self.before, self.after) if value)
        return f"{self.what}: {self.change}" + (f", {values}" if values else "")


class _Spot(NamedTuple):
    """Where a limit counts; `twin` tells apart those that are written for the same."""

    name: str
    zone: str
    phototypes: tuple[str, ...]
    twin: int


_TEXTS: Final = ("title", "treatment", "example", "aftercare")
_LISTS: Final = {
    "settings": "none",
    "indications": "every indication",
    "zones": EVERY_ZONE,
    "gates": "none",
    "endpoints_expected": "none",
    "endpoints_forbidden": "none",
}
"""Members that list codes, and what it means if nothing is listed."""


def changes_between(before: ProtocolContent, after: ProtocolContent) -> list[Change]:
    """Return what differs, in the order in which a protocol is written.

    What says the same in another way, such as a list in another order, is no change here, though
    the digests differ.
    """
    changes = list(_texts(before, after))
    for name, none in _LISTS.items():
        changes += _list(words(name), getattr(before, name), getattr(after, name), none)
    changes += _list("device", list(demand_lines(before.device)), list(demand_lines(after.device)))
    changes += _limits(before, after)
    changes += _contraindications(before.contraindications, after.contraindications)
    return changes


def _texts(before: ProtocolContent, after: ProtocolContent) -> Iterator[Change]:
    for name in _TEXTS:
        old, new = (_text(getattr(content, name)) for content in (before, after))
        if old != new:
            change = "added" if not old else "changed" if new else "removed"
            yield Change(name, change, old, new)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _list(
    what: str, before: Sequence[str] | None, after: Sequence[str] | None, none: str = ""
) -> Iterator[Change]:
    """Yield what came and what went; where nothing listed means everything, both lists whole."""
    if none.startswith("every") and (before is None) != (after is None):
        yield Change(what, "changed", listed(before, none=none), listed(after, none=none))
        return
    old, new = before or (), after or ()
    if removed := [item for item in old if item not in new]:
        yield Change(what, "removed", listed(removed), "")
    if added := [item for item in new if item not in old]:
        yield Change(what, "added", "", listed(added))


def _contraindications(
    before: Iterable[Contraindication], after: Iterable[Contraindication]
) -> Iterator[Change]:
    old, new = _by_question(before), _by_question(after)
    for question in dict.fromkeys((*old, *new)):
        was, now = old.get(question, ""), new.get(question, "")
        if was != now:
            change = "added" if not was else "changed" if now else "removed"
            yield Change(f"contraindication {question}", change, was, now)


def _by_question(items: Iterable[Contraindication]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items:
        said = f"{item.strength} if {' or '.join(sorted(item.answers, reverse=True))}"
        found[item.question] = "; ".join(filter(None, (found.get(item.question), said)))
    return found


def _limits(before: ProtocolContent, after: ProtocolContent) -> Iterator[Change]:
    """Yield the changes of limits, zones that change alike together."""
    old, new = _by_spot(before), _by_spot(after)
    zones_of: dict[tuple[str, tuple[str, ...], str, str, str], list[str]] = {}
    for spot in dict.fromkeys((*old, *new)):
        for aspect, change, was, now in _limit_changes(old.get(spot), new.get(spot)):
            alike = aspect + spot.name, spot.phototypes, change, was, now
            zones_of.setdefault(alike, []).append(spot.zone)
    for (name, phototypes, change, was, now), zones in zones_of.items():
        whom = f" for phototype {listed(phototypes)}" if phototypes else ""
        at = f" at {listed(zones)}" if any(zones) else ""
        yield Change(f"{name}{at}{whom}", change, was, now)


def _by_spot(content: ProtocolContent) -> dict[_Spot, Limit]:
    found: dict[_Spot, Limit] = {}
    twins = Counter[tuple[str, str, tuple[str, ...]]]()
    for band in content.bands:
        phototypes = tuple(sorted(band.phototypes or ()))
        for side, limit in (("lower", band.lower), ("upper", band.upper)):
            for zone in band.zones or (EVERY_ZONE,):
                place = f"{side} {words(band.quantity)}", zone, phototypes
                if limit is not None:
                    found[_Spot(*place, twins[place])] = limit
                    twins[place] += 1
    for name in ("depth_persistence", "data_coverage_min"):
        limit = getattr(content, name)
        if limit is not None:
            found[_Spot(words(name), "", (), 0)] = limit
    return found


def _limit_changes(
    before: Limit | None, after: Limit | None
) -> Iterator[tuple[str, str, str, str]]:
    """Yield which aspect of a limit changed (nothing: its value), how, and both values."""
    if before is None or after is None:
        change = "added" if before is None else "removed"
        yield "", change, (before and amount(before)) or "", (after and amount(after)) or ""
        return
    old, new = before.value, after.value
    if old != new:
        change = "raised" if old is not None and new is not None and new > old else "lowered"
        change = "entered" if old is None else "withdrawn" if new is None else change
        yield "", change, amount(before), amount(after)
    if before.source != after.source:
        yield "source of ", "changed", before.source, after.source
    if before.trust != after.trust:
        yield "trust of ", "changed", before.trust, after.trust
