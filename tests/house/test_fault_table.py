"""The results shown first are the ones that were measured."""

from support.faults_table import FAULT_TABLE, README_BEGIN, README_END, table_of
from support.tree import ROOT


def test_readme_shows_the_table_that_was_measured() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition(README_BEGIN)[2].partition(README_END)[0].strip()
    measured = table_of(FAULT_TABLE.read_text(encoding="utf-8"))
    assert shown == measured, "run: make faults"


def test_no_row_of_the_table_shows_damage() -> None:
    rows = table_of(FAULT_TABLE.read_text(encoding="utf-8")).splitlines()[2:]
    assert rows
    for row in rows:
        _, _, _, _, lost, doubled, altered, chain, *_ = (cell.strip() for cell in row.split("|"))
        assert (lost, doubled, altered, chain) == ("0", "0", "0", "intact"), row
