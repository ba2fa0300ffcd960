"""What devices were used for: sums by month, and nothing about anybody."""

from collections import Counter
from pathlib import Path

from dermatrace.judge.device_usage import device_months
from dermatrace.judge.index import Index, Row
from support.index_rows import index_row, rows_by_chance

MARCH_2026 = 20_520


def _months(tmp_path: Path, *rows: Row) -> list[tuple[object, ...]]:
    path = tmp_path / "index.db"
    with Index(path) as index:
        index.begin()
        for row in rows:
            index.keep(row)
        index.commit()
        return [
            (m.sender, m.month, m.session_count, m.contact_stroke_count, m.treatment_shot_count)
            for m in device_months(index)
        ]


def test_sessions_of_a_month_are_added_up_and_the_newest_month_comes_first(
    tmp_path: Path,
) -> None:
    zones = ({"zone": "cheek", "laterality": "left", "stroke_count": 30, "shot_count": 1},)
    rows = [
        index_row(1, clinic_day=MARCH_2026, zones=zones * 1),
        index_row(2, clinic_day=MARCH_2026 + 1, zones=zones),
        index_row(3, clinic_day=MARCH_2026 + 31, zones=()),
        index_row(4, clinic_day=None),
    ]
    assert _months(tmp_path, *rows) == [
        ("pen-1", "2026-04", 1, 0, 0),
        ("pen-1", "2026-03", 2, 60, 2),
        ("pen-1", None, 1, 0, 0),
    ]


def test_what_was_erased_is_in_no_sum(tmp_path: Path) -> None:
    rows = [index_row(1, clinic_day=MARCH_2026, status="erased")]
    assert _months(tmp_path, *rows) == []


def test_findings_are_counted_by_what_they_are_about(tmp_path: Path) -> None:
    findings = (
        {"rule": "device.fault", "nature": "technical", "envelope": "none"},
        {"rule": "depth.set_above", "nature": "treatment", "envelope": "device_rating"},
        {"rule": "depth.set_above", "nature": "treatment", "envelope": "clinic_protocol"},
    )
    with Index(tmp_path / "index.db") as index:
        index.begin()
        index.keep(index_row(1, clinic_day=MARCH_2026, findings=findings, data_coverage=0.5))
        index.keep(index_row(2, clinic_day=MARCH_2026, findings=findings, data_coverage=None))
        index.commit()
        (month,) = device_months(index)
    assert (month.technical_finding_count, month.rating_finding_count) == (2, 2)
    assert month.data_coverage == 0.5


def test_every_session_is_in_exactly_one_month(tmp_path: Path) -> None:
    rows = rows_by_chance(7, 200)
    with Index(tmp_path / "index.db") as index:
        index.begin()
        for row in rows:
            index.keep(row)
        index.commit()
        found = Counter[tuple[str, str]]()
        for month in device_months(index):
            found[month.clinic, month.sender] += month.session_count
    told = (row.columns for row in rows if row.columns["status"] != "erased")
    assert found == Counter((columns["clinic"], columns["sender"]) for columns in told)
