"""Adds readings to the numbers of their zone, and says how much of it the protocol allows."""

from collections.abc import Sequence

from dermatrace.judge.banding import Watch, Watches, column_of, values_of
from dermatrace.judge.case import Case
from dermatrace.judge.readings import Column, Shot, Windows
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import SPOTS_MAX, tally_key
from dermatrace.judge.tally import Tally, most


def add_windows(case: Case, watches: Watches, *, calm: bool) -> None:
    """Add one document's windows; `watches` are those of its spot, `calm` if none is crossed."""
    windows = case.windows
    assert windows is not None  # noqa: S101  asked for documents with windows only
    contact = windows.contact_stroke_count
    tally = _tally(case, treated=contact > 0)
    tally.stroke_count += sum(windows.strokes)
    if contact == 0:
        return
    tally.contact_stroke_count += contact
    tally.contact_ms += windows.contact_ms
    needles = case.needle_count
    if needles is not None:
        tally.puncture_count = (tally.puncture_count or 0) + contact * needles
    if windows.measured is not None:
        tally.add_depths(windows.measured, windows.contact_strokes)
    known_mm, found = tally.depth_commanded_max_mm, windows.extremes(windows.commanded)
    if found is not None and (known_mm is None or found[1] > known_mm):
        tally.depth_commanded_max_mm = found[1]
    known_mm = tally.depth_measured_max_mm
    found = windows.extremes(windows.measured if windows.peak is None else windows.peak)
    if found is not None and (known_mm is None or found[1] > known_mm):
        tally.depth_measured_max_mm = found[1]
    _assess_windows(tally, windows, watches, calm=calm)


def add_shot(case: Case, watches: Watches) -> None:
    """Add one shot; `watches` are those of its spot."""
    shot = case.shot
    assert shot is not None  # noqa: S101  asked for shots only
    tally = _tally(case, treated=shot.treatment)
    tally.depth_commanded_max_mm = most((tally.depth_commanded_max_mm, *shot.commanded))
    tally.depth_measured_max_mm = most((tally.depth_measured_max_mm, *shot.measured))
    tally.temperature_max_celsius = most(
        (tally.temperature_max_celsius, shot.temperature_max_celsius)
    )
    if not shot.treatment:
        tally.test_shot_count += 1
        return
    tally.treatment_shot_count += 1
    tally.add_depths(shot.measured, [1] * len(shot.measured))
    if shot.energy_delivered_mj is not None:
        tally.energy_delivered_mj = (tally.energy_delivered_mj or 0.0) + shot.energy_delivered_mj
    _assess_shot(tally, shot, watches)


def is_good(windows: Windows | None, shot: Shot | None, spot: Spot) -> bool:
    """Tell whether a reading counts for data coverage: its zone and a depth are known.

    Windows without contact have no depth to know.
    """
    if windows is not None:
        if windows.contact_stroke_count == 0:
            return True
        if spot.zone is None:
            return False
        found = windows.extremes(windows.commanded) or windows.extremes(windows.measured)
        return found is not None
    if shot is not None:
        return spot.zone is not None and bool(shot.commanded or shot.measured)
    return True


def _tally(case: Case, *, treated: bool) -> Tally:
    """Return the tally of the document's spot, made if need be; note its pass if it was treated."""
    tallies, spot = case.state.tallies, case.spot
    key = tally_key(spot)
    if key not in tallies and len(tallies) >= SPOTS_MAX:
        key = tally_key(NOWHERE)
    tally = tallies.get(key)
    if tally is None:
        tally = tallies[key] = Tally()
    if treated and case.pass_number is not None and case.pass_number not in tally.passes:
        tally.passes.append(case.pass_number)
    return tally


def _assess_windows(tally: Tally, windows: Windows, watches: Watches, *, calm: bool) -> None:
    if not watches.are_asked:
        return
    tally.limited = True
    if calm and not watches.is_outside:
        assessed = within = _assessed_strokes(windows, watches)
    else:
        assessed, within = _assess_each(windows, watches)
    tally.assessed_count += assessed
    tally.within_count += within
    tally.in_band_ms += windows.contact_ms * (within / windows.contact_stroke_count)


def _assess_each(windows: Windows, watches: Watches) -> tuple[int, int]:
    """Return the contact strokes that can be assessed, and those of them that are within."""
    outside = watches.is_outside
    columns = [(watch, column_of(watch, windows)) for watch in watches.of_protocol]
    known = [column for _, column in columns if column is not None]
    assessed = within = 0
    for place, strokes in enumerate(windows.contact_strokes):
        if strokes and (outside or any(column[place] is not None for column in known)):
            assessed += strokes
            if not outside and not _is_beyond(columns, place):
                within += strokes
    return assessed, within


def _is_beyond(columns: Sequence[tuple[Watch, Column | None]], place: int) -> bool:
    """Whether any reading of one window is beyond its watch."""
    for watch, column in columns:
        value = None if column is None else column[place]
        if value is not None and watch.is_beyond(value):
            return True
    return False


def _assessed_strokes(windows: Windows, watches: Watches) -> int:
    """Return the contact strokes of windows in which anything that is limited is known."""
    known: list[Column] = []
    for name in watches.columns:
        column: Column | None = getattr(windows, name)
        if column is not None:
            if None not in column:
                return windows.contact_stroke_count  # nearly always
            known.append(column)
    return sum(
        strokes
        for place, strokes in enumerate(windows.contact_strokes)
        if strokes and any(column[place] is not None for column in known)
    )


def _assess_shot(tally: Tally, shot: Shot, watches: Watches) -> None:
    if not watches.are_asked:
        return
    tally.limited = True
    values = [(watch, values_of(watch, shot)) for watch in watches.of_protocol]
    if not watches.is_outside and not any(found for _, found in values):
        return
    tally.assessed_count += 1
    if not watches.is_outside and not any(
        watch.is_beyond(value) for watch, found in values for value in found
    ):
        tally.within_count += 1
