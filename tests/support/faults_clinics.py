"""Two busy clinics: devices that play session after session many times too fast, and their desks.

All senders are the product's, with clocks that run fast, so that a minute's back-off takes 3 s.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from dermatrace.clock import SystemClock
from dermatrace.demo.device import SimulatedDevice
from dermatrace.mqtt import BrokerAddress
from dermatrace.registry.load import load_folder
from dermatrace.registry.references import FolderDocument
from dermatrace.sender.desk import DeviceTime
from dermatrace.sender.outbox import IN_MEMORY
from dermatrace.sender.sender import Sender
from dermatrace.simulator.fleet import (
    FLEET,
    PEN_NORTH,
    PEN_SOUTH,
    RF_SOUTH,
    FleetDevice,
    FleetSession,
    on_a_bad_day,
)
from dermatrace.simulator.pace import PlayInterrupted
from dermatrace.simulator.player import Opening
from dermatrace.simulator.ports import Pace
from dermatrace.simulator.visits import When, visit_facts, visit_id
from dermatrace_schemas.library import sample_clinic
from support.faults_senders import Eager, FastClock
from support.waiting import wait_until

RUN: Final = "faults"
FEW_DEVICES: Final = (PEN_NORTH, RF_SOUTH)
"""One of each kind, at two clinics."""
PACE_FACTOR: Final = 30
"""A session's minute takes 2 s."""
SESSION_MINUTES: Final = 1.0
BREAK_MS: Final = 60_000
"""Between two sessions of one device, by the device's clock."""
BEGAN_EARLIER_MS: Final = 24 * 3_600_000
"""The first session is told to have begun so long ago: what is played fast is still in the past."""
DESK_ON_MS: Final = 48 * 3_600_000
BAD_DAY_EVERY: Final = 3
SETTLE_WAIT_MAX_S: Final = 60.0
"""From the last document until every sender was told that all is kept; a few seconds as a rule."""


class HastyPace:
    """Plays many times too fast; without waiting at all once everybody is to finish."""

    def __init__(self, hurry: threading.Event, factor: int = PACE_FACTOR) -> None:
        self._hurry = hurry
        self._factor = factor
        self._started_s = time.monotonic()

    def wait_until_ms(self, at_ms: int) -> None:
        """Return once that moment has come by the fast clock."""
        due_s = self._started_s + at_ms / 1_000 / self._factor
        self._hurry.wait(max(0.0, due_s - time.monotonic()))


class HeldPace:
    """Plays without waiting, but for one moment that comes when the test says so."""

    def __init__(self, held_from_ms: int, wait_max_s: float = SETTLE_WAIT_MAX_S) -> None:
        self._held_from_ms = held_from_ms
        self._wait_max_s = wait_max_s
        self.reached, self.go_on = threading.Event(), threading.Event()

    def wait_reached(self) -> None:
        """Wait until the session is where it is held."""
        wait_until(self.reached.is_set, what="the session is where it is held")

    def wait_until_ms(self, at_ms: int) -> None:
        """Wait at that moment to be told to go on. Raises PlayInterrupted if nobody does."""
        if at_ms >= self._held_from_ms:
            self.reached.set()
            if not self.go_on.wait(self._wait_max_s):
                raise PlayInterrupted


class FastDevice(SimulatedDevice):
    """A pretend device whose sender's clock runs fast."""

    def _boot(self) -> Sender:
        sender = _sender(
            self._address,
            self.device.clinic,
            self.device.sender_id,
            outbox=self._outbox,
            device_time=lambda: self._now_ms,
        )
        sender.start()
        return sender


class Desk:
    """The front desk of one clinic, and the person who imports its registry."""

    def __init__(self, address: BrokerAddress, clinic: str) -> None:
        self._on_since_ms = SystemClock().utc_ms() - DESK_ON_MS
        self._lock = threading.Lock()
        self.chart = _sender(address, clinic, f"front-desk-{clinic}")
        self.registry = _sender(address, clinic, f"registry-{clinic}")
        self.senders = (self.chart, self.registry)
        for sender in self.senders:
            sender.start()

    def enter(self, session: FleetSession, begins_ms: int, when: When) -> None:
        """Enter what is known of a visit before its session, or after it."""
        facts = visit_facts(session, RUN, begins_ms, omissions=session.omissions)
        stream = self.chart.open_stream("chart", f"{visit_id(session, RUN)}.{when}")
        for fact in facts:
            if fact.when == when:
                uptime_ms = fact.entered_ms - self._on_since_ms
                stream.send(
                    fact.kind, fact.facts, uptime_ms=uptime_ms, wall_time_ms=fact.entered_ms
                )
        stream.end()

    def tell(self, documents: Iterable[FolderDocument], stream_id: str) -> None:
        """Import documents, and return once they are recorded."""
        stream = self.registry.open_stream("registry", stream_id)
        for document in documents:
            stream.send(f"registry.{document.kind}", document.facts, uptime_ms=0, wall_time_ms=None)
        stream.end()
        assert self.registry.wait_settled(SETTLE_WAIT_MAX_S), f"{stream_id} is not recorded"


class BusyClinics:
    """Devices and desks of both sample clinics."""

    def __init__(
        self, address: BrokerAddress, folder: Path, fleet: Sequence[FleetDevice] = FLEET
    ) -> None:
        """Open every outbox; the registry is imported and sessions are played when asked."""
        folder.mkdir(parents=True, exist_ok=True)
        self.registry = load_folder(sample_clinic())
        self.desks = {name: Desk(address, name) for name in sorted({d.clinic for d in fleet})}
        self.devices = [
            FastDevice(device, address, folder / f"{device.sender_id}.db") for device in fleet
        ]
        self._began_ms = SystemClock().utc_ms() - BEGAN_EARLIER_MS
        self._hurry = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._live, args=(device,), name=f"faults.{device.device.sender_id}"
            )
            for device in self.devices
        ]
        self.failures: list[BaseException] = []

    def import_registry(self) -> None:
        """Put the registry of every clinic on record."""
        for name, desk in self.desks.items():
            desk.tell(self.registry.documents_of(name), "import-1")

    def begin(self) -> None:
        """Let every device play one session after the other."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Play every session to its end, at once, and wait until all of it is recorded.

        Raises what made a device fail.
        """
        self._hurry.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        if self.failures:
            raise self.failures[0]
        self.wait_settled()

    def wait_settled(self) -> None:
        """Wait until everything that was sent is recorded."""
        for sender in self._senders():
            assert sender.wait_settled(SETTLE_WAIT_MAX_S), f"{sender.sender_id} is not settled"

    def stop(self) -> None:
        """Switch everything off; safe to call at any time."""
        self._hurry.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        for sender in self._senders():
            sender.stop()

    def play(self, device: FastDevice, number: int, pace: Pace) -> FleetSession:
        """Play one session of a device with its visit; return which."""
        plain = device.device.session(1, number, 0, SESSION_MINUTES)
        has_bad_day = device.device in {PEN_NORTH, PEN_SOUTH} and number % BAD_DAY_EVERY == 0
        session = on_a_bad_day(plain) if has_bad_day else plain
        uptime_ms = number * (session.script.duration_ms + BREAK_MS)
        begins_ms = self._began_ms + uptime_ms
        desk = self.desks[session.device.clinic]
        desk.enter(session, begins_ms, "before")
        device.play(session, Opening(session.stream_id(RUN), uptime_ms, begins_ms), pace)
        desk.enter(session, begins_ms, "after")
        return session

    def _live(self, device: FastDevice) -> None:
        try:
            for number in count(1):
                self.play(device, number, HastyPace(self._hurry))
                if self._hurry.is_set():
                    return
        except BaseException as error:  # noqa: BLE001  handed to the test's thread
            self.failures.append(error)

    def _senders(self) -> list[Sender]:
        of_desks = [sender for desk in self.desks.values() for sender in desk.senders]
        return of_desks + [device.sender for device in self.devices]


def _sender(
    address: BrokerAddress,
    clinic: str,
    sender_id: str,
    *,
    outbox: Path = IN_MEMORY,
    device_time: DeviceTime | None = None,
) -> Sender:
    return Sender(
        address,
        clinic,
        sender_id,
        outbox,
        device_time=device_time,
        clock=FastClock(),
        random=Eager(len(sender_id)),
    )
