"""docs/fault-table.md: what each fault did to the record, and what it does without protection."""

import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import apsw

from support.broker import find_mosquitto
from support.checker import Judgement
from support.tree import ROOT

README_BEGIN: Final = "<!-- fault table -->\n"
README_END: Final = "<!-- end of fault table -->"
FAULT_TABLE: Final = ROOT / "docs" / "fault-table.md"
FAULTS: Final = {
    "recorder killed": "Recorder killed (SIGKILL) at 500 messages/s",
    "broker killed": "Broker killed, no persistence, 500 messages/s",
    "both killed": "Recorder and broker killed, 500 messages/s",
    "power cut": "Power cut: unsynced writes undone or torn",
    "disk full": "Disk full, later room again",
    "sync failed": "I/O error at the n-th sync, n = 1, 2, 3 ...",
    "shuffled": "Every message 1 to 3 times, shuffled in windows of 1,000",
    "stale acknowledgement": "Broker restarted while a batch is uncommitted",
    "queue overflow": "Broker queue of 1,000 overflows while the recorder is away",
    "old backup": "Old backup restored",
    "erased": "Erased streams sent again",
}


_TITLE: Final = "# What faults did to the record"
_MEANING: Final = """\
*Lost*: a sender was told that a document is kept, and the journal does not have it; looked for
after every fault that ends the recorder. *Doubled*: stored twice. *Altered*: other bytes than were
published. *Chain*: every hash recomputed at the end. In the end all that was published is in the
journal, once. What a sender had freed before an old backup came back is openly declared lost and
not counted here."""
_MEANS: Final = """\
Broker and recorder are real processes, the senders are the product's; some of them give documents
up as soon as the broker answers, where the broker survives. Power cuts, full disks and I/O errors
are simulated: a layer between SQLite and the file takes back what no sync has made durable, refuses
to grow, or fails. The machine itself stays on. The senders' clocks run 20 times fast, so that a
minute's back-off takes 3 s. Faults strike at random moments of a fixed seed."""
_TWINS: Final = """\
A fault that could not do damage proves nothing. So each is tried once more without the protection
named under *taken out*, and there the same checker has to find damage. These runs are shorter and
under conditions that bring the damage out (where the recorder acknowledges too early, each commit
is made to take 0.2 s): what they lose shows that the fault bites, and is no rate to expect."""
_HEADER: Final = """\
| fault | times | published | lost | doubled | altered | chain | taken out | damage without it |
|---|--:|--:|--:|--:|--:|---|---|---|"""


@dataclass(slots=True)
class Row:
    """One fault: how the product stood it, and how its twin without protection did."""

    strike_count: int = 0
    with_protection: list[Judgement] = field(default_factory=list)
    removed: str = ""
    without_protection: list[Judgement] = field(default_factory=list)


class FaultTable:
    """Collects what the tests found, and renders it once every row is there."""

    def __init__(self) -> None:
        self._rows = {fault: Row() for fault in FAULTS}

    def held(self, fault: str, strike_count: int, found: Judgement) -> None:
        """Enter what the product made of a fault that struck so many times."""
        row = self._rows[fault]
        row.strike_count += strike_count
        row.with_protection.append(found)

    def broken(self, fault: str, removed: str, found: Judgement) -> None:
        """Enter what the fault did with one protection removed."""
        row = self._rows[fault]
        row.removed = removed
        row.without_protection.append(found)

    @property
    def is_complete(self) -> bool:
        """Whether every fault was tried, with and without protection."""
        return all(row.with_protection and row.without_protection for row in self._rows.values())

    def write(self, command: str, path: Path = FAULT_TABLE) -> None:
        """Write the page, and its table into the README."""
        page = self.render(command)
        path.write_text(page, encoding="utf-8")
        if path == FAULT_TABLE:
            show_in_readme(page)

    def render(self, command: str) -> str:
        """Return the page."""
        cells = [_cells(FAULTS[fault], row) for fault, row in self._rows.items()]
        totals = [sum(numbers) for numbers in zip(*map(_numbers, self._rows.values()), strict=True)]
        summary = (
            f"{totals[0]:,} faults, {totals[1]:,} documents published, {totals[2]:,} lost,"
            f" {totals[3]:,} doubled, {totals[4]:,} altered."
        )
        versions = (
            f"Measured on {datetime.now(UTC):%Y-%m-%d} with mosquitto {_mosquitto_version()},"
            f" paho-mqtt {version('paho-mqtt')}, SQLite {apsw.sqlite_lib_version()}. To repeat it:"
        )
        parts = [_TITLE, summary, _MEANING, _MEANS, _TWINS, "\n".join([_HEADER, *cells]), versions]
        return "\n\n".join([*parts, f"```sh\n{command}\n```"]) + "\n"


def table_of(page: str) -> str:
    """Return the table of the page alone."""
    return "\n".join(line for line in page.splitlines() if line.startswith("|"))


def show_in_readme(page: str) -> None:
    """Put the table between its marks in the README."""
    readme = ROOT / "README.md"
    before, mark, rest = readme.read_text(encoding="utf-8").partition(README_BEGIN)
    _, end, after = rest.partition(README_END)
    shown = "".join((before, mark, table_of(page), "\n", end, after))
    readme.write_text(shown, encoding="utf-8")


def _numbers(row: Row) -> tuple[int, int, int, int, int]:
    found = row.with_protection
    return (
        row.strike_count,
        sum(judgement.published_count for judgement in found),
        sum(len(judgement.lost) for judgement in found),
        sum(len(judgement.doubled) for judgement in found),
        sum(len(judgement.altered) for judgement in found),
    )


def _cells(name: str, row: Row) -> str:
    faults = [fault for judgement in row.with_protection for fault in judgement.chain_faults]
    chain = "broken" if faults else "intact"
    numbers = " | ".join(f"{number:,}" for number in _numbers(row))
    return f"| {name} | {numbers} | {chain} | {row.removed} | {_damage(row.without_protection)} |"


def _damage(found: list[Judgement]) -> str:
    published = sum(judgement.published_count for judgement in found)
    parts = []
    for kind in ("lost", "doubled", "altered"):
        count = sum(len(getattr(judgement, kind)) for judgement in found)
        if count:
            parts.append(f"{count:,} {kind}")
    return f"{', '.join(parts)} of {published:,}"


def _mosquitto_version() -> str:
    program = find_mosquitto()
    if program is None:
        return "unknown"
    words = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\S+)", words)
    return "unknown" if found is None else found[1]
