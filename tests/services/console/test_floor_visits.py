"""The visits of the day are those a console started now would read, and few are read again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dermatrace.console.floor_state import FloorState
from dermatrace.console.floor_visits import IN_TURN_LOOKS
from dermatrace.console.records import Records
from dermatrace.reading.visit_chart import Visit
from dermatrace.simulator.fleet import NORTH, FleetSession
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_message,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)
from support.manual_clock import NOON_MS

PEN: Final = session_of(0, minutes=0.5)
RF: Final = session_of(1, minutes=0.5)
PARTS: Final = 5


def _visit_of(session: FleetSession) -> str:
    return f"visit-{session.stream_id(RUN)}"


def _attach(session: FleetSession, visit_id: str) -> Message:
    key = {"sender": session.device.sender_id, "stream_id": session.stream_id(RUN)}
    later_ms = NOON_MS + 3_600_000
    return chart_message(NORTH, "chart.attach", entered_ms=later_ms, visit_id=visit_id, session=key)


class Day:
    """A clinic's day, looked at as it goes."""

    def __init__(self, folder: Path) -> None:
        self.bench = JudgeBench(folder)
        self._records = Records(folder / "journal.db", folder / "index.db")
        self.state = FloorState()
        self.bench.record(registry_messages(), step_ms=1)

    def look(self) -> dict[str, Visit]:
        """Go on looking."""
        return self._by_id(self.state)

    def anew(self) -> dict[str, Visit]:
        """Look as a console does that was started just now."""
        return self._by_id(FloorState())

    def _by_id(self, state: FloorState) -> dict[str, Visit]:
        with self._records.open() as record:
            state.look(record, self.bench.bench.clock.utc_ms())
        return {one.visit_id: one for one in state.visits}


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    day = Day(tmp_path)
    yield day
    day.bench.close()


@pytest.mark.parametrize("judges_every", [1, 3])
def test_visits_are_those_that_a_console_started_now_would_read(
    day: Day, judges_every: int
) -> None:
    pen, rf = device_messages(PEN), device_messages(RF)
    told = [
        chart_messages(PEN),
        chart_messages(RF)[:2],
        *(pen[at::PARTS] for at in range(PARTS)),
        chart_messages(RF)[2:],
        rf,
        [_attach(PEN, _visit_of(RF))],
        [],
        [],
    ]
    for at, messages in enumerate(told):
        day.bench.record(messages)
        if at % judges_every == 0 or not messages:
            day.bench.judge()
        assert day.look() == day.anew(), at
    assert len(day.look()[_visit_of(RF)].sessions) == 2


def test_visit_is_read_again_only_when_something_of_it_was_told(day: Day) -> None:
    day.bench.record([*chart_messages(PEN), *chart_messages(RF)[:3], *device_messages(PEN)[:5]])
    day.bench.judge()
    day.look()
    before = day.look()
    day.bench.record([*chart_messages(RF)[3:4], *device_messages(PEN)[5:10]])
    day.bench.judge()
    after = day.look()
    assert after[_visit_of(RF)] != before[_visit_of(RF)]
    was, is_now = (looked[_visit_of(PEN)] for looked in (before, after))
    assert is_now.facts is was.facts, "nobody has told anything of it"
    assert is_now.sessions != was.sessions, "its session has gone on"


def test_visits_that_wait_for_a_judge_who_stands_still_are_not_read_at_each_look(day: Day) -> None:
    day.bench.record(chart_messages(PEN))
    day.bench.judge()
    day.bench.record([_attach(PEN, _visit_of(RF))])
    looks = [day.look()[_visit_of(PEN)] for _ in range(5)]
    assert len({id(one) for one in looks[1:]}) == 1


def test_visit_of_which_nobody_tells_is_read_again_in_its_turn(day: Day) -> None:
    day.bench.record(chart_messages(PEN))
    day.bench.judge()
    day.look()
    first = day.look()[_visit_of(PEN)]
    looks = [day.look()[_visit_of(PEN)] for _ in range(IN_TURN_LOOKS)]
    assert first is not looks[-1]
    assert len({id(one) for one in looks}) == 2


def test_index_that_is_made_anew_is_read_anew(day: Day) -> None:
    day.bench.record([*chart_messages(PEN), *device_messages(PEN)])
    day.bench.judge()
    day.look()
    whole = day.look()
    for file in day.bench.folder.glob("index.db*"):
        file.unlink()
    day.bench.judge(batches=1)
    assert day.look() == day.anew()
    day.bench.judge()
    assert day.look() == whole
