"""What the recorder notices by itself: silence, sessions that never ended, the passing of time."""

from dataclasses import dataclass, field
from typing import Final

from dermatrace.clock import Clock
from dermatrace.ingest.open_streams import OpenStreams, reference
from dermatrace.journal.entry import Head
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.journal.writer import Batch
from dermatrace_schemas.limits import ALIVE_INTERVAL_MS
from dermatrace_schemas.system import SystemAnchor, SystemClosed, SystemSilent

SILENT_AFTER_MS: Final = 3 * ALIVE_INTERVAL_MS
"""A running session is called silent after three documents that should have come."""
CLOSED_AFTER_MS: Final = 24 * 3_600 * 1_000
"""A session without a stop is taken for ended after a day; late data opens it again."""
ANCHOR_INTERVAL_MS: Final = 60_000
"""While anything is recorded, the head is journalled this often: readers without a clock of their
own learn the time from it, and a copied head dates what lies before."""
LOOK_INTERVAL_MS: Final = 1_000
"""How often the open sessions are looked through."""


@dataclass(slots=True)
class Findings:
    """What one look has found."""

    silent: list[StreamRecord] = field(default_factory=list)
    closed: list[StreamRecord] = field(default_factory=list)
    anchor_due: bool = False

    def __bool__(self) -> bool:
        return bool(self.silent or self.closed or self.anchor_due)


class Watch:
    """Looks through the open sessions and says once what has happened to each.

    Silence is measured by the steady clock, so that a corrected wall clock ends no session.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[StreamKey, tuple[int | None, int]] = {}
        """Of each open session the last arrival seen, and when it was, by the steady clock."""
        self._silent: set[StreamKey] = set()
        self._looked_ms = self._anchored_ms = clock.monotonic_ms()
        self._anchored_id = 0

    def is_due(self) -> bool:
        """Tell whether it is time to look."""
        return self._clock.monotonic_ms() - self._looked_ms >= LOOK_INTERVAL_MS

    def look(self, streams: OpenStreams, head: Head) -> Findings:
        """Find the sessions newly silent, those to be closed, and whether an anchor is due."""
        self._looked_ms = now_ms = self._clock.monotonic_ms()
        found = Findings()
        heard: dict[StreamKey, tuple[int | None, int]] = {}
        for record in streams:
            if not record.is_open or record.key.stream_class != "session":
                continue
            heard[record.key] = seen = self._last_heard(record, now_ms)
            silence_ms = now_ms - seen[1]
            if silence_ms >= CLOSED_AFTER_MS:
                found.closed.append(record)
            if silence_ms < SILENT_AFTER_MS or record.last_received_ms is None:
                self._silent.discard(record.key)
            elif record.key not in self._silent:
                self._silent.add(record.key)
                found.silent.append(record)
        self._heard = heard
        self._silent &= heard.keys()
        found.anchor_due = (
            head.entry_id > self._anchored_id and now_ms - self._anchored_ms >= ANCHOR_INTERVAL_MS
        )
        return found

    def journal(self, batch: Batch, streams: OpenStreams, found: Findings) -> None:
        """Append what was found."""
        at_ms = self._clock.utc_ms()
        for record in found.silent:
            batch.append_system(
                SystemSilent(
                    kind="system.silent",
                    at_ms=at_ms,
                    stream=reference(record.key),
                    last_received_ms=record.last_received_ms or 0,
                ),
                record.row,
            )
        for record in found.closed:
            touched = streams.touch(batch, record.key)
            touched.is_open = False
            touched.closed_by = batch.append_system(
                SystemClosed(
                    kind="system.closed",
                    at_ms=at_ms,
                    stream=reference(record.key),
                    reason="silence",
                ),
                record.row,
            )
            batch.store_stream(touched)
        if found.anchor_due:
            head = batch.head
            self._anchored_id = batch.append_system(
                SystemAnchor(
                    kind="system.anchor",
                    at_ms=at_ms,
                    entry_id=head.entry_id,
                    entry_hash=head.entry_hash.hex(),
                )
            )
            self._anchored_ms = self._clock.monotonic_ms()

    def _last_heard(self, record: StreamRecord, now_ms: int) -> tuple[int | None, int]:
        """Return the last arrival and when it was; one from before our start by the wall clock."""
        arrived_ms = record.last_received_ms
        known = self._heard.get(record.key)
        if known is not None and known[0] == arrived_ms:
            return known
        age_ms = 0
        if known is None and arrived_ms is not None:
            age_ms = max(0, self._clock.utc_ms() - arrived_ms)
        return arrived_ms, now_ms - age_ms
