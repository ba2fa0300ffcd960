"""Windows, shots and events of a session as lines. Pure: the same document makes the same lines."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import TypeAdapter

from dermatrace.forward.line import NS_PER_MS, line, prefix, tag, time_ns
from dermatrace.forward.measurement import UNKNOWN
from dermatrace.forward.measurements_device import CHANNEL, EVENT, SHOT, SUB_PULSE, WINDOW
from dermatrace.forward.memory import SessionMemory
from dermatrace.forward.session_clock import Moment
from dermatrace_schemas.needling import COLUMNS, NeedlingWindows
from dermatrace_schemas.rf import RfDepth, RfReading, RfShot, SubPulse
from dermatrace_schemas.session import (
    DeviceEvent,
    Place,
    SessionStarted,
    SessionStopped,
    ZoneEntered,
)

DECIMALS: Final = 6
"""Of differences: what binary fractions leave over below a nanometre is no reading."""
_JSON: Final[TypeAdapter[list[list[float | None]]]] = TypeAdapter(Any)
_ABSENT: Final = re.compile(",[a-z_]+=null")
_SUMMED: Final = (
    "duration_commanded_ms",
    "duration_ms",
    "energy_commanded_mj",
    "energy_commanded_per_pin_mj",
    "energy_delivered_mj",
    "energy_delivered_per_pin_mj",
)
_GREATEST: Final = (
    "power_commanded_w",
    "power_w",
    "temperature_max_celsius",
    "temperature_hold_ms",
)
_FIRST: Final = ("impedance_before_ohm", "impedance_start_ohm")


def place_tags(memory: SessionMemory, place: Place | None) -> dict[str, str]:
    """Return zone and laterality: as the document says, else where work has moved to.

    A place told without its zone is one nobody knows, to the judge as well.
    """
    if place is None:
        return {"zone": memory.zone, "laterality": memory.laterality}
    return {"zone": tag(place.zone), "laterality": place.laterality or UNKNOWN}


def windows(memory: SessionMemory, document: NeedlingWindows, moment: Moment) -> list[str]:
    """Return one line a window."""
    start = prefix(WINDOW, memory.tags | place_tags(memory, document.place))
    whole = _same(memory, document, moment) | {"window_ms": document.window_ms}
    fixed = ",".join(f"{name}={value}" for name, value in whole.items() if value is not None)
    members = document.__dict__  # ten times a second a device: attribute look-ups add up
    columns = {name: members[name] for name in COLUMNS if members[name] is not None}
    columns |= _depth_difference(document)
    base_ns = time_ns(moment.at_ms, document.seq)
    times_ns = [base_ns + offset * NS_PER_MS + at for at, offset in enumerate(document.offset_ms)]
    rows = _rows(columns) if columns else [""] * len(times_ns)
    head = f"{start} {fixed}"
    return [f"{head}{row} {at_ns}" for row, at_ns in zip(rows, times_ns, strict=True)]


def _rows(columns: Mapping[str, list[float | None]]) -> list[str]:
    """Return the fields of each window.

    Most of the time of forwarding is the writing of numbers, and pydantic's JSON does it several
    times as fast as Python, with the same digits.
    """
    text = _JSON.dump_json(list(columns.values())).decode()
    cells = [column.split(",") for column in text[2:-2].split("],[")]
    form = "".join(f",{name}=%s" for name in columns)
    rows = [form % row for row in zip(*cells, strict=True)]
    return [_ABSENT.sub("", row) for row in rows] if "null" in text else rows


def shot(memory: SessionMemory, document: RfShot, moment: Moment) -> list[str]:
    """Return the shot, its sub-pulses and their channels, in this order."""
    tags = memory.tags | place_tags(memory, document.place)
    whole = _same(memory, document, moment)
    pulses = [pulse for depth in document.depths for pulse in depth.sub_pulses]
    is_test = None if document.purpose is None else int(document.purpose == "test")
    numbers = {
        **whole,
        "shot_number": document.shot_number,
        "is_test": is_test,
        "depth_count": len(document.depths),
        "sub_pulse_count": len(pulses),
        **_depths_together(document.depths),
        **_together([_reading(pulse) for pulse in pulses]),
    }
    lines = [line(prefix(SHOT, tags), time_ns(moment.at_ms, document.seq), numbers)]
    doubt = {name: whole[name] for name in ("seq", "clock_is_doubtful")}
    lines += _pulses(tags, document, moment, doubt)
    return lines


def event(
    memory: SessionMemory,
    document: SessionStarted | ZoneEntered | DeviceEvent | SessionStopped,
    moment: Moment,
) -> str:
    """Return what a session told besides readings."""
    place, code, name = None, UNKNOWN, document.kind.partition(".")[2]
    numbers: dict[str, float | None] = {}
    texts: dict[str, str | None] = {}
    match document:
        case SessionStarted():
            texts = {"setting": document.setting}
        case ZoneEntered():
            name, place = "zone_entered", document.place
        case DeviceEvent():
            name, code = document.event, tag(document.fault_code)
        case SessionStopped():
            texts = {"outcome": document.outcome}
            counters = ("stroke_count", "shot_count", "energy_delivered_mj")
            numbers = {counter: getattr(document, counter) for counter in counters}
    tags = memory.tags | place_tags(memory, place) | {"event": name, "code": code}
    whole = _same(memory, document, moment) | {"occurrence_count": 1}
    return line(prefix(EVENT, tags), time_ns(moment.at_ms, document.seq), whole | numbers, texts)


def _same(
    memory: SessionMemory,
    document: NeedlingWindows
    | RfShot
    | SessionStarted
    | ZoneEntered
    | DeviceEvent
    | SessionStopped,
    moment: Moment,
) -> dict[str, float | None]:
    """Return the fields that every point of a document has."""
    place: Place | None = getattr(document, "place", None)
    return {
        "seq": document.seq,
        "pass_number": memory.pass_number if place is None else place.pass_number,
        "clock_is_doubtful": 1 if moment.is_doubtful else None,
    }


def _depth_difference(document: NeedlingWindows) -> dict[str, list[float | None]]:
    measured, commanded = document.depth_measured_median_mm, document.depth_commanded_mm
    if measured is None or commanded is None:
        return {}
    return {
        "depth_difference_mm": [
            None if one is None or other is None else round(one - other, DECIMALS)
            for one, other in zip(measured, commanded, strict=True)
        ]
    }


def _pulses(
    tags: dict[str, str], document: RfShot, moment: Moment, doubt: dict[str, float | None]
) -> Iterator[str]:
    """Yield sub-pulses and channels; each gets a nanosecond of its own."""
    pulse_prefix, place_in_document = prefix(SUB_PULSE, tags), 0
    for depth_number, depth in enumerate(document.depths, start=1):
        for pulse_number, pulse in enumerate(depth.sub_pulses, start=1):
            at_ms = moment.at_ms + int(pulse.offset_ms or 0)
            numbers = {
                **doubt,
                "depth_number": depth_number,
                "sub_pulse_number": pulse_number,
            }
            depths = {
                "depth_commanded_mm": depth.depth_commanded_mm,
                "depth_measured_mm": depth.depth_measured_mm,
            }
            at_ns = time_ns(at_ms, document.seq, place_in_document)
            yield line(pulse_prefix, at_ns, {**numbers, **depths, **_reading(pulse)})
            for channel in pulse.channels or ():
                place_in_document += 1
                start = prefix(CHANNEL, tags | {"channel": str(channel.channel_number)})
                at_ns = time_ns(at_ms, document.seq, place_in_document)
                yield line(start, at_ns, {**numbers, **_reading(channel)})
            place_in_document += 1


def _reading(reading: RfReading | SubPulse) -> dict[str, float | None]:
    """Return electrical and thermal values; energy without a scope can be told but not summed."""
    values: dict[str, float | None] = reading.model_dump(
        exclude={"channels", "channel_number", "offset_ms", "energy_scope"}
    )
    if reading.energy_scope == "per_pin":
        for name in ("energy_commanded", "energy_delivered"):
            values[f"{name}_per_pin_mj"] = values.pop(f"{name}_mj")
    elif reading.energy_scope is None:
        del values["energy_commanded_mj"], values["energy_delivered_mj"]
    return values


def _together(readings: list[dict[str, float | None]]) -> dict[str, float | None]:
    """Return what several sub-pulses come to; None where none of them says."""

    def told(name: str) -> list[float]:
        return [value for one in readings if (value := one.get(name)) is not None]

    found: dict[str, float | None] = {}
    for name in _SUMMED:
        found[name] = sum(values) if (values := told(name)) else None
    for name in _GREATEST:
        found[name] = max(told(name), default=None)
    for name in _FIRST:
        found[name] = next(iter(told(name)), None)
    found["impedance_min_ohm"] = min(told("impedance_min_ohm"), default=None)
    found["impedance_end_ohm"] = next(reversed(told("impedance_end_ohm")), None)
    return found


def _depths_together(depths: Iterable[RfDepth]) -> Mapping[str, float | None]:
    both = [(depth.depth_commanded_mm, depth.depth_measured_mm) for depth in depths]
    differences = [
        round(measured - commanded, DECIMALS)
        for commanded, measured in both
        if commanded is not None and measured is not None
    ]
    return {
        "depth_commanded_mm": max((one for one, _ in both if one is not None), default=None),
        "depth_measured_mm": max((one for _, one in both if one is not None), default=None),
        "depth_difference_mm": max(differences, key=abs, default=None),
    }
