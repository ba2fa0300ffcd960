"""`dermatrace demo --once`: play a finite set as fast as it goes, compare record and script."""

import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dermatrace.clock import Clock
from dermatrace.demo.device import SimulatedDevice, run_name
from dermatrace.errors import DermatraceError
from dermatrace.journal.certificate import Certificate, certify
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.mqtt import BrokerAddress
from dermatrace.settings import Settings
from dermatrace.simulator.expectations import ExpectedRecord
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.pace import ImmediatePace
from dermatrace.simulator.player import Opening

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


def play_once(
    settings: Settings, address: BrokerAddress, sessions: tuple[FleetSession, ...], clock: Clock
) -> list[SessionSummary]:
    """Play the sessions, each device in a thread of its own, and wait until all is settled.

    Raises DermatraceError if a device fails or not everything is settled in time.
    """
    started_ms = clock.utc_ms()
    run = run_name(started_ms)
    begins_ms = started_ms - max(session.ends_ms for session in sessions)
    by_device: dict[str, list[FleetSession]] = {}
    for session in sessions:
        by_device.setdefault(session.device.sender_id, []).append(session)
    errors: list[BaseException] = []
    threads = [
        threading.Thread(
            target=_play_device,
            args=(own, address, _outbox(settings, own[0], run), run, begins_ms, errors),
            name=f"device.{name}",
        )
        for name, own in by_device.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    with JournalReader(settings.journal_file) as reader:
        return [
            _summary(reader, session, expected)
            for session in sessions
            for expected in session.expected(run)
        ]


def _play_device(
    sessions: list[FleetSession],
    address: BrokerAddress,
    outbox: Path,
    run: str,
    begins_ms: int,
    errors: list[BaseException],
) -> None:
    try:
        device = SimulatedDevice(sessions[0].device, address, outbox)
        try:
            for session in sessions:
                opening = Opening(
                    session.stream_id(run), session.begins_ms, begins_ms + session.begins_ms
                )
                device.play(session, opening, ImmediatePace())
            if not device.sender.wait_settled(SETTLE_WAIT_S):
                raise DermatraceError(
                    f"{device.device.sender_id}: not everything was settled in {SETTLE_WAIT_S} s",
                    remedy="Look into the logs folder: what does ingest say?",
                )
        finally:
            device.stop()
    except BaseException as error:  # noqa: BLE001  raised again by the main thread
        errors.append(error)


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


def rows_of(summaries: list[SessionSummary]) -> list[dict[str, object]]:
    """Return the summaries as plain data."""
    return [asdict(summary) for summary in summaries]
