"""A planned device's session finds its visit by itself, once, and only if no other can be meant."""

from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace.console.attaching import Attaching, Attachment, attachments
from dermatrace.console.floor import Shown
from dermatrace.simulator.omissions import Omission
from support.console_bench import NORTH, ConsoleBench
from support.floor_scenes import NOW_MS, Played, fill_floor
from support.manual_clock import ManualClock

UNATTACHED = Played(1, omissions=(Omission("attach"),))
EXPECTED = Attachment(NORTH, "visit-run-pen-north-1-1", "pen-north-1", "run-pen-north-1-1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unattached") / "data"
    fill_floor(folder, [UNATTACHED, Played(2)])
    return folder


@pytest.fixture
def shown(folder: Path) -> Shown:
    with ConsoleBench(folder, ManualClock(NOW_MS)) as bench:
        return bench.installation.floor.shown()


def test_session_of_the_planned_device_belongs_to_the_visit_that_waits(shown: Shown) -> None:
    assert attachments(shown.sessions, shown.visits, NOW_MS) == [EXPECTED]


def test_two_visits_that_wait_for_one_device_are_left_to_a_person(shown: Shown) -> None:
    (visit,) = [one for one in shown.visits if one.visit_id == EXPECTED.visit_id]
    twice = [*shown.visits, replace(visit, visit_id="v-other")]
    assert attachments(shown.sessions, twice, NOW_MS) == []


def test_visit_of_another_time_or_device_is_not_meant(shown: Shown) -> None:
    for change in ({"device_sender": "pen-north-9"}, {"planned_ms": NOW_MS + 5 * 3_600_000}):
        others = [
            replace(one, planned=one.planned and one.planned.model_copy(update=change))
            for one in shown.visits
        ]
        assert attachments(shown.sessions, others, NOW_MS) == []


def test_it_is_said_once_also_after_a_restart(folder: Path) -> None:
    clock = ManualClock(NOW_MS)
    for _ in range(2):
        with ConsoleBench(folder, clock) as bench:
            telling = bench.installation.telling
            attaching = Attaching(telling, clock)
            for _ in range(3):
                attaching.after_look(bench.installation.floor.shown())
            told = telling.about(NORTH, "pen-north-1/run-pen-north-1-1", None)
            assert [one.kind for one in told] == ["chart.attach"]
