"""`dermatrace demo --once`: play a finite set as fast as it goes, compare record and script.

What the judge makes of it is compared in `judged.py`.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dermatrace.clock import Clock
from dermatrace.demo.device import SimulatedDevice, run_name
from dermatrace.demo.front_desk import FrontDesks
from dermatrace.errors import DermatraceError
from dermatrace.journal.certificate import Certificate, certify
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.sender import Sender
from dermatrace.settings import Settings
from dermatrace.simulator.expectations import ExpectedRecord
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.pace import ImmediatePace
from dermatrace.simulator.player import Opening
from dermatrace.simulator.visits import AFTER_MS

SETTLE_WAIT_S: Final = 180.0
"""Longest wait for the last receipt; then the demonstration has failed and says so."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """What one stream came to, beside what its script says it must come to."""

    clinic: str
    sender: str
    session: str
    treatment: str
    faults: list[str]
    published: int
    stored: int
    duplicates: int
    rejected: int
    lost: int
    gaps: int
    settled_through: int
    grade: str
    expected_grade: str
    settled: bool
    differs: list[str]
    """What is not as the script says it must be; empty if all is."""


@dataclass(frozen=True, slots=True)
class Played:
    """What was played, under which name, and how it is on record."""

    run: str
    """How the names of all its sessions begin."""
    sessions: tuple[FleetSession, ...]
    summaries: list[SessionSummary]


def play_once(
    settings: Settings, address: BrokerAddress, sessions: tuple[FleetSession, ...], clock: Clock
) -> Played:
    """Play the sessions and their visits, each device in a thread of its own, until all is settled.

    Raises DermatraceError if a device fails or not everything is settled in time.
    """
    started_ms = clock.utc_ms()
    run = run_name(started_ms)
    by_device: dict[str, list[FleetSession]] = {}
    for session in sessions:
        by_device.setdefault(session.device.sender_id, []).append(session)
    clinics = {session.device.clinic for session in sessions}
    with FrontDesks(settings, address, clinics, clock) as desks:
        # So long ago that by now everything has been written down.
        begins_ms = started_ms - max(session.ends_ms for session in sessions) - AFTER_MS
        stage = _Stage(settings, address, desks, run, begins_ms)
        threads = [
            threading.Thread(target=stage.play, args=(own,), name=f"device.{name}")
            for name, own in by_device.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if stage.errors:
        raise stage.errors[0]
    with JournalReader(settings.journal_file) as reader:
        summaries = [
            _summary(reader, session, expected)
            for session in sessions
            for expected in session.expected(run)
        ]
    return Played(run, sessions, summaries)


@dataclass(frozen=True, slots=True)
class _Stage:
    """What every device plays on, and what has gone wrong with any of them."""

    settings: Settings
    address: BrokerAddress
    desks: FrontDesks
    run: str
    begins_ms: int
    """When the fleet starts, UTC."""
    errors: list[BaseException] = field(default_factory=list)

    def play(self, sessions: list[FleetSession]) -> None:
        """Play the sessions of one device, each with its visit."""
        try:
            outbox = _outbox(self.settings, sessions[0], self.run)
            device = SimulatedDevice(sessions[0].device, self.address, outbox)
            try:
                for session in sessions:
                    self._play_session(device, session)
                _wait_settled(device.sender)
            finally:
                device.stop()
        except BaseException as error:  # noqa: BLE001  raised again by the main thread
            self.errors.append(error)

    def _play_session(self, device: SimulatedDevice, session: FleetSession) -> None:
        desk = self.desks.of(session.device.clinic)
        begins_ms = self.begins_ms + session.begins_ms
        desk.enter(session, self.run, begins_ms, "before")
        _wait_settled(desk.sender)
        opening = Opening(session.stream_id(self.run), session.begins_ms, begins_ms)
        device.play(session, opening, ImmediatePace())
        desk.enter(session, self.run, begins_ms, "after")
        _wait_settled(desk.sender)


def _wait_settled(sender: Sender) -> None:
    if not sender.wait_settled(SETTLE_WAIT_S):
        raise DermatraceError(
            f"{sender.sender_id}: not everything was settled in {SETTLE_WAIT_S} s",
            remedy="Look into the logs folder: what does ingest say?",
        )


def _outbox(settings: Settings, session: FleetSession, run: str) -> Path:
    return settings.data / "devices" / f"{session.device.sender_id}.{run}.db"


def _summary(
    reader: JournalReader, session: FleetSession, expected: ExpectedRecord
) -> SessionSummary:
    key = StreamKey(session.device.clinic, session.device.sender_id, "session", expected.stream_id)
    stream = reader.stream(key)
    if stream is None:
        raise DermatraceError(f"the journal has never heard of {key}")
    found = certify(reader, stream)
    return SessionSummary(
        clinic=key.clinic,
        sender=key.sender,
        session=key.stream_id,
        treatment=session.script.treatment.name,
        faults=[type(fault).__name__ for fault in session.faults],
        published=expected.assigned_count,
        stored=found.accepted_count,
        duplicates=found.duplicate_count,
        rejected=found.rejected_count,
        lost=found.lost_count,
        gaps=found.gap_count,
        settled_through=found.settled_seq,
        grade=found.grade,
        expected_grade=expected.grade,
        settled=found.settled_seq == expected.assigned_count,
        differs=_differences(found, expected),
    )


def _differences(found: Certificate, expected: ExpectedRecord) -> list[str]:
    arrived = {counter.name: counter.arrived for counter in found.counters}
    pairs = {
        "grade": (found.grade, expected.grade),
        "accepted": (found.accepted_count, expected.accepted_count),
        "rejected": (found.rejected, expected.rejected),
        "lost": (found.lost, expected.lost),
        "gaps": (found.gaps, expected.gaps),
        "settled": (found.settled_seq, expected.assigned_count),
        "strokes": (arrived["stroke_count"], expected.accepted_stroke_count),
        "shots": (arrived["shot_count"], expected.accepted_shot_count),
    }
    wrong = [f"{name}: {was!r}, not {must!r}" for name, (was, must) in pairs.items() if was != must]
    if found.duplicate_count < expected.duplicates_min:
        wrong.append(f"duplicates: {found.duplicate_count}, not {expected.duplicates_min} or more")
    return wrong
