"""What one sees of a live demonstration: what is recorded of every session, and how it is judged.

Two tables over the same devices: the record above, the judgement below; around them how recorder
and judge are, and what the judge found last.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import ConsoleDimensions, Group
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dermatrace.clock import Clock
from dermatrace.demo.device import SimulatedDevice
from dermatrace.demo.judge_panels import finding_panel, judgement_cells
from dermatrace.demo.judge_watch import FINDINGS_KEPT, JudgeWatch
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey, StreamRecord
from dermatrace.judge.chart import SessionId
from dermatrace.supervisor.supervisor import Supervisor

RATE_SPAN_MS: Final = 5_000
"""Rates are means over this time."""
WAITING_USUAL: Final = 3
"""Documents of a device that are usually on their way; more than that is worth a colour."""
BEHIND_USUAL: Final = 60
"""Entries that come while the judge writes down what it has read; more than that is worth one."""
LINES_ROUND_FINDINGS: Final = 23
"""Of the screen, for five devices; what is left shows findings, at least one."""
GAPS_FROM_LINES: Final = 30
"""A lower screen has no empty lines round the tables, so that everything is on it."""
TREATMENT_FROM_COLUMNS: Final = 102
"""A narrower screen shows no treatments: the numbers beside them matter more."""
STATUS_COLUMNS: Final = (29, 12, 20, 21, 0)
"""Widths of what is said of a process; what does not fit on the screen is cut off at the end."""
NOTICE: Final = (
    "Records what devices report. It is no alarm system: the device's own alarms govern safety."
)


class View:
    """Draws one moment; asked a few times a second."""

    def __init__(
        self, supervisor: Supervisor, devices: list[SimulatedDevice], clock: Clock
    ) -> None:
        """Begin to watch the record, which the supervisor has started to write."""
        self._supervisor = supervisor
        self._devices = devices
        self._clock = clock
        self._heads: deque[tuple[int, int]] = deque()
        settings = supervisor.settings
        self._reader = JournalReader(settings.journal_file)
        self._judge = JudgeWatch(settings.journal_file, settings.index_file, clock)
        self.last_event = ""
        self.link = ""
        """Into the console, if one runs."""

    def close(self) -> None:
        """Release the journal."""
        self._judge.close()
        self._reader.close()

    def draw(self, screen: ConsoleDimensions) -> Group:
        """Return everything, made to fit a screen of that size as far as it can."""
        shown = min(FINDINGS_KEPT, max(1, screen.height - LINES_ROUND_FINDINGS))
        is_wide = screen.width >= TREATMENT_FROM_COLUMNS
        gap = 1 if screen.height >= GAPS_FROM_LINES else 0
        streams = {device: self._stream(device) for device in self._devices}
        self._judge.look([_session(key) for key in streams.values() if key is not None])
        return Group(
            self._processes(),
            Padding(self._records(streams, with_treatment=is_wide), (gap, 1)),
            Padding(self._judgements(streams), (1 - gap, 1, gap, 1)),
            finding_panel(self._judge, shown),
            *self._footer(is_tall=gap == 1),
        )

    # --- processes ----------------------------------------------------------------------------

    def _processes(self) -> Panel:
        lines = Group(_line(self._recorder()), _line(self._judging()))
        address = self._supervisor.address
        title = f"dermatrace · {self._supervisor.broker_kind} at {address.host}:{address.port}"
        return Panel(lines, title=title, subtitle=NOTICE, title_align="left", subtitle_align="left")

    def _recorder(self) -> Iterator[Text]:
        now_ms, head = self._clock.monotonic_ms(), self._reader.head().entry_id
        self._heads.append((now_ms, head))
        while now_ms - self._heads[0][0] > RATE_SPAN_MS:
            self._heads.popleft()
        first_ms, first = self._heads[0]
        rate_hz = (head - first) * 1_000 / max(1, now_ms - first_ms)
        lag = sum(self._unsettled(device) for device in self._devices)
        yield from self._process("ingest")
        yield Text(f"without receipt {lag:,}", _warning(lag > len(self._devices) * WAITING_USUAL))
        yield Text(f"journal entries {head:,}")
        yield Text(f"{rate_hz:.1f} a second")

    def _judging(self) -> Iterator[Text]:
        yield from self._process("judge")
        behind = self._judge.behind_count
        told = "no index yet" if behind is None else f"entries behind {behind:,}"
        yield Text(told, _warning(behind is None or behind > BEHIND_USUAL))
        yield Text(f"findings {self._judge.finding_count:,}")

    def _process(self, name: str) -> Iterator[Text]:
        child = self._supervisor.children[name]
        if child.pid is None:
            yield Text(f" {name} is down ", "bold white on red")
        else:
            yield Text(f" {name} runs, process {child.pid} ", "bold black on green")
        yield Text(f"restarts {child.restart_count}")

    # --- devices ------------------------------------------------------------------------------

    def _records(
        self, streams: dict[SimulatedDevice, StreamKey | None], *, with_treatment: bool
    ) -> Table:
        table = _table("device", *(["treatment"] if with_treatment else []))
        numbers = ("running", "sent", "recorded", "receipt to", "without", "again")
        for name in (*numbers, "rejected", "lost"):
            # Headings stay whole on a narrow screen, and the numbers below them.
            table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
        for device, key in streams.items():
            if key is not None:
                session = device.session
                name = session.script.treatment.name if session is not None else ""
                named = (key.sender, name) if with_treatment else (key.sender,)
                table.add_row(*named, *self._record_cells(device, key))
        return table

    def _record_cells(self, device: SimulatedDevice, key: StreamKey) -> Iterator[str | Text]:
        standing, record = device.sender.standings()[-1], self._reader.stream(key)
        waiting = standing.assigned_count - standing.settled_seq
        style = "bold yellow" if waiting > WAITING_USUAL else "green"
        yield self._running(device)
        yield f"{standing.assigned_count:,}"
        yield f"{_recorded(record):,}"
        yield Text(f"{standing.settled_seq:,}", style)
        yield Text(f"{waiting:,}", style)
        yield str(record.duplicate_count if record else 0)
        yield _count(len(record.coverage.rejected) if record else 0)
        yield _count(standing.lost_count)

    def _judgements(self, streams: dict[SimulatedDevice, StreamKey | None]) -> Table:
        table = _table("device", "judged", "findings", "adherence", gap=1)
        table.add_column("open gates", no_wrap=True, overflow="ellipsis", ratio=1)
        for key in streams.values():
            if key is not None:
                table.add_row(key.sender, *judgement_cells(self._judge.of(_session(key))))
        return table

    def _stream(self, device: SimulatedDevice) -> StreamKey | None:
        """Return the stream a device wrote to last, or None before its first session."""
        names = [standing.name[1] for standing in device.sender.standings()]
        fleet = device.device
        return StreamKey(fleet.clinic, fleet.sender_id, "session", names[-1]) if names else None

    def _running(self, device: SimulatedDevice) -> str:
        seconds = (self._clock.monotonic_ms() - device.session_began_ms) // 1_000
        return f"{seconds // 60}:{seconds % 60:02}"

    def _footer(self, *, is_tall: bool) -> Iterator[Text]:
        """Yield keys and last event; the console's link beside them, or instead where it is low."""
        link = Text(f"{' console ' if is_tall else ''}{self.link}", no_wrap=True)
        if self.link and (is_tall or not self.last_event):
            yield link
        if is_tall or self.last_event or not self.link:
            keys = Text(no_wrap=True, overflow="ellipsis")
            keys.append(" kill: k ingest  j judge  b broker   end: q or Ctrl-C    ", "dim")
            yield keys.append(self.last_event)

    def _unsettled(self, device: SimulatedDevice) -> int:
        return sum(s.assigned_count - s.settled_seq for s in device.sender.standings())


def _line(parts: Iterator[Text]) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    for part, width in zip(parts, STATUS_COLUMNS, strict=False):
        line.append_text(part).append(" " * (width - len(part)))
    return line


def _table(*names: str, gap: int = 0) -> Table:
    table = Table(
        expand=True,
        header_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, gap, 0, 0),
    )
    for name in names:
        table.add_column(name, no_wrap=True, overflow="ellipsis")
    return table


def _session(key: StreamKey) -> SessionId:
    return SessionId(key.clinic, key.sender, key.stream_id)


def _recorded(record: StreamRecord | None) -> int:
    if record is None:
        return 0
    coverage = record.coverage
    return len(coverage.settled) - len(coverage.lost) - len(coverage.rejected)


def _count(number: int) -> Text:
    return Text(str(number), "bold red" if number else "dim")


def _warning(is_unusual: bool) -> str:  # noqa: FBT001  the one thing it is asked
    return "bold yellow" if is_unusual else ""
