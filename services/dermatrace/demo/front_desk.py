"""The front desk of a sample clinic: what people write down about each simulated session.

A sender like any other, with an outbox of its own. What it says is decided in `simulator.visits`.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Final, Self

from dermatrace.clock import Clock
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.sender import Sender
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.visits import When, visit_facts, visit_id

SWITCHED_ON_MS: Final = 24 * 3_600_000
"""For how long a front desk's computer has been on when a demonstration begins: longer than any
reaches back, so that nothing was typed in before it was on."""


class FrontDesk:
    """Enters the facts of every visit to one clinic; devices in several threads may share it."""

    def __init__(
        self, settings: Settings, address: BrokerAddress, clinic: str, clock: Clock
    ) -> None:
        """Open the outbox and begin to publish. Raises AlreadyRunning, WrongFile, StorageError."""
        self._on_since_ms = clock.utc_ms() - SWITCHED_ON_MS
        started_ms = clock.monotonic_ms()

        def device_time() -> tuple[int, int]:
            uptime_ms = SWITCHED_ON_MS + clock.monotonic_ms() - started_ms
            return uptime_ms, self._on_since_ms + uptime_ms

        self.sender_id = sender_id_of(clinic)
        self.sender = Sender(
            address,
            clinic,
            self.sender_id,
            settings.outbox_file(clinic, self.sender_id),
            capacity_bytes=settings.outbox_capacity_bytes,
            device_time=device_time,
        )
        self.sender.start()

    def enter(self, session: FleetSession, run: str, begins_ms: int, when: When) -> None:
        """Enter, in one sitting, what is known of a visit before its session or after it.

        `begins_ms` is when the session begins, UTC. Raises StorageError if the disk fails.
        """
        facts = visit_facts(session, run, begins_ms, omissions=session.omissions)
        sitting = [fact for fact in facts if fact.when == when]
        if not sitting:
            return
        stream = self.sender.open_stream("chart", f"{visit_id(session, run)}.{when}")
        for fact in sitting:
            uptime_ms = fact.entered_ms - self._on_since_ms
            stream.send(fact.kind, fact.facts, uptime_ms=uptime_ms, wall_time_ms=fact.entered_ms)
        stream.end()


class FrontDesks:
    """The front desks of several clinics."""

    def __init__(
        self, settings: Settings, address: BrokerAddress, clinics: Iterable[str], clock: Clock
    ) -> None:
        """Open them all, or none. Raises AlreadyRunning, WrongFile, StorageError."""
        self._desks: dict[str, FrontDesk] = {}
        with ExitStack() as closing:
            for clinic in sorted(set(clinics)):
                desk = self._desks[clinic] = FrontDesk(settings, address, clinic, clock)
                closing.callback(desk.sender.stop)
            self._closing = closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def of(self, clinic: str) -> FrontDesk:
        """Return the desk of a clinic."""
        return self._desks[clinic]

    def stop(self) -> None:
        """Close them; what is not settled stays in their outboxes."""
        self._closing.close()


def sender_id_of(clinic: str) -> str:
    """Name a clinic's front desk. A broker knows clients by this name alone, so it is unique."""
    return f"front-desk-{clinic.removesuffix('-clinic')}"
