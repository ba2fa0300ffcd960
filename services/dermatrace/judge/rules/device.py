"""Rules about the device: what it reports of itself, and what its readings show of it."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules.budget import said
from dermatrace.judge.rules.device_motion import MOTION_RULES
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.session import DeviceEvent, SessionStarted

MS_PER_DAY: Final = 86_400_000
KICKBACK: Final = "KICKBACK"
"""Says as much of the tissue as of the device: `process.kickback` speaks of it."""
_BURNS: Final = frozenset({"OVER_TEMPERATURE", "NEUTRAL_ELECTRODE"})
"""Faults after which skin may burn."""
_FAULTS: Final[Mapping[str, str]] = {
    "CARTRIDGE_NOT_SEATED": "the cartridge was not seated",
    "CARTRIDGE_REUSED": "the cartridge had been used before",
    "CARTRIDGE_WORN": "the cartridge was worn",
    "CLOCK_STEP": "its clock jumped",
    "DEPTH_OVERSHOOT": "the needles went deeper than set",
    "DEPTH_SHORTFALL": "the needles stayed short of what was set",
    "IMPEDANCE_RISE": "impedance rose within a pulse",
    "LINK_LOSS": "it lost its connection",
    "MOTOR_STALL": "its motor stalled",
    "NEUTRAL_ELECTRODE": "the return electrode had poor contact",
    "OPEN_CIRCUIT": "a needle had no contact",
    "OVER_TEMPERATURE": "the needles grew too hot",
    "POOR_CONTACT": "the needles had poor contact",
    "PULSE_STACKING": "pulses were delivered onto one spot",
    "RATE_DROP": "its motor slowed down",
    "SEQ_GAP": "it skipped numbers",
    "SHORT_CIRCUIT": "needles were short-circuited",
}
"""Published codes in words; a code that is not listed is named as it came."""
_CONTACT_UNMEASURED: Final = (
    Hit(
        sentence="The device did not tell when its needles were on skin: every stroke was counted"
        " as treatment.",
    ),
)


def _fault(case: Case) -> Iterable[Hit]:
    document = case.document
    if not isinstance(document, DeviceEvent) or document.event != "fault":
        return ()
    code = document.fault_code
    if code == KICKBACK:
        return ()
    said_code = "a fault without a code" if code is None else f"fault {code}"
    meaning = _FAULTS.get(code or "")
    return (
        Hit(
            sentence=f"The device reported {said_code} at {case.spot.name}"
            f"{'' if meaning is None else f': {meaning}'}.",
            priority="high" if code in _BURNS else None,
            spot=case.spot,
            about=code or "",
        ),
    )


def _calibration_overdue(case: Case) -> Iterable[Hit]:
    document = case.document
    if not isinstance(document, SessionStarted):
        return ()
    calibration = document.device.calibration
    if calibration is None or calibration.due_ms is None:
        return ()
    at_ms = case.at_ms
    if at_ms is None:
        sentence = "Whether the device's calibration was overdue cannot be assessed: its clock was"
        return (Hit(sentence=f"{sentence} not set.", about="clock", priority="low"),)
    over_ms = at_ms - calibration.due_ms
    if over_ms <= 0:
        return ()
    days = round(over_ms / MS_PER_DAY, 1)
    return (
        Hit(
            sentence=f"The device's calibration had been due {said(days)} days before the session.",
            measured_value=days,
            limit_value=0,
            unit="d",
        ),
    )


def _contact_unmeasured(case: Case) -> Iterable[Hit]:
    document = case.document
    if not isinstance(document, NeedlingWindows) or document.contact_fraction is not None:
        return ()
    return _CONTACT_UNMEASURED


_fact = partial(MomentRule, envelopes=("none",), nature="technical", clearing="never")

RULES: Final[tuple[AnyRule, ...]] = (
    _fact(
        id="device.fault",
        meaning="The device noticed by itself that something was wrong with it.",
        priority="medium",
        persistence="one fault, each code and zone once",
        source="Faults that labels, filings and vendors name; the code is the device's",
        trust="S",
        when=("event",),
        look=_fault,
    ),
    *MOTION_RULES,
    _fact(
        id="device.calibration_overdue",
        meaning="Nobody had checked the device's depth or energy in time.",
        priority="medium",
        persistence="the start of the session",
        source="The date the device itself states",
        trust="D",
        when=("started",),
        look=_calibration_overdue,
    ),
    _fact(
        id="device.contact_unmeasured",
        meaning="Strokes in the air could not be told from strokes on skin.",
        priority="low",
        persistence="one message without it",
        source="Sessions show 30 to 60 % of their time on skin; only the device can tell which",
        trust="U",
        when=("windows",),
        look=_contact_unmeasured,
    ),
)
