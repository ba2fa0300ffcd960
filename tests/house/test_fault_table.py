"""The results shown first are the ones that were measured."""

from collections.abc import Iterator

from support.faults_table import FAULT_TABLE, IN_README, table_of
from support.tree import ROOT

DAMAGES = {"lost", "doubled", "altered", "different"}


def _rows(page: str) -> Iterator[dict[str, str]]:
    """Yield the rows of all tables, each by the heads of its columns."""
    for table in table_of(page).split("\n\n"):
        head, _, *rows = ([cell.strip() for cell in row.split("|")] for row in table.splitlines())
        yield from (dict(zip(head, row, strict=True)) for row in rows)


def test_readme_shows_the_tables_that_were_measured() -> None:
    (ROOT / "README.md").read_text(encoding="utf-8")
    shown = IN_README.shown().strip()
    measured = table_of(FAULT_TABLE.read_text(encoding="utf-8"))
    assert shown == measured, "run: make faults"


def test_no_row_of_the_tables_shows_damage() -> None:
    rows = list(_rows(FAULT_TABLE.read_text(encoding="utf-8")))
    assert rows
    for row in rows:
        damage = {name: count for name, count in row.items() if name in DAMAGES}
        assert len(damage) == len(DAMAGES) - 1, row
        assert set(damage.values()) == {"0"}, row
        assert row.get("chain", "intact") == "intact", row
        assert row.get("account", "adds up") == "adds up", row
