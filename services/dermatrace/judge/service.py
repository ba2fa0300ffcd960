"""The judge process: follow the journal, send what there is to say, remember where it was."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.health import HealthServer, Measured, Numbers, State, gauge
from dermatrace.journal.reader import JournalReader, is_made
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.sending import VerdictSender

PREFIX: Final = "dermatrace_judge_"
STILL_MAX_MS: Final = 60_000
"""A judge that has not come round for longer is stuck: its health page goes red and says so."""
POLL_INTERVAL_S: Final = 0.02
"""How often the journal is asked for more once everything is judged: part of how long a finding
takes to show, against some hundred microseconds of CPU each time."""
COMMIT_INTERVAL_MS: Final = 1_000
"""How often what was judged is written down. After a kill that much is judged again."""
LIFE_INTERVAL_MS: Final = 5_000
"""How often the lock file's time is set: whoever looks from outside sees that the judge moves."""
JOURNAL_WAIT_S: Final = 0.5
"""How often to look whether the recorder has made its journal."""


class Standing(NamedTuple):
    """How far the judge is, as of its last round."""

    journal_entries: int = 0
    judged_entries: int = 0
    open_sessions: int = 0


class JudgeService:
    """Everything of one judge process."""

    def __init__(
        self, journal_file: Path, index_file: Path, sender: VerdictSender, clock: Clock
    ) -> None:
        """Open the index; `run` does the rest. Raises AlreadyRunning, WrongFile, StorageError."""
        self._journal_file = journal_file
        self._clock = clock
        self._sender = sender
        self._stopping = threading.Event()
        self._stop_signalled = False
        self._log = logs.log("judge")
        self._index = Index(index_file)
        self._lock_file = index_file.with_name(f"{index_file.name}.lock")
        self._shown_ms = self._moved_ms = clock.monotonic_ms()
        self._standing = Standing()
        self.state = State(renew=self._renew_state)
        self.numbers = Numbers(PREFIX, self._measured)

    def serve_health(self, host: str, port: int) -> HealthServer:
        """Serve /healthz and /metrics. Raises OSError if the port cannot be bound."""
        return HealthServer(host, port, self.numbers, self.state)

    def run(self) -> None:
        """Judge until `stop` is called.

        Raises StorageError, JournalForked, JournalReplaced, or whatever else must end the process;
        another start goes on from what was written down last and says the same again.
        """
        try:
            if not self._wait_for_journal():
                return
            with JournalReader(self._journal_file) as reader:
                self._follow(reader)
        finally:
            self._sender.close()
            self._index.close()

    def stop(self) -> None:
        """Ask `run` to end in an orderly way; may be called from any thread."""
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """End cleanly on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._note_signal())

    def _note_signal(self) -> None:
        # Not `stop`: the signal may have interrupted this very thread inside the event's lock.
        self._stop_signalled = True

    @property
    def _is_stopping(self) -> bool:
        return self._stop_signalled or self._stopping.is_set()

    def _wait_for_journal(self) -> bool:
        """Wait until the recorder has made the journal; return False if told to stop."""
        while not self._is_stopping:
            self._show_life()
            if is_made(self._journal_file):
                return True
            self._stopping.wait(JOURNAL_WAIT_S)
        return False

    def _follow(self, reader: JournalReader) -> None:
        self._open_outboxes()
        follower = self._make_follower(reader)
        self.state.ready = True
        self._log.info("ready", head=str(follower.head), open_sessions=follower.open_count)
        committed_ms, is_dirty, has_caught_up = self._clock.monotonic_ms(), False, False
        while not self._is_stopping:
            self._show_life()
            count = follower.catch_up()
            judged = follower.head.entry_id
            newest = reader.head().entry_id if count else judged
            self._standing = Standing(newest, judged, follower.open_count)
            is_dirty = is_dirty or count > 0
            now_ms = self._clock.monotonic_ms()
            if is_dirty and now_ms - committed_ms >= COMMIT_INTERVAL_MS:
                follower.commit()
                self._sender.check()
                committed_ms, is_dirty = now_ms, False
            if count == 0 and not has_caught_up:
                has_caught_up = True
                self._log.info("caught up", head=str(follower.head))
            if count == 0:
                reader.check_in_place()
                self._stopping.wait(POLL_INTERVAL_S)
        if is_dirty:
            follower.commit()
        self._log.info("stopped", head=str(follower.head))

    def _show_life(self) -> None:
        now_ms = self._moved_ms = self._clock.monotonic_ms()
        if now_ms - self._shown_ms >= LIFE_INTERVAL_MS:
            os.utime(self._lock_file)
            self._shown_ms = now_ms

    def _renew_state(self) -> None:
        # A page that only said what it was told last would stay green over a judge that is stuck.
        still_ms = self._clock.monotonic_ms() - self._moved_ms
        stuck = f"it has not come round for {still_ms // 1_000} s"
        self.state.problems = [stuck] if still_ms > STILL_MAX_MS else []
        self.state.connected = self._sender.is_connected

    def _measured(self) -> Iterator[Measured]:
        now = self._standing
        behind_entries = max(0, now.journal_entries - now.judged_entries)
        yield gauge("entries", "Entries that are judged", now.judged_entries)
        yield gauge("behind_entries", "Entries that are not judged yet", behind_entries)
        yield gauge("open_sessions", "Sessions that have not ended", now.open_sessions)
        waiting = self._sender.waiting_count
        yield gauge("waiting_verdicts", "Verdicts that the broker has not taken yet", waiting)
        yield gauge("broker_up", "1 if verdicts can be sent", int(self._sender.is_connected))

    def _open_outboxes(self) -> None:
        """Offer what a former judge has stored: it is not said again, and may never have gone out.

        Open outboxes also hear of it when an older copy of the journal was restored.
        """
        clinics = self._index.connection.execute("SELECT DISTINCT clinic FROM sessions")
        for (clinic,) in list(clinics):
            self._sender.open_clinic(clinic)

    def _make_follower(self, reader: JournalReader) -> Follower:
        return Follower(reader, self._index, self._sender.send)
