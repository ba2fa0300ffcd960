"""docs/fault-table.md: what each fault did to record and verdicts, and does without protection."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

import apsw

from support.broker import find_mosquitto
from support.checker import Judgement
from support.checker_verdicts import VerdictJudgement
from support.faults_clinics import PACE_FACTOR
from support.faults_judges import STORING_TAKES_S
from support.readme import Part as InReadme
from support.tree import ROOT

IN_README: Final = InReadme("<!-- fault table -->\n", "<!-- end of fault table -->")
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
JUDGE_FAULTS: Final = {
    "judge killed": "Judge killed (SIGKILL) while sessions run",
    "all killed": "Judge, recorder and broker killed in any order",
    "judge forgets": "Judge killed, its index deleted, every other time its outboxes too",
    "protocol changed": "Protocol imported again in mid-session, changed under the same version",
}

Found: TypeAlias = Judgement | VerdictJudgement

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
_JUDGE_TITLE: Final = "## And to the verdicts"
_JUDGE_MEANING: Final = f"""\
The judge is a process like the recorder. Pretend devices play sessions {PACE_FACTOR} times too
fast, their front desks enter the charts. In the end a judge with an empty index reads the whole
journal once, undisturbed, and what it says is compared byte for byte with the verdicts on record.
*Lost*: said by the undisturbed judge and not on record. *Doubled*: a number with more than one
entry, equal or in conflict. *Different*: other bytes than the undisturbed judge says, or bytes of
which it says nothing. *Chain*: as above. Besides, every session that has ended must have a newest
generation that ends confirmed. Where the cursor moves too early, the verdicts are stored
{STORING_TAKES_S} s later."""
_JUDGE_HEADER: Final = """\
| fault | times | sessions | verdicts | lost | doubled | different | chain | taken out | damage\
 without it |
|---|--:|--:|--:|--:|--:|--:|---|---|---|"""


@dataclass(slots=True)
class Row:
    """One fault: how the product stood it, and how its twin without protection did."""

    strike_count: int = 0
    with_protection: list[Found] = field(default_factory=list)
    removed: str = ""
    without_protection: list[Found] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the page: its rows, and what it counts of a finding."""

    faults: Mapping[str, str]
    header: str
    counted: tuple[str, ...]
    """Of what it was tried on; the last is what damage is counted of."""
    damages: tuple[str, ...]


RECORD: Final = Part(FAULTS, _HEADER, ("published_count",), ("lost", "doubled", "altered"))
VERDICTS: Final = Part(
    JUDGE_FAULTS,
    _JUDGE_HEADER,
    ("session_count", "verdict_count"),
    ("lost", "doubled", "different"),
)


class FaultTable:
    """Collects what the tests found, and renders it once every row is there."""

    def __init__(self) -> None:
        self._rows = {fault: Row() for fault in (*FAULTS, *JUDGE_FAULTS)}

    def held(self, fault: str, strike_count: int, found: Found) -> None:
        """Enter what the product made of a fault that struck so many times."""
        row = self._rows[fault]
        row.strike_count += strike_count
        row.with_protection.append(found)

    def broken(self, fault: str, removed: str, found: Found) -> None:
        """Enter what the fault did with one protection removed."""
        row = self._rows[fault]
        row.removed = removed
        row.without_protection.append(found)

    @property
    def is_complete(self) -> bool:
        """Whether every fault was tried, with and without protection."""
        return all(row.with_protection and row.without_protection for row in self._rows.values())

    def write(self, command: str, path: Path = FAULT_TABLE) -> None:
        """Write the page, and its tables into the README."""
        page = self.render(command)
        path.write_text(page, encoding="utf-8")
        if path == FAULT_TABLE:
            show_in_readme(page)

    def render(self, command: str) -> str:
        """Return the page."""
        faults, published, *damage = self._totals(RECORD)
        judge_faults, _, verdicts, *judge_damage = self._totals(VERDICTS)
        summary = (
            f"{faults:,} faults, {published:,} documents published, {_named(RECORD, damage)}.\n"
            f"{judge_faults:,} faults of the judge, {verdicts:,} verdicts,"
            f" {_named(VERDICTS, judge_damage)}."
        )
        versions = (
            f"Measured on {datetime.now(UTC):%Y-%m-%d} with mosquitto {_mosquitto_version()},"
            f" paho-mqtt {version('paho-mqtt')}, SQLite {apsw.sqlite_lib_version()}. To repeat it:"
        )
        of_record = [_TITLE, summary, _MEANING, _MEANS, _TWINS, self._table(RECORD)]
        of_verdicts = [_JUDGE_TITLE, _JUDGE_MEANING, self._table(VERDICTS)]
        return "\n\n".join([*of_record, *of_verdicts, versions, f"```sh\n{command}\n```"]) + "\n"

    def _table(self, part: Part) -> str:
        cells = (_cells(part, fault, self._rows[fault]) for fault in part.faults)
        return "\n".join([part.header, *cells])

    def _totals(self, part: Part) -> list[int]:
        numbers = [_numbers(part, self._rows[fault]) for fault in part.faults]
        return [sum(column) for column in zip(*numbers, strict=True)]


def table_of(page: str) -> str:
    """Return the tables of the page alone."""
    tables = groupby(page.splitlines(), key=lambda line: line.startswith("|"))
    return "\n\n".join("\n".join(lines) for is_table, lines in tables if is_table)


def show_in_readme(page: str) -> None:
    """Put the tables between their marks in the README."""
    IN_README.show(f"{table_of(page)}\n")


def _numbers(part: Part, row: Row) -> list[int]:
    """Return how often it struck, what it was tried on, and the damage of each kind."""
    found = row.with_protection
    counted = [sum(getattr(one, name) for one in found) for name in part.counted]
    damage = [sum(len(getattr(one, name)) for one in found) for name in part.damages]
    return [row.strike_count, *counted, *damage]


def _named(part: Part, damage: Sequence[int]) -> str:
    return ", ".join(f"{count:,} {kind}" for count, kind in zip(damage, part.damages, strict=True))


def _cells(part: Part, fault: str, row: Row) -> str:
    broken = any(judgement.chain_faults for judgement in row.with_protection)
    numbers = [f"{number:,}" for number in _numbers(part, row)]
    words = ["broken" if broken else "intact", row.removed, _damage(part, row.without_protection)]
    return f"| {' | '.join([part.faults[fault], *numbers, *words])} |"


def _damage(part: Part, found: Sequence[Found]) -> str:
    whole = sum(getattr(judgement, part.counted[-1]) for judgement in found)
    counts = ((sum(len(getattr(one, kind)) for one in found), kind) for kind in part.damages)
    return f"{', '.join(f'{count:,} {kind}' for count, kind in counts if count)} of {whole:,}"


def _mosquitto_version() -> str:
    program = find_mosquitto()
    if program is None:
        return "unknown"
    words = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"version (\S+)", words)
    return "unknown" if found is None else found[1]
