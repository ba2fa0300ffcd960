"""docs/fault-table.md: what each fault did to the record and to what is made of it.

Each part of the page is written anew by a run that has tried every fault of it; the others stay.
"""

import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Final, TypeAlias

import apsw

from support.broker import find_mosquitto
from support.checker import Judgement
from support.checker_points import PointJudgement
from support.checker_verdicts import VerdictJudgement
from support.faults_parts import PARTS, POINTS, Part
from support.readme import Part as InReadme
from support.real_servers import ServerMissing, find_server
from support.tree import ROOT

IN_README: Final = InReadme("<!-- fault table -->\n", "<!-- end of fault table -->")
FAULT_TABLE: Final = ROOT / "docs" / "fault-table.md"

Found: TypeAlias = Judgement | VerdictJudgement | PointJudgement

_TITLE: Final = "# What faults did to the record"
_MEASURED: Final = "Measured on "


@dataclass(slots=True)
class Row:
    """One fault: how the product stood it, and how its twin without protection did."""

    strike_count: int = 0
    with_protection: list[Found] = field(default_factory=list)
    removed: str = ""
    without_protection: list[Found] = field(default_factory=list)

    @property
    def is_tried(self) -> bool:
        """Whether both were tried."""
        return bool(self.with_protection and self.without_protection)


class FaultTable:
    """Collects what the tests found, and renders the parts of which every row is there."""

    def __init__(self) -> None:
        self._rows = {fault: Row() for part in PARTS for fault in part.faults}

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

    def has_all_of(self, part: Part) -> bool:
        """Whether every fault of a part was tried, with and without protection."""
        return all(self._rows[fault].is_tried for fault in part.faults)

    def write(self, command: str, path: Path = FAULT_TABLE) -> None:
        """Write the page anew, and its tables into the README, if any part was tried whole."""
        if not any(map(self.has_all_of, PARTS)):
            return
        page = self.render(command, path.read_text(encoding="utf-8") if path.exists() else "")
        path.write_text(page, encoding="utf-8")
        if path == FAULT_TABLE:
            show_in_readme(page)

    def render(self, command: str, former: str = "") -> str:
        """Return the page; of parts that were not tried whole it keeps what it said before."""
        shown = [
            (part, self._table(part), _measured(part))
            if self.has_all_of(part)
            else (part, *_kept(part, former))
            for part in PARTS
        ]
        shown = [(part, table, measured) for part, table, measured in shown if table]
        summary = "\n".join(_summary(part, table) for part, table, _ in shown)
        tables = [f"{part.text}\n\n{table}\n\n{measured}" for part, table, measured in shown]
        repeat = f"To repeat it:\n\n```sh\n{command}\n```"
        return "\n\n".join([_TITLE, summary, *tables, repeat]) + "\n"

    def _table(self, part: Part) -> str:
        cells = (_cells(part, fault, self._rows[fault]) for fault in part.faults)
        return "\n".join([part.header, *cells])


def table_of(page: str) -> str:
    """Return the tables of the page alone."""
    tables = groupby(page.splitlines(), key=lambda line: line.startswith("|"))
    return "\n\n".join("\n".join(lines) for is_table, lines in tables if is_table)


def show_in_readme(page: str) -> None:
    """Put the tables between their marks in the README."""
    IN_README.show(f"{table_of(page)}\n")


def _kept(part: Part, page: str) -> tuple[str, str]:
    """Return a part's table on a page, and when it was measured; nothing if it is not there."""
    _, _, after = page.partition(part.header)
    rows, _, rest = after.partition("\n\n")
    measured = rest.partition("\n\n")[0]
    if not after or not measured.startswith(_MEASURED):
        return "", ""
    return part.header + rows, measured


def _summary(part: Part, table: str) -> str:
    """Return what the columns of a table add up to."""
    names, _, *rows = [[cell.strip() for cell in row.split("|")] for row in table.splitlines()]
    sums = {
        name: f"{sum(int(row[at].replace(',', '')) for row in rows):,}"
        for at, name in enumerate(names)
        if "{" + name + "}" in part.summary
    }
    return part.summary.format(**sums)


def _cells(part: Part, fault: str, row: Row) -> str:
    found = row.with_protection
    holds, does_not = part.soundness
    numbers = [
        row.strike_count,
        *(_added(found, name) for name in part.counted),
        *(_damaged(found, kind) for kind in part.damages),
        *(_added(found, name) for name in part.also_counted),
    ]
    words = [does_not if any(map(_is_unsound, found)) else holds, row.removed]
    words.append(_damage(part, row.without_protection))
    cells = [part.faults[fault], *(f"{number:,}" for number in numbers), *words]
    return f"| {' | '.join(cells)} |"


def _is_unsound(found: Found) -> bool:
    return bool(found.chain_faults or getattr(found, "account_faults", None))


def _added(found: Iterable[Found], name: str) -> int:
    return sum(getattr(one, name) for one in found)


def _damaged(found: Iterable[Found], kind: str) -> int:
    return sum(len(getattr(one, kind)) for one in found)


def _damage(part: Part, found: Sequence[Found]) -> str:
    whole = _added(found, part.counted[-1])
    counts = ((_damaged(found, kind), kind) for kind in part.damages)
    return f"{', '.join(f'{count:,} {kind}' for count, kind in counts if count)} of {whole:,}"


def _measured(part: Part) -> str:
    versions = [f"mosquitto {_version_of(find_mosquitto(), '-h')}"]
    versions += [f"paho-mqtt {version('paho-mqtt')}", f"SQLite {apsw.sqlite_lib_version()}"]
    if part is POINTS:
        versions.append(f"InfluxDB {_version_of(_influxd(), 'version')}")
    return f"{_MEASURED}{datetime.now(UTC):%Y-%m-%d} with {', '.join(versions)}."


def _influxd() -> str | None:
    try:
        return find_server("influxd")
    except ServerMissing:
        return None


def _version_of(program: str | None, option: str) -> str:
    if program is None:
        return "unknown"
    told = subprocess.run([program, option], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\bv?(\d+\.\d+\.\d+)", told)
    return "unknown" if found is None else found[1]
