"""What one sees of a live demonstration: every session, its receipts, and how ingest is."""

import os
import select
import sys
import termios
import tty
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dermatrace.clock import Clock
from dermatrace.demo.device import SimulatedDevice
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.supervisor.supervisor import Supervisor

RATE_SPAN_MS: Final = 5_000
"""Rates are means over this time."""
WAITING_USUAL: Final = 3
"""Documents of a device that are usually on their way; more than that is worth a colour."""
NOTICE: Final = (
    "Records what devices report. It is no alarm system: the device's own alarms govern safety."
)


class View:
    """Draws one moment; asked a few times a second."""

    def __init__(
        self, supervisor: Supervisor, devices: list[SimulatedDevice], clock: Clock
    ) -> None:
        self._supervisor = supervisor
        self._devices = devices
        self._clock = clock
        self._heads: deque[tuple[int, int]] = deque()
        self._reader: JournalReader | None = None
        self.last_event = ""

    def draw(self) -> Group:
        """Return the whole screen."""
        if self._reader is None:
            self._reader = JournalReader(self._supervisor.settings.journal_file)
        table = self._table(self._reader)
        return Group(self._ingest(self._reader), table, self._footer())

    def _ingest(self, reader: JournalReader) -> Panel:
        now_ms, head = self._clock.monotonic_ms(), reader.head().entry_id
        self._heads.append((now_ms, head))
        while now_ms - self._heads[0][0] > RATE_SPAN_MS:
            self._heads.popleft()
        first_ms, first = self._heads[0]
        rate_hz = (head - first) * 1_000 / max(1, now_ms - first_ms)
        child = self._supervisor.children["ingest"]
        pid = child.pid
        line = Text()
        if pid is None:
            line.append("  ingest is down  ", "bold white on red")
        else:
            line.append(f"  ingest runs, process {pid}  ", "bold white on green")
        line.append(f"  restarts {child.restart_count}   journal entries {head:,}   ")
        line.append(f"{rate_hz:.1f} a second   ")
        lag = sum(self._unsettled(device) for device in self._devices)
        line.append(
            f"without receipt {lag:,}",
            "bold yellow" if lag > len(self._devices) * WAITING_USUAL else "",
        )
        address = self._supervisor.address
        title = f"dermatrace · {self._supervisor.broker_kind} at {address.host}:{address.port}"
        return Panel(line, title=title, subtitle=NOTICE, title_align="left", subtitle_align="left")

    def _table(self, reader: JournalReader) -> Table:
        table = Table(expand=True, header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("device", "treatment"):
            table.add_column(name, no_wrap=True, overflow="ellipsis", ratio=len(name))
        for name in ("running", "sent", "recorded", "receipt to", "without", "again"):
            table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
        for name in ("rejected", "lost"):
            table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
        for device in self._devices:
            for key, cells in self._rows(reader, device):
                table.add_row(key.sender, *cells)
        return table

    def _rows(
        self, reader: JournalReader, device: SimulatedDevice
    ) -> Iterator[tuple[StreamKey, list[str | Text]]]:
        standings = device.sender.standings()[-1:]
        for standing in standings:
            key = StreamKey(
                device.device.clinic, device.device.sender_id, "session", standing.name[1]
            )
            session = device.session
            treatment = session.script.treatment.name if session is not None else ""
            record = reader.stream(key)
            waiting = standing.assigned_count - standing.settled_seq
            style = "bold yellow" if waiting > WAITING_USUAL else "green"
            yield (
                key,
                [
                    treatment,
                    self._running(device),
                    f"{standing.assigned_count:,}",
                    f"{_recorded(record):,}",
                    Text(f"{standing.settled_seq:,}", style),
                    Text(f"{waiting:,}", style),
                    str(record.duplicate_count if record else 0),
                    _count(len(record.coverage.rejected) if record else 0),
                    _count(standing.lost_count),
                ],
            )

    def _running(self, device: SimulatedDevice) -> str:
        seconds = (self._clock.monotonic_ms() - device.session_began_ms) // 1_000
        return f"{seconds // 60}:{seconds % 60:02}"

    def _footer(self) -> Text:
        keys = "k kill ingest   b kill the broker   q or Ctrl-C end"
        return Text(f" {keys}    {self.last_event}", style="dim")

    def _unsettled(self, device: SimulatedDevice) -> int:
        return sum(s.assigned_count - s.settled_seq for s in device.sender.standings())


def _recorded(record: StreamRecord | None) -> int:
    if record is None:
        return 0
    coverage = record.coverage
    return len(coverage.settled) - len(coverage.lost) - len(coverage.rejected)


def _count(number: int) -> Text:
    return Text(str(number), "bold red" if number else "dim")


@contextmanager
def single_keys() -> Iterator[None]:
    """Read keys as they are pressed, without echo; as before afterwards."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def pressed_key(wait_s: float) -> str:
    """Return the key pressed within `wait_s`, or an empty text."""
    if not sys.stdin.isatty():
        select.select([], [], [], wait_s)
        return ""
    ready, _, _ = select.select([sys.stdin], [], [], wait_s)
    return os.read(sys.stdin.fileno(), 1).decode(errors="ignore") if ready else ""
