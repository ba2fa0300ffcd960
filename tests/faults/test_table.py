"""The page with the results: a part is written only from a whole run, and it hides no damage."""

from pathlib import Path

from support.checker import Judgement
from support.checker_points import PointJudgement
from support.checker_verdicts import VerdictJudgement
from support.faults_parts import (
    FAULTS,
    FORWARD_FAULTS,
    JUDGE_FAULTS,
    PARTS,
    POINTS,
    RECORD,
    VERDICTS,
    Part,
)
from support.faults_table import FaultTable, Found, table_of

HELD: dict[str, Found] = {
    "record": Judgement(published_count=1_000),
    "verdicts": VerdictJudgement(session_count=30, verdict_count=600),
    "points": PointJudgement(point_count=9_000, quarantined_count=3),
}


def _enter(table: FaultTable, part: Part, held: Found, damage: Found) -> None:
    for fault in part.faults:
        table.held(fault, 40, held)
        table.broken(fault, "what protects", damage)


def _complete_table() -> FaultTable:
    table = FaultTable()
    lost = Judgement(published_count=500, lost={("topic", 1), ("topic", 2)})
    _enter(table, RECORD, HELD["record"], lost)
    different = VerdictJudgement(verdict_count=70, different={("topic", 1)})
    _enter(table, VERDICTS, HELD["verdicts"], different)
    doubled = PointJudgement(point_count=800, doubled={("window/1", 0)})
    _enter(table, POINTS, HELD["points"], doubled)
    return table


def test_part_is_whole_once_each_of_its_faults_has_both_results() -> None:
    assert not any(map(FaultTable().has_all_of, PARTS))
    assert all(map(_complete_table().has_all_of, PARTS))


def test_part_that_lacks_one_result_is_not_whole() -> None:
    table = FaultTable()
    for fault in list(FAULTS)[1:]:
        table.held(fault, 40, Judgement())
        table.broken(fault, "what protects", Judgement())
    table.held(next(iter(FAULTS)), 40, Judgement())
    assert not any(map(table.has_all_of, PARTS))


def test_page_sums_up_and_shows_each_row() -> None:
    page = _complete_table().render("make faults")
    count, judge_count, forward_count = len(FAULTS), len(JUDGE_FAULTS), len(FORWARD_FAULTS)
    assert f"{40 * count:,} faults, {1_000 * count:,} documents published, 0 lost" in page
    assert f"{40 * judge_count:,} faults of the judge, {600 * judge_count:,} verdicts, 0" in page
    assert f"{40 * forward_count:,} faults of forwarding, {9_000 * forward_count:,} points" in page
    assert page.count("| intact | what protects | 2 lost of 500 |") == count
    assert page.count("| intact | what protects | 1 different of 70 |") == judge_count
    assert page.count("| adds up | what protects | 1 doubled of 800 |") == forward_count
    assert page.count("| 40 | 30 | 600 | 0 | 0 | 0 | intact |") == judge_count
    assert page.count("| 40 | 9,000 | 0 | 0 | 0 | 3 | adds up |") == forward_count


def test_page_hides_no_damage() -> None:
    table = _complete_table()
    found = Judgement(altered={("topic", 7)}, chain_faults=["entry 7 differs"])
    table.held("power cut", 1, found)
    table.held("judge killed", 1, VerdictJudgement(doubled={("topic", 3)}))
    table.held("slow", 1, PointJudgement(lost={("window/2", 1)}, account_faults=["not equal"]))
    page = table.render("make faults")
    assert "1 altered" in page
    assert "1 doubled" in page
    assert "1 lost" in page
    assert "| 41 | 1,000 | 0 | 0 | 1 | broken |" in page
    assert "| 41 | 30 | 600 | 0 | 1 | 0 | intact |" in page
    assert "| 41 | 9,000 | 1 | 0 | 0 | 3 | does not |" in page


def test_parts_that_were_not_tried_again_stay_as_they_were() -> None:
    former = _complete_table().render("make faults")
    table = FaultTable()
    _enter(table, POINTS, PointJudgement(point_count=7), PointJudgement(point_count=1))
    page = table.render("make faults", former)
    old, new = table_of(former).split("\n\n"), table_of(page).split("\n\n")
    assert new[:2] == old[:2]
    assert new[2] != old[2]
    assert page.count("Measured on") == len(PARTS)
    assert f"{1_000 * len(FAULTS):,} documents published" in page
    assert f"{7 * len(FORWARD_FAULTS):,} points" in page


def test_part_that_was_never_tried_is_left_out() -> None:
    table = FaultTable()
    _enter(table, RECORD, HELD["record"], Judgement(published_count=5))
    page = table.render("make faults")
    assert "faults of the judge" not in page
    assert len(table_of(page).split("\n\n")) == 1


def test_run_without_a_whole_part_writes_nothing(tmp_path: Path) -> None:
    FaultTable().write("make faults", tmp_path / "page.md")
    assert not (tmp_path / "page.md").exists()
    _complete_table().write("make faults", tmp_path / "page.md")
    assert (tmp_path / "page.md").exists()


def test_all_tables_are_shown_and_nothing_else_of_the_page() -> None:
    shown = table_of(_complete_table().render("make faults"))
    assert [part.count("\n") for part in shown.split("\n\n")] == [
        len(FAULTS) + 1,
        len(JUDGE_FAULTS) + 1,
        len(FORWARD_FAULTS) + 1,
    ]
    assert all(line.startswith("|") for line in shown.splitlines() if line)
