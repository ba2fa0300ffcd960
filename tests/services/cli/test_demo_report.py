"""What `demo --once` prints, and when it fails."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from dermatrace.cli.demo_report import Report, print_report
from dermatrace.demo.comparison import RuleLine
from dermatrace.demo.judged import JudgementSummary, expectations_of, judgements_of
from dermatrace.demo.once import Played, SessionSummary
from dermatrace.errors import DermatraceError
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import demo_fleet
from support.program import Result

RECORD: Final = SessionSummary(
    clinic="north-clinic",
    sender="pen-north-1",
    session="20260301-0915-pen-north-1-1",
    treatment="cosmetic needling at home",
    faults=["Gap", "LimitCrossing"],
    published=1_240,
    stored=1_237,
    duplicates=2,
    rejected=1,
    lost=2,
    gaps=0,
    settled_through=1_240,
    grade="with_declared_losses",
    expected_grade="with_declared_losses",
    settled=True,
    differs=[],
)
LINE: Final = RuleLine(
    "energy_per_pin.set_above", "clinic_protocol", 1, 1, "as_expected", "It was set above."
)
JUDGEMENT: Final = JudgementSummary(
    clinic="north-clinic",
    sender="pen-north-1",
    session="20260301-0915-pen-north-1-1",
    state="closed",
    generation=1,
    cause="chart_fact",
    adherence=0.999,
    why_not=None,
    data_coverage=0.96,
    open_gates=["operator_scope", "device_clearance"],
    findings=[LINE],
)
MISSING: Final = replace(LINE, raised_count=0, standing="missing", sentence=None)
FORBIDDEN: Final = replace(LINE, expected_count=0, standing="forbidden")


def _report(record: SessionSummary = RECORD, judgement: JudgementSummary = JUDGEMENT) -> Report:
    return Report(Path("data"), "mosquitto", 26, "20260301-0915", [record], [judgement])


def test_tables_fit_a_screen_of_100_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    print_report(_report())
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 100
    (record,) = [line for line in lines if "with declared losses" in line]
    assert record.split()[:3] == ["pen-north-1-1", "1240", "1237"]
    (judgement,) = [line for line in lines if "g1, as expected" in line]
    assert "cosmetic needling at home" in judgement
    assert "0.99" in judgement
    assert "operator scope" in judgement
    (finding,) = [line for line in lines if "energy_per_pin.set_above" in line]
    assert finding.split() == [
        "pen-north-1-1",
        "energy_per_pin.set_above",
        "clinic",
        "protocol",
        "1",
        "1",
        "as",
        "expected",
    ]
    assert lines[-1].startswith("Every session is on record exactly as scripted")


def test_right_report_passes_the_check() -> None:
    report = _report()
    assert report.is_right
    report.check()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (MISSING, r"20260301-0915-pen-north-1-1: energy_per_pin\.set_above .*raised 0 of 1"),
        (FORBIDDEN, "forbidden, raised 1, expected 0"),
    ],
)
def test_finding_that_is_not_as_scripted_fails_the_check_and_is_named(
    line: RuleLine, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _report(judgement=replace(JUDGEMENT, findings=[line]))
    with pytest.raises(DermatraceError, match=words):
        report.check()
    print_report(report)
    printed = capsys.readouterr().out
    assert "g1, 1 WRONG" in printed
    assert "not as scripted: 20260301-0915-pen-north-1-1" in printed
    assert "Every session" not in printed


def test_record_that_is_not_as_scripted_fails_the_check() -> None:
    report = _report(replace(RECORD, differs=["lost: (), not ((1, 2),)"]))
    with pytest.raises(DermatraceError, match=r"lost: \(\)"):
        report.check()


def test_unsettled_session_fails_the_check() -> None:
    with pytest.raises(DermatraceError, match="not everything is settled"):
        _report(replace(RECORD, settled=False)).check()


def test_session_that_has_not_ended_is_called_open_and_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    running = replace(
        JUDGEMENT, state="open", adherence=None, data_coverage=None, findings=[], open_gates=[]
    )
    report = _report(judgement=running)
    report.check()
    print_report(report)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "g1, open" in line]
    assert "not yet" in line


def test_json_says_the_same() -> None:
    told = _report(judgement=replace(JUDGEMENT, findings=[MISSING])).as_json()
    assert (told["ok"], told["run"]) == (False, "20260301-0915")
    (session,) = told["sessions"]
    assert session["grade"] == "with_declared_losses"
    judgement = session["judgement"]
    assert judgement["generation"] == 1
    assert judgement["open_gates"] == ["operator_scope", "device_clearance"]
    assert judgement["findings"] == [
        {
            "rule": "energy_per_pin.set_above",
            "envelope": "clinic_protocol",
            "expected_count": 1,
            "raised_count": 0,
            "standing": "missing",
            "sentence": None,
        }
    ]
    assert len(judgement["differs"]) == 1
    assert "session" not in judgement


def test_played_session_whose_script_is_falsified_afterwards_fails_the_check(
    played: tuple[Path, Result],
) -> None:
    data, result = played
    told = result.json()
    *plain, unlucky = demo_fleet(1, 0.5)
    falsified = (*plain, replace(unlucky, omissions=()))
    expectations = expectations_of(Played(told["run"], falsified, []))
    judgements = judgements_of(Settings(data=data), expectations)
    records = [RECORD for _ in judgements]
    report = Report(
        data, told["broker"], told["registry_documents"], told["run"], records, judgements
    )
    with pytest.raises(DermatraceError, match=f"{told['run']}-pen-north-1-2: gate.answers"):
        report.check()
    assert {one.session for one in judgements if one.differs} == {f"{told['run']}-pen-north-1-2"}
