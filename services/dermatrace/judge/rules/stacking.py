"""Two shots on one spot within too short a time, as far as the device tells where it shoots."""

from collections.abc import Iterable, Iterator, Sequence
from math import hypot
from typing import Final
from zlib import crc32

from dermatrace.judge.bounds import Bound
from dermatrace.judge.case import Case
from dermatrace.judge.defaults import STACKING_DISTANCE
from dermatrace.judge.rules.budget import (
    ROUNDING_SHARE,
    aside,
    cannot_assess,
    floors,
    has_floor,
    priority_of,
    said,
)
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace.judge.state import tally_key
from dermatrace_schemas.rf import Position, RfShot

SHOTS_KEPT_MAX: Final = 300
"""Latest shots with a position that the next is compared with, of the device's current start; an
earlier shot is not compared. At two a second they are the last two and a half minutes."""
MS_PER_S: Final = 1_000.0
_BOOT: Final = "exposure.stacking.boot"
_POINTS: Final = "exposure.stacking.points"
_CELLS: Final = "exposure.stacking.cells"


def _shot_with_limits(case: Case) -> tuple[RfShot, Sequence[tuple[float, Bound]]] | None:
    """Return the shot in hand and what limits it; None if it gave no energy or nothing does."""
    document, shot = case.document, case.shot
    if shot is None or not shot.pulses or not isinstance(document, RfShot):
        return None
    limits = floors(case.bounds("pulse_stacking_interval"))
    return (document, limits) if limits else None


def _is_known(case: Case, position: Position | None) -> bool:
    """Whether two shots can be compared: cells and coordinates mean nothing without a zone."""
    if case.spot.zone is None or position is None:
        return False
    return position.cell is not None or None not in {position.x_mm, position.y_mm}


def _stacking(case: Case) -> Iterable[Hit]:
    limited = _shot_with_limits(case)
    if limited is None or not _is_known(case, limited[0].position):
        return ()
    document, limits = limited
    longest_ms = MS_PER_S * max(shortest_s for shortest_s, _ in limits)
    since_ms = _since_ms(case, document, longest_ms)
    if since_ms is None:
        return ()
    since_s = since_ms / MS_PER_S
    return [
        Hit(
            sentence=f"Two shots at {case.spot.name} landed on one spot within"
            f" {said(since_s, 's')}, less than the {said(shortest_s, 's')} of the"
            f" {bound.whose}{aside(bound)}.",
            envelope=bound.envelope,
            priority=priority_of(bound),
            spot=case.spot,
            measured_value=since_s,
            limit_value=shortest_s,
            unit="s",
            digests=() if bound.digest is None else (bound.digest,),
        )
        for shortest_s, bound in limits
        if shortest_s - since_s > ROUNDING_SHARE * shortest_s
    ]


def _since_ms(case: Case, document: RfShot, longest_ms: float) -> float | None:
    """Return how long ago the last remembered shot on the same spot was; remember this one.

    By the uptime, which no clock setting can move. Nothing is returned for what lies further back
    than any limit reaches.
    """
    position = document.position
    numbers, lists = case.state.numbers, case.state.lists
    boot = _code(document.boot_id)
    if numbers.get(_BOOT) != boot:  # another start counts from zero again
        numbers[_BOOT], lists[_POINTS], lists[_CELLS] = boot, [], []
    assert position is not None  # noqa: S101  asked for shots with a known position only
    now_ms, zone = float(document.uptime_ms), tally_key(case.spot)
    earliest_ms = now_ms - longest_ms
    last_ms: list[float] = []
    if position.x_mm is not None and position.y_mm is not None:
        points, here = lists[_POINTS], _code(zone)
        for at_ms, where, x_mm, y_mm in _newest_first(points, 4, earliest_ms):
            near = hypot(position.x_mm - x_mm, position.y_mm - y_mm) < STACKING_DISTANCE.value
            if where == here and near:
                last_ms.append(at_ms)
                break
        points += (now_ms, here, position.x_mm, position.y_mm)
        del points[: -4 * SHOTS_KEPT_MAX]
    if position.cell is not None:
        cells, here = lists[_CELLS], _code(f"{zone}/{position.cell}")
        newest = _newest_first(cells, 2, earliest_ms)
        last_ms += [at_ms for at_ms, where in newest if where == here][:1]
        cells += (now_ms, here)
        del cells[: -2 * SHOTS_KEPT_MAX]
    return now_ms - max(last_ms) if last_ms else None


def _newest_first(
    flat: Sequence[float], width: int, earliest_ms: float
) -> Iterator[Sequence[float]]:
    """Yield the remembered rows, which begin with their time, back to a time."""
    for start in range(len(flat) - width, -1, -width):
        if flat[start] < earliest_ms:
            return
        yield flat[start : start + width]


def _code(text: str) -> float:
    """Return a number for a text: what a judgement remembers between documents is numbers.

    Two texts of the few hundred compared share one in about one of ten million times.
    """
    return float(crc32(text.encode()))


def _stacking_unknown(case: Case) -> Iterable[Hit]:
    limited = _shot_with_limits(case)
    if limited is None or _is_known(case, limited[0].position):
        return ()
    about, why = "position", "the device does not tell where on the skin a shot landed"
    if case.spot.zone is None:
        about, why = "zone", "the zone of a shot is unknown"
    bounds = [bound for _, bound in limited[1]]
    return (cannot_assess("Whether shots were stacked on one spot", why, bounds, case, about),)


RULES: Final[tuple[AnyRule, ...]] = (
    MomentRule(
        id="exposure.stacking",
        meaning="The same spot was shot again before it could cool, which can burn.",
        envelopes=("clinic_protocol", "cleared_label", "device_rating"),
        priority="high",
        nature="treatment",
        persistence="two shots with energy on one spot, test shots included",
        clearing="never",
        source="FDA communication of 15 October 2025 on RF microneedling, as clinicians explain it",
        trust="S",
        when=("shot",),
        look=_stacking,
        applies=has_floor("pulse_stacking_interval"),
    ),
    MomentRule(
        id="exposure.stacking_unknown",
        meaning="Nobody can tell whether a spot was shot again too soon.",
        envelopes=("none",),
        priority="low",
        nature="technical",
        persistence="one shot",
        clearing="never",
        source="Without a position two shots cannot be compared",
        trust="D",
        when=("shot",),
        look=_stacking_unknown,
        applies=has_floor("pulse_stacking_interval"),
    ),
)
