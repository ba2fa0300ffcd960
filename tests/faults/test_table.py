"""The page with the results: written only from a whole run, and it hides no damage."""

from support.checker import Judgement
from support.checker_verdicts import VerdictJudgement
from support.faults_table import FAULTS, JUDGE_FAULTS, FaultTable, table_of


def _complete_table() -> FaultTable:
    table = FaultTable()
    for fault in FAULTS:
        table.held(fault, 40, Judgement(published_count=1_000))
        damage = Judgement(published_count=500, lost={("topic", 1), ("topic", 2)})
        table.broken(fault, "what protects", damage)
    for fault in JUDGE_FAULTS:
        table.held(fault, 40, VerdictJudgement(session_count=30, verdict_count=600))
        damaged = VerdictJudgement(verdict_count=70, different={("topic", 1)})
        table.broken(fault, "what protects", damaged)
    return table


def test_table_is_complete_once_every_fault_has_both_results() -> None:
    assert not FaultTable().is_complete
    assert _complete_table().is_complete


def test_table_without_the_faults_of_the_judge_is_not_complete() -> None:
    table = FaultTable()
    for fault in FAULTS:
        table.held(fault, 40, Judgement())
        table.broken(fault, "what protects", Judgement())
    assert not table.is_complete


def test_page_sums_up_and_shows_each_row() -> None:
    page = _complete_table().render("make faults")
    count, judge_count = len(FAULTS), len(JUDGE_FAULTS)
    assert f"{40 * count:,} faults, {1_000 * count:,} documents published, 0 lost" in page
    assert f"{40 * judge_count:,} faults of the judge, {600 * judge_count:,} verdicts, 0" in page
    assert page.count("| intact | what protects | 2 lost of 500 |") == count
    assert page.count("| intact | what protects | 1 different of 70 |") == judge_count
    assert page.count("| 40 | 30 | 600 | 0 | 0 | 0 | intact |") == judge_count


def test_page_hides_no_damage() -> None:
    table = _complete_table()
    found = Judgement(altered={("topic", 7)}, chain_faults=["entry 7 differs"])
    table.held("power cut", 1, found)
    table.held("judge killed", 1, VerdictJudgement(doubled={("topic", 3)}))
    page = table.render("make faults")
    assert "1 altered" in page
    assert "1 doubled" in page
    assert "| 41 | 1,000 | 0 | 0 | 1 | broken |" in page
    assert "| 41 | 30 | 600 | 0 | 1 | 0 | intact |" in page


def test_both_tables_are_shown_and_nothing_else_of_the_page() -> None:
    shown = table_of(_complete_table().render("make faults"))
    assert [part.count("\n") for part in shown.split("\n\n")] == [
        len(FAULTS) + 1,
        len(JUDGE_FAULTS) + 1,
    ]
    assert all(line.startswith("|") for line in shown.splitlines() if line)
