"""What the live view knows of the judge, with the judge there, away, or never started."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from dermatrace.demo.judge_watch import (
    FINDINGS_KEPT,
    INDEX_INTERVAL_MS,
    SESSIONS_KEPT_MAX,
    JudgeWatch,
)
from dermatrace.errors import WrongFile
from dermatrace.judge.chart import SessionId
from dermatrace.simulator.fleet import HOME_SOUTH, PEN_NORTH, FleetSession, demo_fleet
from dermatrace.simulator.omissions import Omission
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_messages,
    device_messages,
    registry_messages,
)
from support.manual_clock import NOON_MS, ManualClock

UNLUCKY: Final = demo_fleet(1, 1.0)[-1]
PLAIN: Final = PEN_NORTH.session(1, 1, 0, 0.5)
HOME: Final = HOME_SOUTH.session(1, 1, 0, 0.5)


def _id(session: FleetSession, run: str = RUN) -> SessionId:
    return SessionId(session.device.clinic, session.device.sender_id, session.stream_id(run))


class Bench:
    """A journal, a judge, and somebody who watches."""

    def __init__(self, folder: Path) -> None:
        self.judging = JudgeBench(folder)
        self.judging.record(registry_messages(), step_ms=1)
        self.clock = ManualClock()
        self.watch = JudgeWatch(folder / "journal.db", folder / "index.db", self.clock)

    def play(self, session: FleetSession, run: str = RUN, *, judge: bool = True) -> None:
        """Let a session and its visit arrive."""
        self.record(chart_messages(session, NOON_MS, session.omissions, run))
        self.record(device_messages(session, NOON_MS, run))
        if judge:
            self.judging.judge()

    def record(self, messages: list[Message]) -> None:
        """Let messages arrive."""
        self.judging.record(messages, step_ms=1)

    def look(self, *running: SessionId) -> None:
        """Look again, when the index may be asked again too."""
        self.clock.advance(INDEX_INTERVAL_MS)
        self.watch.look(running)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return one with the registry recorded."""
    bench = Bench(tmp_path)
    yield bench
    bench.watch.close()
    bench.judging.close()


def test_judged_session_shows_its_final_verdict(bench: Bench) -> None:
    bench.play(UNLUCKY)
    bench.look(_id(UNLUCKY))
    judgement = bench.watch.of(_id(UNLUCKY))
    assert judgement is not None
    assert (judgement.status, judgement.generation) == ("closed", 0)
    assert judgement.open_gates == ["operator_scope", "answers"]
    assert judgement.counts["medium"] >= 1
    assert judgement.adherence is not None
    assert bench.watch.finding_count == sum(judgement.counts.values())
    assert bench.watch.behind_count is not None


def test_newest_findings_are_kept_with_device_priority_and_sentence(bench: Bench) -> None:
    bench.play(UNLUCKY)
    bench.look()
    assert bench.watch.finding_count > FINDINGS_KEPT
    assert len(bench.watch.newest) == FINDINGS_KEPT
    for found in bench.watch.newest:
        assert found.sender == "pen-north-1"
        assert found.at_ms > NOON_MS
        assert found.finding.sentence.endswith(".")


def test_running_session_shows_how_it_does_so_far(bench: Bench) -> None:
    bench.record(chart_messages(PLAIN))
    bench.record(device_messages(PLAIN)[:-2])
    bench.judging.judge()
    bench.look(_id(PLAIN))
    judgement = bench.watch.of(_id(PLAIN))
    assert judgement is not None
    assert (judgement.status, judgement.adherence) == ("running", 1.0)


def test_gate_answered_by_the_start_itself_is_not_shown_open(bench: Bench) -> None:
    bench.record(chart_messages(HOME))
    bench.record(device_messages(HOME)[:10])
    bench.judging.judge()
    bench.look(_id(HOME))
    judgement = bench.watch.of(_id(HOME))
    assert judgement is not None
    assert judgement.open_gates == []


def _later(message: Message) -> Message:
    """Return what was entered once more, in another sitting."""
    return Message(message.topic.replace("/visit-", "/later-"), message.payload)


def test_next_generation_counts_its_own_findings_and_repeats_none(bench: Bench) -> None:
    bench.play(replace(UNLUCKY, omissions=(Omission("operator"), Omission("answers"))))
    bench.look()
    before = bench.watch.finding_count
    bench.record([_later(message) for message in chart_messages(UNLUCKY)])
    bench.judging.judge()
    bench.look()
    judgement = bench.watch.of(_id(UNLUCKY))
    assert judgement is not None
    assert judgement.generation > 0
    assert judgement.status == "closed"
    assert sum(judgement.counts.values()) < before
    assert bench.watch.finding_count == before


def test_without_a_judge_nothing_is_known_and_nothing_breaks(bench: Bench) -> None:
    bench.play(PLAIN, judge=False)
    bench.look(_id(PLAIN))
    assert bench.watch.of(_id(PLAIN)) is None
    assert bench.watch.behind_count is None


def test_judge_that_stands_still_falls_behind(bench: Bench) -> None:
    bench.judging.judge()
    read_to = bench.judging.bench.journal.head.entry_id
    bench.look()
    assert bench.watch.behind_count == 0
    bench.play(PLAIN, judge=False)
    bench.look()
    assert bench.watch.behind_count == bench.judging.bench.journal.head.entry_id - read_to > 0


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough to look like one"])
def test_index_that_cannot_be_read_is_as_none(bench: Bench, content: bytes) -> None:
    (bench.judging.folder / "index.db").write_bytes(content)
    bench.look()
    assert bench.watch.behind_count is None


def test_index_is_asked_no_more_often_than_it_is_written(bench: Bench) -> None:
    bench.look()
    bench.judging.judge()
    bench.watch.look([])
    assert bench.watch.behind_count is None
    bench.look()
    assert bench.watch.behind_count == 0


def test_what_was_recorded_before_is_not_shown(tmp_path: Path) -> None:
    judging = JudgeBench(tmp_path)
    judging.record(registry_messages(), step_ms=1)
    judging.record(device_messages(PLAIN))
    judging.judge()
    watch = JudgeWatch(tmp_path / "journal.db", tmp_path / "index.db", ManualClock())
    watch.look([_id(PLAIN)])
    assert watch.of(_id(PLAIN)) is None
    assert (watch.finding_count, list(watch.newest)) == (0, [])
    assert watch.behind_count is not None
    watch.close()
    judging.close()


def test_without_a_journal_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(WrongFile):
        JudgeWatch(tmp_path / "journal.db", tmp_path / "index.db", ManualClock())


def test_oldest_session_is_forgotten_beyond_the_bound(bench: Bench) -> None:
    short = device_messages(PLAIN)[:1]
    for number in range(SESSIONS_KEPT_MAX + 1):
        topic = short[0].topic.replace(f"{RUN}-", f"run{number}-")
        bench.record([Message(topic, short[0].payload)])
    bench.judging.judge()
    bench.look()
    assert bench.watch.of(_id(PLAIN, "run0")) is None
    assert bench.watch.of(_id(PLAIN, "run1")) is not None
    assert bench.watch.of(_id(PLAIN, f"run{SESSIONS_KEPT_MAX}")) is not None
