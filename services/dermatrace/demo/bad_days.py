"""What goes wrong in the live demonstration: early enough that nobody has to wait for it.

Decided by device and session number. Two devices never have a bad day, two have one every other
session, and one in every session: so there is always something to see and something to compare.
"""

from dataclasses import replace
from typing import Final

from dermatrace.simulator.faults import LimitCrossing
from dermatrace.simulator.fleet import (
    PEN_NORTH,
    PEN_SOUTH,
    RF_NORTH,
    FleetSession,
    on_a_bad_day,
)
from dermatrace.simulator.omissions import Omission

DIALLED_FROM_MS: Final = 30_000
"""After the session's start: by then it has been seen to run as it should."""
DIALLED_FOR_MS: Final = 20_000
"""Long enough to last through any persistence, short enough to be seen to end."""
OVER_MM: Final = 0.4
"""Beyond what the sample protocols allow wherever a session is by then."""
OVER_ENERGY_FRACTION: Final = 3.0
"""Four times the energy planned: above what the sample protocol allows a pin."""
ENERGY_FOR_MS: Final = 5_000
"""A shot every two or three seconds: one or two of them."""


def with_live_mishaps(session: FleetSession) -> FleetSession:
    """Return a live session as it is to be played: most as they are, some with mishaps."""
    is_odd = session.number % 2 == 1
    if session.device is PEN_SOUTH:
        return on_a_bad_day(session)
    if session.device is PEN_NORTH and is_odd:
        return _too_deep(session)
    if session.device is RF_NORTH and is_odd:
        return _too_strong(session)
    return session


def _too_deep(session: FleetSession) -> FleetSession:
    """Let the operator set more depth than planned for a while."""
    first, last = _readings_between(session, "needling.windows", DIALLED_FOR_MS)
    return replace(session, faults=(LimitCrossing(first, last, over_mm=OVER_MM, dialled=True),))


def _too_strong(session: FleetSession) -> FleetSession:
    """Let the operator set far too much energy, and nobody take the photo before."""
    first, last = _readings_between(session, "rf.shot", ENERGY_FOR_MS)
    strong = LimitCrossing(first, last, over_energy_fraction=OVER_ENERGY_FRACTION, dialled=True)
    return replace(session, faults=(strong,), omissions=(Omission("photo_before"),))


def _readings_between(session: FleetSession, kind: str, span_ms: int) -> tuple[int, int]:
    """Return the first and the last reading of that span; live sessions are longer than that."""
    until_ms = DIALLED_FROM_MS + span_ms
    indexes = [
        index
        for index, document in enumerate(session.script)
        if document.kind == kind and DIALLED_FROM_MS <= document.at_ms < until_ms
    ]
    return indexes[0], indexes[-1]
