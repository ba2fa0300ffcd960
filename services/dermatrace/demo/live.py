"""`dermatrace demo`: pretend devices at real pace, for ever, and what becomes of what they send."""

import threading
from dataclasses import replace
from typing import Final

from dermatrace.clock import Clock
from dermatrace.demo.device import SimulatedDevice, run_name
from dermatrace.mqtt import BrokerAddress
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import FLEET, PEN_SOUTH, FleetDevice, demo_faults, endless_sessions
from dermatrace.simulator.pace import PlayInterrupted, RealPace
from dermatrace.simulator.player import Opening

STAGGER_S: Final = 2.0
"""From one device's first session to the next one's."""


class LiveFleet:
    """All devices of the fleet, each in a thread of its own."""

    def __init__(self, settings: Settings, address: BrokerAddress, seed: int, clock: Clock) -> None:
        self._clock = clock
        self._seed = seed
        self._run = run_name(clock.utc_ms())
        self._stopping = threading.Event()
        self.failures: list[BaseException] = []
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

    def _live(self, device: SimulatedDevice, wait_s: float) -> None:
        booted_ms = self._clock.monotonic_ms()
        try:
            if self._stopping.wait(wait_s):
                return
            for session in endless_sessions(self._seed, device.device):
                faults = demo_faults(session.script) if _is_unlucky(device.device) else ()
                now_ms = self._clock.monotonic_ms() - booted_ms
                opening = Opening(session.stream_id(self._run), now_ms, self._clock.utc_ms())
                device.play(replace(session, faults=faults), opening, RealPace(self._stopping))
        except PlayInterrupted:
            return
        except BaseException as error:  # noqa: BLE001  shown by the main thread
            self.failures.append(error)


def _is_unlucky(device: FleetDevice) -> bool:
    return device is PEN_SOUTH
