"""A pretend device with everything a real one has: a sender, an outbox, a clock, a power switch."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.sender import Sender
from dermatrace.simulator.fleet import FleetDevice, FleetSession
from dermatrace.simulator.player import Opening, Player
from dermatrace.simulator.ports import Pace

PUBLISH_WAIT_S: Final = 60.0
"""Longest wait before a restart for what must have gone out; then the demonstration has failed."""
ASK_INTERVAL_S: Final = 0.02


class SimulatedDevice:
    """One device of the fleet; its sender lives until the next reboot."""

    def __init__(self, device: FleetDevice, address: BrokerAddress, outbox: Path) -> None:
        self.device = device
        self._address = address
        self._outbox = outbox
        self._now_ms: tuple[int, int | None] = (0, None)
        self.sender = self._boot()
        self.session: FleetSession | None = None
        self.session_began_ms = 0

    def play(self, session: FleetSession, opening: Opening, pace: Pace) -> tuple[str, ...]:
        """Play one session; return the ids of its streams."""
        self.session = session
        self.session_began_ms = SystemClock().monotonic_ms()
        self._set_clock(opening.uptime_ms, opening.wall_time_ms)
        player = Player(
            self.sender, session.script.descriptor, power=self, tell_time=self._set_clock
        )
        return player.play(session.steps(), opening, pace)

    def restart(self, *, keeps_outbox: bool) -> Sender:
        """Switch off and on again (`simulator.ports.Power`).

        Raises DermatraceError if what must be out before does not get out.
        """
        if keeps_outbox:
            self._wait(lambda: self.sender.waiting_count == 0)
        else:
            self._wait(
                lambda: all(s.settled_seq == s.assigned_count for s in self.sender.standings())
            )
        self.sender.stop()
        if not keeps_outbox:
            for suffix in ("", "-wal", "-shm"):
                self._outbox.with_name(self._outbox.name + suffix).unlink(missing_ok=True)
        self.sender = self._boot()
        return self.sender

    def stop(self) -> None:
        """Switch off."""
        self.sender.stop()

    def _boot(self) -> Sender:
        # The device's clock is where its script has got to, at whatever pace that is played.
        sender = Sender(
            self._address,
            self.device.clinic,
            self.device.sender_id,
            self._outbox,
            device_time=lambda: self._now_ms,
        )
        sender.start()
        return sender

    def _set_clock(self, uptime_ms: int, wall_time_ms: int | None) -> None:
        self._now_ms = (uptime_ms, wall_time_ms)

    def _wait(self, condition: Callable[[], bool]) -> None:
        asking = threading.Event()
        for _ in range(int(PUBLISH_WAIT_S / ASK_INTERVAL_S)):
            if condition():
                return
            asking.wait(ASK_INTERVAL_S)
        raise DermatraceError(
            f"{self.device.sender_id} could not publish within {PUBLISH_WAIT_S} s",
            remedy="Is the broker running? Look into the logs folder.",
        )


def run_name(now_ms: int) -> str:
    """Return a name that is new for every run: sessions of one name would be in conflict."""
    return datetime.fromtimestamp(now_ms / 1_000, UTC).strftime("%Y%m%d-%H%M%S")
