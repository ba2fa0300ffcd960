"""Who plays what when: a finite set for a quick look, and an endless day for a live one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from dermatrace.simulator import devices, treatments
from dermatrace.simulator.devices import DeviceProfile
from dermatrace.simulator.expectations import ExpectedRecord, expected_records
from dermatrace.simulator.faults import (
    BrokenJson,
    Duplicates,
    Fault,
    Gap,
    Garbage,
    LimitCrossing,
    Reboot,
    Reordering,
)
from dermatrace.simulator.omissions import Omission
from dermatrace.simulator.performance import Step, perform
from dermatrace.simulator.scripted_session import ScriptedSession
from dermatrace.simulator.seeded import seeded
from dermatrace.simulator.treatments import Treatment

LIVE_MINUTES: Final = (6.0, 20.0)
LIVE_BREAK_MS: Final = (60_000, 300_000)
"""Between two sessions of one device: a change of tip and of person, shortened for watching."""
FAULTS_MINUTES_MIN: Final = 0.5
"""A shorter session has too few documents to hold the demonstration's faults."""
DEMO_OMISSIONS: Final = (Omission("operator"), Omission("answer_unknown", "herpes"))
"""What is not written down at the visit with the faults: every sample protocol asks for it."""


@dataclass(frozen=True, slots=True)
class FleetDevice:
    """One pretend device and what it is used for."""

    clinic: str
    sender_id: str
    serial: str
    profile: DeviceProfile
    treatments: tuple[Treatment, ...]

    def session(self, seed: int, number: int, begins_ms: int, minutes: float) -> "FleetSession":
        """Return one session of this device; its treatments take turns."""
        script = ScriptedSession(
            seeded(seed, f"{self.sender_id} {number}").getrandbits(48),
            self.treatments[(number - 1) % len(self.treatments)],
            self.profile,
            minutes,
            serial=self.serial,
            lifetime_session_number=number,
        )
        return FleetSession(self, script, begins_ms, number)


@dataclass(frozen=True, slots=True)
class FleetSession:
    """One session of one device, when it begins, and what befalls it."""

    device: FleetDevice
    script: ScriptedSession
    begins_ms: int
    """After the fleet's start; sessions of one device never overlap."""
    number: int
    """The device's own count of sessions, from 1."""
    faults: tuple[Fault, ...] = ()
    omissions: tuple[Omission, ...] = ()
    """What people fail to enter about its visit."""

    @property
    def ends_ms(self) -> int:
        """When the last document of the script happens, after the fleet's start."""
        return self.begins_ms + self.script.duration_ms

    def stream_id(self, run: str) -> str:
        """Name the session. `run` must be new each time the fleet is played into one journal.

        The same seed makes the same script again; under the same name at another time it would
        rightly be recorded as a conflict.
        """
        return f"{run}-{self.device.sender_id}-{self.number}"

    def steps(self) -> tuple[Step, ...]:
        """Return what a player does."""
        return perform(self.script, self.faults)

    def expected(self, run: str) -> tuple[ExpectedRecord, ...]:
        """Return what must be on record afterwards."""
        return expected_records(self.script, self.faults, self.stream_id(run))


_MEDICAL: Final = (treatments.MEDICAL_NEEDLING, treatments.COSMETIC_NEEDLING)
_NANO: Final = (treatments.NANO_NEEDLING, treatments.COSMETIC_NEEDLING)
_HOME: Final = (treatments.COSMETIC_NEEDLING_HOME,)
_RF: Final = (treatments.MEDICAL_RF_NEEDLING,)
NORTH, SOUTH = "north-clinic", "south-clinic"
PEN_NORTH: Final = FleetDevice(
    NORTH, "pen-north-1", "SIM-PEN-0001", devices.CONSTANT_RATE_PEN, _MEDICAL
)
RF_NORTH: Final = FleetDevice(NORTH, "rf-north-1", "SIM-RF-0001", devices.SINGLE_DEPTH_CONSOLE, _RF)
PEN_SOUTH: Final = FleetDevice(
    SOUTH, "pen-south-1", "SIM-PEN-0002", devices.VARIABLE_RATE_PEN, _NANO
)
RF_SOUTH: Final = FleetDevice(SOUTH, "rf-south-1", "SIM-RF-0002", devices.MULTI_DEPTH_CONSOLE, _RF)
HOME_SOUTH: Final = FleetDevice(
    SOUTH, "home-south-1", "SIM-HOME-0001", devices.NANO_HOME_PEN, _HOME
)
FLEET: Final = (PEN_NORTH, RF_NORTH, PEN_SOUTH, RF_SOUTH, HOME_SOUTH)


def demo_fleet(seed: int, minutes: float) -> tuple[FleetSession, ...]:
    """Return six sessions on five devices: every treatment, and one session with faults.

    Raises ValueError if the sessions are too short to hold the faults.
    """
    if minutes < FAULTS_MINUTES_MIN:
        raise ValueError(f"{minutes} minutes are too short, choose {FAULTS_MINUTES_MIN} or more")
    first = [device.session(seed, 1, 0, minutes) for device in FLEET]
    plain = PEN_NORTH.session(seed, 2, first[0].ends_ms + LIVE_BREAK_MS[0], minutes)
    return (*first, on_a_bad_day(plain))


def on_a_bad_day(session: FleetSession) -> FleetSession:
    """Return a session with the demonstration's faults and omissions."""
    return replace(session, faults=demo_faults(session.script), omissions=DEMO_OMISSIONS)


def demo_faults(script: ScriptedSession) -> tuple[Fault, ...]:
    """Return faults of most kinds, spread over a script: what a bad day at a clinic looks like."""
    tenth = len(script) // 10
    reading = next(
        index for index in range(4 * tenth, len(script)) if script[index].kind == "needling.windows"
    )
    return (
        Duplicates(tenth, tenth + 1),
        Reordering(2 * tenth, 2 * tenth + 1),
        Gap(3 * tenth, 3 * tenth + 1),
        LimitCrossing(reading, reading + tenth, over_mm=0.3),
        Reboot(6 * tenth, keeps_outbox=True),
        BrokenJson(7 * tenth),
        Garbage(8 * tenth),
    )


def endless_sessions(seed: int, device: FleetDevice) -> Iterator[FleetSession]:
    """Yield the sessions of one device, one after the other, for ever."""
    rng = seeded(seed, f"day of {device.sender_id}")
    begins_ms = 0
    for number in count(1):
        session = device.session(seed, number, begins_ms, round(rng.uniform(*LIVE_MINUTES), 1))
        yield session
        begins_ms = session.ends_ms + rng.randint(*LIVE_BREAK_MS)
