"""What people enter, on its way to the record: through an outbox, like any sender's documents.

"Recorded" is said of a document when a receipt has settled it, or when the record itself has it;
never because it was sent. The outbox outlives the console: what waited is offered again.
"""

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from dermatrace.clock import Clock
from dermatrace.console.store import Store
from dermatrace.errors import StorageFull
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.registry.sending import stream_id_of
from dermatrace.sender.sender import Sender
from dermatrace.settings import Settings

RECEIPT_WAIT_S: Final = 2.0
"""How long an answer waits for the receipt; a page asks again for what takes longer."""
REJECTION_WAIT_S: Final = 1.0
"""How long it waits for the reason of a document that was refused."""
ABOUT_CHARACTERS_MAX: Final = 90
"""Of what a stream is named after; the rest of its name makes it unlike any other."""
TOLD_LISTED_MAX: Final = 200
"""Documents about one visit or session whose fate is listed, the newest."""

Document: TypeAlias = tuple[str, Mapping[str, JsonValue]]
"""Kind, and what it says beside what every document carries."""
State: TypeAlias = Literal["recorded", "waiting", "rejected", "lost"]


@dataclass(frozen=True, slots=True)
class Told:
    """One document that somebody has entered here, and what has become of it."""

    stream_id: str
    seq: int
    kind: str
    user_name: str
    told_ms: int
    state: State
    reason: str
    recorded_after_ms: int | None
    """As far as somebody waited for it."""


class Telling:
    """The console as a sender: one outbox a clinic, opened with its first document."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        """Open the outboxes there are, so that what they hold goes out.

        Raises AlreadyRunning, WrongFile, StorageError.
        """
        self._settings = settings
        self._store = store
        self._clock = clock
        self._senders: dict[str, Sender] = {}
        self._one_at_a_time = threading.Lock()
        suffix = f".{settings.console_sender}.db"
        for path in sorted(self._folder.glob(f"*{suffix}")):
            self._sender(path.name.removesuffix(suffix))

    def close(self) -> None:
        """Stop; what is not settled stays in the outboxes."""
        with self._one_at_a_time:
            for sender in self._senders.values():
                sender.stop()

    def tell(
        self,
        clinic: str,
        about: str,
        user_name: str,
        documents: Sequence[Document],
        *,
        stream_id: str | None = None,
        wait_s: float = RECEIPT_WAIT_S,
    ) -> list[Told]:
        """Send documents as one sitting, wait a little, and return what became of each.

        `stream_id` is a name from `name_sitting`, for documents that speak of one another.

        Raises UsageError if one would be rejected: then none is sent; AlreadyRunning, StorageError.
        """
        sender = self._sender(clinic)
        now_ms, began_ms = self._clock.utc_ms(), self._clock.monotonic_ms()
        stream_id = stream_id or self.name_sitting(about)
        stream = sender.open_stream("chart", stream_id)
        seqs: list[int] = []
        try:
            for kind, facts in documents:
                uptime_ms, wall_ms = sender.device_time()
                seqs.append(stream.send(kind, facts, uptime_ms=uptime_ms, wall_time_ms=wall_ms))
                if stream.chain is None:
                    raise StorageFull(self._folder)
                self._note(clinic, (stream_id, seqs[-1]), kind, about, user_name, now_ms)
        finally:
            stream.end()
        sender.wait_settled(wait_s)
        took_ms = self._clock.monotonic_ms() - began_ms
        why_wait_s = min(wait_s, REJECTION_WAIT_S)
        told = self.of_stream(clinic, stream_id, None, why_wait_s=why_wait_s)
        for one in told:
            if one.state == "recorded":
                self._note_recorded(clinic, one, took_ms)
        return self.of_stream(clinic, stream_id, None)

    def name_sitting(self, about: str) -> str:
        """Return a name for a sitting, unlike any other: its documents are numbered from 0."""
        named = about.rpartition("/")[2][:ABOUT_CHARACTERS_MAX]
        return stream_id_of(named, self._clock.utc_ms(), secrets.token_hex(3))

    def of_stream(
        self,
        clinic: str,
        stream_id: str,
        journal: JournalReader | None,
        *,
        why_wait_s: float = 0.0,
    ) -> list[Told]:
        """Return the documents of one sitting; empty if it was none of ours."""
        return self._told(clinic, "stream_id = ?", stream_id, journal, why_wait_s)

    def about(self, clinic: str, about: str, journal: JournalReader | None) -> list[Told]:
        """Return what was entered here about a visit or a session, the newest first."""
        return self._told(clinic, "about = ?", about, journal, 0.0)

    def note_if_recorded(self, clinic: str, told: Sequence[Told]) -> None:
        """Keep how long it took until somebody who waits sees that it is recorded."""
        for one in told:
            if one.state == "recorded" and one.recorded_after_ms is None:
                self._note_recorded(clinic, one, self._clock.utc_ms() - one.told_ms)

    def is_connected(self, clinic: str) -> bool:
        """Whether there is a connection to the broker right now."""
        sender = self._senders.get(clinic)
        return sender is not None and sender.is_connected

    @property
    def _folder(self) -> Path:
        return self._settings.data / "outbox"

    def _sender(self, clinic: str) -> Sender:
        with self._one_at_a_time:
            known = self._senders.get(clinic)
            if known is not None:
                return known
            name = self._settings.console_sender
            sender = Sender(
                self._settings.broker_address(),
                clinic,
                name,
                self._settings.outbox_file(clinic, name),
                capacity_bytes=self._settings.outbox_capacity_bytes,
                # A broker ends the older of two connections with one client id.
                client_id=f"{name}.{clinic}",
            )
            self._senders[clinic] = sender
            sender.start()
            return sender

    def _told(
        self,
        clinic: str,
        where: str,
        value: str,
        journal: JournalReader | None,
        why_wait_s: float,
    ) -> list[Told]:
        query = (
            "SELECT stream_id, seq, kind, user_name, told_ms, recorded_after_ms FROM told"  # noqa: S608  our own
            f" WHERE clinic = ? AND {where} ORDER BY told_ms DESC, seq DESC LIMIT {TOLD_LISTED_MAX}"
        )
        found = []
        for stream_id, seq, kind, user_name, told_ms, after_ms in self._store.rows(
            query, (clinic, value)
        ):
            state, reason = self._fate(clinic, stream_id, seq, journal, why_wait_s)
            took_ms = after_ms if state == "recorded" else None
            found.append(Told(stream_id, seq, kind, user_name, told_ms, state, reason, took_ms))
        return found

    def _fate(
        self,
        clinic: str,
        stream_id: str,
        seq: int,
        journal: JournalReader | None,
        why_wait_s: float,
    ) -> tuple[State, str]:
        sender = self._sender(clinic)
        standing = {one.name: one for one in sender.standings()}.get(("chart", stream_id))
        if standing is not None and seq < standing.assigned_count:
            outcome = sender.outcome("chart", stream_id, seq, why_wait_s=why_wait_s)
            if outcome.state != "waiting":
                return outcome.state, outcome.reason
        # After a restart nobody repeats old receipts; the record itself can be asked.
        key = StreamKey(clinic, self._settings.console_sender, "chart", stream_id)
        stream = None if journal is None else journal.stream(key)
        if standing is None and (stream is None or seq not in stream.coverage.settled):
            return "lost", "the outbox that held it is gone; enter it once more"
        if stream is None:
            return "waiting", "" if sender.is_connected else "there is no connection to the broker"
        coverage = stream.coverage
        if seq in coverage.rejected:
            return "rejected", "the recorder refused it; Rejections says why"
        if seq in coverage.lost:
            return "lost", "there was no room or no disk for it; enter it once more"
        return ("recorded", "") if seq in coverage.settled else ("waiting", "")

    def _note(
        self,
        clinic: str,
        place: tuple[str, int],
        kind: str,
        about: str,
        user_name: str,
        now_ms: int,
    ) -> None:
        values = (clinic, *place, kind, about, user_name, now_ms, None)
        self._store.write(("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values))

    def _note_recorded(self, clinic: str, told: Told, after_ms: int) -> None:
        query = (
            "UPDATE told SET recorded_after_ms = ? WHERE clinic = ? AND stream_id = ? AND seq = ?"
            " AND recorded_after_ms IS NULL"
        )
        self._store.write((query, (after_ms, clinic, told.stream_id, told.seq)))
