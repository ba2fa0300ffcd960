"""How the live demonstration shows what the judge has said: by word and shape, then by colour."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final, get_args

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dermatrace.demo.judge_watch import JudgeWatch, NewFinding, SessionJudgement
from dermatrace_schemas.finding import Priority

MARKS: Final[dict[Priority, tuple[str, str]]] = {
    "high": ("▲", "bold red"),
    "medium": ("■", "bold yellow"),
    "low": ("●", "cyan"),
}
"""Shape and colour of a priority; the word always stands beside it."""
_HUNDREDTH: Final = Decimal("0.01")
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)


def judgement_cells(judgement: SessionJudgement | None) -> Iterator[str | Text]:
    """Yield status, findings, adherence and open gates of one session."""
    if judgement is None:
        yield from (Text("not yet", "dim"), "", "", "")
        return
    yield judgement.status
    yield _counts(judgement)
    yield _adherence(judgement)
    gates = ", ".join(gate.replace("_", " ") for gate in judgement.open_gates)
    yield gates or Text("none", "dim")


def finding_panel(watch: JudgeWatch, shown: int) -> Panel:
    """Return the newest findings, the last one first, a line each."""
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for ratio in (None, None, None, 1):
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=ratio)
    newest = list(watch.newest)[::-1][:shown]
    for found in newest:
        table.add_row(*_finding_cells(found))
    for _ in range(shown - len(newest)):
        table.add_row("")  # the panel keeps its height, so that nothing below it jumps
    title = "newest findings · a record against the treatment protocol, no alarms"
    return Panel(table, title=title, title_align="left")


def _finding_cells(found: NewFinding) -> Iterator[str | Text]:
    mark, style = MARKS[found.finding.priority]
    at = datetime.fromtimestamp(found.at_ms / 1_000, UTC).astimezone()
    yield f"{at:%H:%M:%S}"
    yield found.sender
    yield Text(f"{mark} {found.finding.priority}", style)
    yield Text(found.finding.sentence)


def _counts(judgement: SessionJudgement) -> Text:
    line = Text()
    for priority in PRIORITIES:
        count = judgement.counts.get(priority, 0)
        if count:
            mark, style = MARKS[priority]
            line.append("  " if line else "")
            line.append(f"{mark} {count} {priority}", style)
    return line or Text("none", "dim")


def _adherence(judgement: SessionJudgement) -> Text:
    """Return the share with two decimals, rounded down: only all of it reads 1.00."""
    is_final = judgement.status == "closed"
    if judgement.adherence is None:
        return Text("not assessed" if is_final else "not yet", "dim")
    share = Decimal(str(judgement.adherence)).quantize(_HUNDREDTH, ROUND_DOWN)
    return Text(f"{share}{'' if is_final else ' so far'}")
