"""`dermatrace demo`: pretend devices at real pace, for ever, and what becomes of what they send."""

import threading
from typing import Final

from dermatrace.clock import Clock
from dermatrace.demo.bad_days import with_live_mishaps
from dermatrace.demo.device import SimulatedDevice, run_name
from dermatrace.demo.front_desk import FrontDesks
from dermatrace.mqtt import BrokerAddress
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import FLEET, FleetSession, endless_sessions
from dermatrace.simulator.pace import PlayInterrupted, RealPace
from dermatrace.simulator.player import Opening
from dermatrace.simulator.visits import AFTER_MS

STAGGER_S: Final = 2.0
"""From one device's first session to the next one's."""
DESK_WAIT_S: Final = 3.0
"""Longest wait for the record of what was written down beforehand; then the session begins anyway:
no treatment waits for a recorder."""


class LiveFleet:
    """All devices of the fleet, each in a thread of its own."""

    def __init__(self, settings: Settings, address: BrokerAddress, seed: int, clock: Clock) -> None:
        self._clock = clock
        self._seed = seed
        self._run = run_name(clock.utc_ms())
        self._stopping = threading.Event()
        self.failures: list[BaseException] = []
        self._desks = FrontDesks(settings, address, {device.clinic for device in FLEET}, clock)
        folder = settings.data / "devices"
        self.devices = [
            SimulatedDevice(device, address, folder / f"{device.sender_id}.{self._run}.db")
            for device in FLEET
        ]
        self._threads = [
            threading.Thread(
                target=self._live,
                args=(device, place * STAGGER_S),
                name=f"device.{device.device.sender_id}",
            )
            for place, device in enumerate(self.devices)
        ]

    def start(self) -> None:
        """Begin the first sessions."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Switch everything off; what is not settled stays in the outboxes."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for device in self.devices:
            device.stop()
        self._desks.stop()

    def _live(self, device: SimulatedDevice, wait_s: float) -> None:
        booted_ms = self._clock.monotonic_ms()
        try:
            if self._stopping.wait(wait_s):
                return
            for session in endless_sessions(self._seed, device.device):
                self._play(device, with_live_mishaps(session), booted_ms)
        except PlayInterrupted:
            return
        except BaseException as error:  # noqa: BLE001  shown by the main thread
            self.failures.append(error)

    def _play(self, device: SimulatedDevice, session: FleetSession, booted_ms: int) -> None:
        """Play one session and its visit. Raises PlayInterrupted when it is to stop."""
        desk = self._desks.of(session.device.clinic)
        desk.enter(session, self._run, self._clock.utc_ms(), "before")
        desk.sender.wait_settled(DESK_WAIT_S)
        begins_ms, now_ms = self._clock.utc_ms(), self._clock.monotonic_ms() - booted_ms
        opening = Opening(session.stream_id(self._run), now_ms, begins_ms)
        device.play(session, opening, RealPace(self._stopping))
        RealPace(self._stopping).wait_until_ms(AFTER_MS)
        desk.enter(session, self._run, begins_ms, "after")
