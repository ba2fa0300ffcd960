"""Rules about how motor and needles move. A single window proves nothing, so each must last."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from dermatrace.judge.banding import ROUNDING
from dermatrace.judge.case import Case
from dermatrace.judge.defaults import DEPTH_PERSISTENCE, RATE_DROOP, STALL_RATE, STALL_TIME
from dermatrace.judge.rules.budget import said
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace.judge.state import SessionState
from dermatrace_schemas.rf import RfShot

MS_PER_S: Final = 1_000
PERCENT: Final = 100
_STALL: Final = "device.stall"
_DROOP: Final = "device.rate_droop"
_IN_AIR_HZ: Final = "device.rate_droop.in_air_hz"
"""The motor's latest rate off the skin: it follows when the operator sets another one."""
_SHORTFALL: Final = "device.depth_tracking.shortfall"
_OVERSHOOT: Final = "device.depth_tracking.overshoot"
_DROOPS: Final = f"{_DROOP}.lasted"
_FALLS_SHORT: Final = f"{_SHORTFALL}.lasted"
_SHOOTS_OVER: Final = f"{_OVERSHOOT}.lasted"
"""Set while such a stretch lasts."""
_STALL_RATE_HZ: Final = STALL_RATE.value
_KEPT_SHARE: Final = 1 - RATE_DROOP.value


def _lengthen(state: SessionState, run: str, by: float, seq: int) -> tuple[float, tuple[int, int]]:
    """Let something have lasted longer; return for how long, and over which documents."""
    numbers = state.numbers
    first_seq = numbers.setdefault(f"{run}.first_seq", seq)
    lasted = numbers[f"{run}.lasted"] = numbers.get(f"{run}.lasted", 0.0) + by
    return lasted, (int(first_seq), seq)


def _end(state: SessionState, run: str) -> None:
    if state.numbers.pop(f"{run}.lasted", None) is not None:
        state.numbers.pop(f"{run}.first_seq", None)


def _stall(case: Case) -> Iterable[Hit]:
    windows, document = case.windows, case.document
    if windows is None or document is None or windows.rate is None:
        return ()
    extremes = windows.extremes(windows.rate)
    if extremes is None:
        return ()
    slowest_hz = extremes[0]
    limit_hz = _STALL_RATE_HZ if slowest_hz >= _STALL_RATE_HZ else _stalled_below_hz(case)
    if slowest_hz >= limit_hz:
        _end(case.state, _STALL)
        return ()
    lasted_ms, seqs = _lengthen(case.state, _STALL, windows.contact_ms, document.seq)
    if lasted_ms < STALL_TIME.value * MS_PER_S:
        return ()
    whose = "a default" if limit_hz == _STALL_RATE_HZ else "its lowest rated rate"
    return (
        Hit(
            sentence=f"The motor ran at {said(slowest_hz, 'Hz')} on skin, below the"
            f" {said(limit_hz, 'Hz')} at which it counts as stalled ({whose}).",
            seqs=seqs,
            measured_value=slowest_hz,
            limit_value=limit_hz,
            unit="Hz",
        ),
    )


def _stalled_below_hz(case: Case) -> float:
    """Return the rate below which a motor is stalled: less if the device is made to run slowly."""
    rated = [b.lower for b in case.bounds("stroke_rate") if b.envelope == "device_rating"]
    return min((_STALL_RATE_HZ, *(lower for lower in rated if lower is not None)))


def _rate_droop(case: Case) -> Iterable[Hit]:
    windows, document = case.windows, case.document
    if windows is None or document is None or windows.rate is None:
        return ()
    hits: tuple[Hit, ...] = ()
    state = case.state
    in_air_hz = state.numbers.get(_IN_AIR_HZ)
    if in_air_hz is not None and windows.is_all_on_skin and _DROOPS not in state.numbers:
        extremes = windows.extremes(windows.rate)
        if extremes is None or extremes[0] >= in_air_hz * _KEPT_SHARE:
            return ()  # nearly always
    for rate_hz, strokes, contact in zip(
        windows.rate, windows.strokes, windows.contact_strokes, strict=True
    ):
        if rate_hz is None or not strokes:
            continue
        if not contact:
            in_air_hz = state.numbers[_IN_AIR_HZ] = rate_hz
        elif in_air_hz is not None:
            if rate_hz < in_air_hz * _KEPT_SHARE:
                hits = _drooping(case, rate_hz, in_air_hz, contact, document.seq)
            else:
                _end(state, _DROOP)
    return hits


def _drooping(
    case: Case, rate_hz: float, in_air_hz: float, strokes: int, seq: int
) -> tuple[Hit, ...]:
    lasted_strokes, seqs = _lengthen(case.state, _DROOP, strokes, seq)
    if lasted_strokes < case.persistence_strokes:
        return ()
    lost = round(PERCENT * (1 - rate_hz / in_air_hz), 1)
    return (
        Hit(
            sentence=f"On skin the motor lost {said(lost)} % of the {said(in_air_hz, 'Hz')} it"
            f" held in the air; {said(PERCENT * RATE_DROOP.value)} % (a default) is taken for a"
            " failing motor.",
            seqs=seqs,
            measured_value=rate_hz,
            limit_value=round(in_air_hz * _KEPT_SHARE, 2),
            unit="Hz",
        ),
    )


def _depth_tracking(case: Case) -> Iterable[Hit]:
    windows, document = case.windows, case.document
    if windows is None or document is None:
        return _shot_tracking(case)
    commanded, measured = windows.commanded, windows.measured
    if commanded is None or measured is None:
        return ()
    hits: tuple[Hit, ...] = ()
    numbers = case.state.numbers
    is_off = _FALLS_SHORT in numbers or _SHOOTS_OVER in numbers
    allowed_mm = case.depth_tolerance_mm + ROUNDING
    spread = windows.extremes(commanded), windows.extremes(measured)
    if not is_off and (
        spread[0] is None
        or spread[1] is None
        or (spread[1][1] - spread[0][0] <= allowed_mm and spread[0][1] - spread[1][0] <= allowed_mm)
    ):
        return ()  # nearly always: no reading can be farther off than the extremes are
    for set_mm, read_mm, strokes in zip(commanded, measured, windows.contact_strokes, strict=True):
        if not strokes or set_mm is None or read_mm is None:
            continue
        off_mm = read_mm - set_mm
        if -allowed_mm <= off_mm <= allowed_mm:
            if is_off:
                _end(case.state, _SHORTFALL)
                _end(case.state, _OVERSHOOT)
            continue
        is_off = True
        run, other = (_OVERSHOOT, _SHORTFALL) if off_mm > 0 else (_SHORTFALL, _OVERSHOOT)
        _end(case.state, other)
        lasted_strokes, seqs = _lengthen(case.state, run, strokes, document.seq)
        if lasted_strokes >= case.persistence_strokes:
            hits = (_off(case, set_mm, read_mm, seqs),)
    return hits


def _shot_tracking(case: Case) -> Iterable[Hit]:
    """One shot suffices: its energy went where the needles were."""
    document = case.document
    if not isinstance(document, RfShot):
        return
    allowed_mm = case.depth_tolerance_mm + ROUNDING
    for depth in document.depths:
        set_mm, read_mm = depth.depth_commanded_mm, depth.depth_measured_mm
        if set_mm is not None and read_mm is not None and abs(read_mm - set_mm) > allowed_mm:
            yield _off(case, set_mm, read_mm, (document.seq, document.seq))


def _off(case: Case, set_mm: float, read_mm: float, seqs: tuple[int, int]) -> Hit:
    deeper = read_mm > set_mm
    way = "deeper" if deeper else "less deep"
    whose = "a default" if case.tolerance_is_default else "the device's tolerance"
    return Hit(
        sentence=f"At {case.spot.name} the device-reported depth was {said(read_mm, 'mm')}, more"
        f" than {said(case.depth_tolerance_mm, 'mm')} ({whose}) {way} than the set depth of"
        f" {said(set_mm, 'mm')}.",
        priority=None if deeper else "low",
        spot=case.spot,
        about="overshoot" if deeper else "shortfall",
        seqs=seqs,
        measured_value=read_mm,
        limit_value=set_mm,
        unit="mm",
    )


_motion = partial(MomentRule, envelopes=("none",), nature="technical", clearing="never")

MOTION_RULES: Final[tuple[AnyRule, ...]] = (
    _motion(
        id=_STALL,
        meaning="The motor all but stood while the needles were on skin: they may have dragged.",
        priority="medium",
        persistence=f"{STALL_TIME.value:g} s on skin",
        source=STALL_RATE.source,
        trust=STALL_RATE.trust,
        when=("windows",),
        look=_stall,
    ),
    _motion(
        id=_DROOP,
        meaning="On skin the motor slowed down more than a sound one does.",
        priority="low",
        persistence=f"contact strokes in a row: the treatment protocol's persistence, else"
        f" {DEPTH_PERSISTENCE.value:g}",
        source=RATE_DROOP.source,
        trust=RATE_DROOP.trust,
        when=("windows",),
        look=_rate_droop,
    ),
    _motion(
        id="device.depth_tracking",
        meaning="The needles did not go as deep as they were set to, or deeper.",
        priority="medium",
        persistence=f"contact strokes in a row: the treatment protocol's persistence, else"
        f" {DEPTH_PERSISTENCE.value:g}; one RF shot",
        source="510(k) K182407 (Exceed) states a tolerance of the scale; the device's own counts",
        trust="V",
        when=("windows", "shot"),
        look=_depth_tracking,
    ),
)
