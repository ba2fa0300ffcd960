"""The plots of a printed report, black on white; the page's plots say the same. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dermatrace.console.svg_paths import (
    LEFT,
    RIGHT,
    WIDTH,
    Frame,
    Path,
    Plot,
    Text,
    circle,
    line_path,
    ribbon_path,
    ticks,
    time_texts,
)
from dermatrace.reading.session_trace import Numbers, Stretch, Trace
from dermatrace_schemas.finding import Priority
from dermatrace_schemas.quantities import Quantity

GAP_WIDTH_MIN: Final = 2.0
PIN_WIDTH: Final = 18.0
WORD_WIDTH: Final = 50.0
"""Of the word `withdrawn` in print."""
SHAPES: Final[dict[Priority, str]] = {"high": "▲", "medium": "◆", "low": "●"}
_NEAR: Final = 2.5
_NEAR_OTHERS: Final = 1.3
"""Of the largest reading: what limits more than so many times that is not on the paper; of the
treatment protocol more is shown than of the other envelopes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one plot shows."""

    title: str
    quantity: Quantity | None
    height: int
    values: Sequence[Numbers]
    draw: Callable[[Plot, Frame], None]
    is_depth: bool = False
    from_zero: bool = True


def plots_of(trace: Trace, priorities: dict[int, Priority]) -> list[Plot]:
    """Return what is printed of a session: zones and findings on top, the time below."""
    kinds = [*_of_windows(trace), *_of_shots(trace)]
    if not kinds:
        return []
    span = min([0, *(gap.from_ms for gap in trace.gaps)]), max(1, trace.end_ms)
    return [
        _lane(trace, span, priorities),
        *(_plot(trace, kind, span, is_last=kind is kinds[-1]) for kind in kinds),
    ]


def _of_windows(trace: Trace) -> Iterator[Kind]:
    windows = trace.windows
    if not windows.at_ms:
        return
    ends = [at_ms + length for at_ms, length in zip(windows.at_ms, windows.length_ms, strict=True)]
    times = list(zip(windows.at_ms, ends, strict=True))

    def depth(plot: Plot, frame: Frame) -> None:
        plot.paths += [
            Path("ribbon", ribbon_path(frame, times, kept["low_mm"], kept["high_mm"])),
            Path("set", line_path(frame, times, kept["set_mm"], is_stepped=True)),
            Path("told", line_path(frame, times, kept["median_mm"])),
        ]

    def rate(plot: Plot, frame: Frame) -> None:
        plot.paths.append(Path("told", line_path(frame, times, kept["rate_hz"])))

    kept = {
        name: _standing(getattr(windows, name), windows.is_withdrawn)
        for name in ("set_mm", "low_mm", "median_mm", "high_mm", "rate_hz")
    }
    numbers = [kept["set_mm"], kept["high_mm"]]
    yield Kind("depth, mm", "depth", 190, numbers, depth, is_depth=True)
    if any(value is not None for value in kept["rate_hz"]):
        yield Kind("rate, Hz", "stroke_rate", 54, [kept["rate_hz"]], rate, from_zero=False)


def _of_shots(trace: Trace) -> Iterator[Kind]:
    shots = trace.shots
    limited = {limit.quantity for limit in trace.limits}
    is_per_pin = any(v is not None for v in shots.per_pin_mj) and (
        "energy_per_pin" in limited or "energy_total" not in limited
    )
    energy = (shots.per_pin_set_mj, shots.per_pin_mj) if is_per_pin else (
        shots.total_set_mj, shots.total_mj
    )  # fmt: skip
    quantity: Quantity = "energy_per_pin" if is_per_pin else "energy_total"
    title = "mJ a pin" if is_per_pin else "energy, mJ"
    rows: tuple[tuple[str, Quantity, int, Numbers | None, Numbers], ...] = (
        ("depth, mm", "depth", 104, shots.set_mm, shots.reported_mm),
        (title, quantity, 104, *energy),
        ("Ω before", "impedance_before", 50, None, shots.impedance_ohm),
        ("°C most", "temperature", 50, None, shots.temperature_celsius),
    )
    for title, quantity, height, set_values, told in rows:
        if any(value is not None for value in told):
            pair = [told] if set_values is None else [set_values, told]
            values = [_standing(one, shots.is_withdrawn) for one in pair]
            draw = _lollipops(trace, set_values, told)
            is_depth = quantity == "depth"
            from_zero = set_values is not None
            yield Kind(title, quantity, height, values, draw, is_depth, from_zero)


def _standing(values: Numbers, is_withdrawn: Sequence[bool]) -> Numbers:
    """Return values without those that a correction has withdrawn: no line goes through them."""
    return [None if is_gone else value for value, is_gone in zip(values, is_withdrawn, strict=True)]


def _plot(trace: Trace, kind: Kind, span: tuple[int, int], *, is_last: bool) -> Plot:
    low, high = _ends(trace, kind)
    frame = Frame(*span, low, high, 4, kind.height - 4, kind.is_depth)
    plot = Plot(kind.title, kind.height + (16 if is_last else 0))
    plot.paths += _bands(trace, frame, kind.quantity)
    plot.paths += [Path("grid", f"M{LEFT},{frame.y(v)}H{WIDTH - RIGHT}") for v in ticks(low, high)]
    plot.texts += [Text("tick", LEFT - 5, frame.y(v) + 3, f"{v:g}") for v in ticks(low, high)]
    plot.paths += [*_gaps(trace, frame), *_withdrawn(trace, frame)]
    plot.texts += _withdrawn_words(trace, frame)
    plot.paths += _limits(trace, frame, kind.quantity)
    kind.draw(plot, frame)
    plot.paths += _doubts(trace, frame)
    plot.texts.append(Text("title", 10, (frame.top + frame.bottom) / 2, kind.title))
    if is_last:
        plot.texts += time_texts(frame)
    return plot


def _lane(trace: Trace, span: tuple[int, int], priorities: dict[int, Priority]) -> Plot:
    frame, plot = Frame(*span, 0.0, 1.0, 15, 31, is_down=True), Plot("", 33)
    for stretch in trace.stretches:
        left, right = frame.x(stretch.from_ms), frame.x(stretch.to_ms)
        plot.paths.append(Path("zone", f"M{left},15H{right}V31H{left}Z"))
        plot.texts += _zone_name(stretch, left, right)
    plot.paths += [*_gaps(trace, frame), *_withdrawn(trace, frame)]
    plot.texts += _pins(trace, frame, priorities)
    return plot


def _pins(trace: Trace, frame: Frame, priorities: dict[int, Priority]) -> Iterator[Text]:
    """Yield findings by shape and number; those that begin close together share a place."""
    places: list[tuple[float, list[str]]] = []
    for pin in sorted(trace.pins, key=lambda one: (one.from_ms, one.number)):
        if pin.number in priorities:
            x, words = frame.x(pin.from_ms), f"{SHAPES[priorities[pin.number]]}{pin.number}"
            if places and x - places[-1][0] < PIN_WIDTH * len(places[-1][1]):
                places[-1][1].append(words)
            else:
                places.append((x, [words]))
    for x, words_there in places:
        room = PIN_WIDTH * len(words_there) / 2
        at = min(max(x, LEFT + room), WIDTH - RIGHT - room)
        yield Text("pin", at, 11, " ".join(words_there))


def _zone_name(stretch: Stretch, left: float, right: float) -> Iterator[Text]:
    number = "" if stretch.pass_number is None else f" · {stretch.pass_number}"
    short = stretch.name.replace("left ", "L ").replace("right ", "R ")
    for words in (f"{stretch.name}{number}", stretch.name, short):
        if len(words) * 4.6 < right - left - 4:
            yield Text("zone-name", left + 3, 26, words)
            return


def _ends(trace: Trace, kind: Kind) -> tuple[float, float]:
    """Return how far a plot reaches: over its readings, and the limits that are not far away."""
    known = [value for values in kind.values for value in values if value is not None]
    most, least = max(known, default=0.1), min(known, default=0.0)
    limits = [one for one in trace.limits if one.quantity == kind.quantity]
    near = [
        one.value
        for one in limits
        if one.value <= most * (_NEAR if one.envelope == "clinic_protocol" else _NEAR_OTHERS)
    ]
    if kind.from_zero:
        return 0.0, max([most, *near]) * 1.08 or 1.0
    low = min([least, *(value for value in near if value >= least * 0.8)])
    high = max([most, *near])
    room = max((high - low) * 0.15, high * 0.02, 0.01)
    return low - room, high + room


def _bands(trace: Trace, frame: Frame, quantity: Quantity | None) -> Iterator[Path]:
    for stretch in trace.stretches:
        held = [
            limit
            for limit in (trace.limits[place] for place in stretch.limits)
            if limit.quantity == quantity and limit.envelope == "clinic_protocol"
        ]
        if held:
            low = max([frame.low, *(one.value for one in held if one.side == "lower")])
            high = min([frame.high, *(one.value for one in held if one.side == "upper")])
            left, right = frame.x(stretch.from_ms), frame.x(stretch.to_ms)
            yield Path("band", f"M{left},{frame.y(low)}H{right}V{frame.y(high)}H{left}Z")


def _limits(trace: Trace, frame: Frame, quantity: Quantity | None) -> Iterator[Path]:
    for stretch in trace.stretches:
        for limit in (trace.limits[place] for place in stretch.limits):
            if limit.quantity == quantity and frame.low <= limit.value <= frame.high:
                y = frame.y(limit.value)
                d = f"M{frame.x(stretch.from_ms)},{y}H{frame.x(stretch.to_ms)}"
                yield Path(f"limit {limit.envelope}", d)


def _gaps(trace: Trace, frame: Frame) -> Iterator[Path]:
    for gap in trace.gaps:
        left = frame.x(gap.from_ms)
        right = max(left + GAP_WIDTH_MIN, frame.x(gap.to_ms))
        d = f"M{left},{frame.top}H{right}V{frame.bottom}H{left}Z"
        yield Path("gap-ground", d)
        yield Path("gap", d)


def _withdrawn(trace: Trace, frame: Frame) -> Iterator[Path]:
    for one in trace.withdrawn:
        left = frame.x(one.from_ms)
        right = max(left + GAP_WIDTH_MIN, frame.x(one.to_ms))
        yield Path("withdrawn", f"M{left},{frame.top}H{right}V{frame.bottom}H{left}Z")


def _withdrawn_words(trace: Trace, frame: Frame) -> Iterator[Text]:
    """Yield the word above each stretch; where two are close together, above the first."""
    free_from = 0.0
    for one in trace.withdrawn:
        x = min(frame.x(one.from_ms), WIDTH - RIGHT - WORD_WIDTH)
        if x >= free_from:
            yield Text("withdrawn-word", x, frame.top + 9, "withdrawn")
            free_from = x + WORD_WIDTH


def _doubts(trace: Trace, frame: Frame) -> Iterator[Path]:
    for late in trace.late:
        d = f"M{frame.x(late.from_ms)},{frame.bottom - 1}H{frame.x(late.to_ms)}"
        yield Path("late", d)
    for mark in trace.rejected:
        yield Path("rejected", f"M{frame.x(mark.at_ms)},{frame.bottom}v-7")
    for doubt in trace.doubts:
        for ms in dict.fromkeys((doubt.from_ms, doubt.to_ms)):
            wave = "q2.5,2.5 0,5t0,5" * ((frame.bottom - frame.top) // 10)
            yield Path("doubt", f"M{frame.x(ms)},{frame.top}{wave}")


def _lollipops(
    trace: Trace, set_values: Numbers | None, told: Numbers
) -> Callable[[Plot, Frame], None]:
    def draw(plot: Plot, frame: Frame) -> None:
        shots, foot = trace.shots, frame.y(max(0.0, frame.low))
        stems: list[str] = []
        opens: list[str] = []
        dots: list[str] = []
        crosses: list[str] = []
        for place, at_ms in enumerate(shots.at_ms):
            x, value = frame.x(at_ms), told[place]
            aim = None if set_values is None else set_values[place]
            if shots.is_withdrawn[place]:
                if value is not None:
                    crosses.append(f"M{x - 2},{frame.y(value) - 2}l4,4m0,-4l-4,4")
                continue
            if aim is not None:
                opens.append(circle(x, frame.y(aim), 2.0))
            if value is not None:
                (opens if shots.is_test[place] else dots).append(circle(x, frame.y(value), 1.5))
                if set_values is not None:
                    stems.append(f"M{x},{foot}V{frame.y(value)}")
        plot.paths += [
            Path("stem", "".join(stems)),
            Path("open", "".join(opens)),
            Path("dot", "".join(dots)),
            Path("cross", "".join(crosses)),
        ]

    return draw
