"""The page with the results: written only from a whole run, and it hides no damage."""

from support.checker import Judgement
from support.faults_table import FAULTS, FaultTable


def _complete_table() -> FaultTable:
    table = FaultTable()
    for fault in FAULTS:
        table.held(fault, 40, Judgement(published_count=1_000))
        damage = Judgement(published_count=500, lost={("topic", 1), ("topic", 2)})
        table.broken(fault, "what protects", damage)
    return table


def test_table_is_complete_once_every_fault_has_both_results() -> None:
    assert not FaultTable().is_complete
    assert _complete_table().is_complete


def test_page_sums_up_and_shows_each_row() -> None:
    page = _complete_table().render("make faults")
    count = len(FAULTS)
    assert f"{40 * count:,} faults, {1_000 * count:,} documents published, 0 lost" in page
    assert page.count("| intact | what protects | 2 lost of 500 |") == count


def test_page_hides_no_damage() -> None:
    table = _complete_table()
    found = Judgement(altered={("topic", 7)}, chain_faults=["entry 7 differs"])
    table.held("power cut", 1, found)
    page = table.render("make faults")
    assert "1 altered" in page
    assert "| 41 | 1,000 | 0 | 0 | 1 | broken |" in page
