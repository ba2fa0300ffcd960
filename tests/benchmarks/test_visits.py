"""What is judged is what the sample clinic would send: in its bands unless set too deep."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import filled, judged, visits
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.simulator.fleet import PEN_NORTH, RF_NORTH, FleetDevice

if TYPE_CHECKING:
    from dermatrace.judge.paperwork import Verdict

MINUTES = 0.5
BANDS = {rule.id for rule in RULE_SET.bands}


def _raised(folder: Path, told: list[visits.Message]) -> list[str]:
    """Record and judge what is told; return the rules of the findings raised."""
    said: list[Verdict] = []
    filled.record(folder / "journal.db", told)
    judged.follow(folder / "journal.db", folder / "index.db", said.append)
    found = [v.facts["finding"] for v in said if v.kind == "verdict.finding_raised"]
    return [str(finding["rule"]) for finding in found if isinstance(finding, dict)]


@pytest.mark.parametrize("device", [PEN_NORTH, RF_NORTH], ids=lambda device: device.sender_id)
def test_plain_visit_is_complete_and_gives_nothing_to_find(
    device: FleetDevice, tmp_path: Path
) -> None:
    visit = visits.visit(device, visits.script_of(device, MINUTES), 1)
    told = [*visits.registry(), *visit.before, *visit.session]
    raised = _raised(tmp_path, told[:-1])  # without the stop: what is entered afterwards may wait
    assert raised == []
    filled.record(tmp_path / "journal.db", [told[-1], *visit.after])
    with JournalReader(tmp_path / "journal.db") as reader:
        stream = reader.stream(visit.stream)
        assert stream is not None
        assert stream.completed_by is not None
    assert verify(tmp_path / "journal.db").is_intact


def test_session_that_is_set_too_deep_gives_findings_on_depth_only(tmp_path: Path) -> None:
    script = visits.script_of(PEN_NORTH, MINUTES)
    visit = visits.visit(PEN_NORTH, script, 1, visits.every_other(10, len(script)))
    raised = _raised(tmp_path, [*visits.registry(), *visit.before, *visit.session[:-1]])
    assert raised
    assert set(raised) <= BANDS


def test_visits_are_of_different_people_in_sessions_of_different_names() -> None:
    script = visits.script_of(PEN_NORTH, MINUTES)
    first, second = (visits.visit(PEN_NORTH, script, number) for number in (1, 2))
    assert first.stream != second.stream
    assert not set(first.before) & set(second.before)
    kinds = [Counter(message.topic for message in visit.session) for visit in (first, second)]
    assert [list(counts.values()) for counts in kinds] == [[len(script)], [len(script)]]


def test_every_other_stretch_begins_with_the_second_and_leaves_the_end_alone() -> None:
    assert visits.every_other(10, 50) == [range(10, 20), range(30, 40)]
    assert visits.every_other(10, 40) == [range(10, 20)]
