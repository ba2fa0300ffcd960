"""How played sessions were judged, read from a real journal that a real judge has followed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from dermatrace.demo.judged import (
    Expectation,
    await_verdicts,
    expectations_of,
    judgements_of,
)
from dermatrace.demo.once import Played
from dermatrace.errors import DermatraceError
from dermatrace.judge.paperwork import Verdict
from dermatrace.settings import Settings
from dermatrace.simulator.faults import LostTail
from dermatrace.simulator.fleet import PEN_NORTH, FleetSession, demo_fleet
from support.judge_bench import (
    RUN,
    JudgeBench,
    chart_messages,
    device_messages,
    registry_messages,
)

UNLUCKY: Final = demo_fleet(1, 1.0)[-1]
PLAIN: Final = PEN_NORTH.session(1, 1, 0, 0.5)
AT_ONCE_S: Final = 0.2


class KeepingBench(JudgeBench):
    """A judge whose verdicts do not get out."""

    def send(self, verdict: Verdict) -> None:
        """Keep it."""
        self.verdicts.append(verdict)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JudgeBench]:
    """Return a journal with the registry in it."""
    bench = JudgeBench(tmp_path)
    bench.record(registry_messages(), step_ms=1)
    yield bench
    bench.close()


def _play(bench: JudgeBench, session: FleetSession) -> list[Expectation]:
    bench.record(chart_messages(session, omissions=session.omissions), step_ms=1)
    bench.record(device_messages(session), step_ms=1)
    return _expected(session)


def _expected(session: FleetSession) -> list[Expectation]:
    return expectations_of(Played(RUN, (session,), []))


def _await(bench: JudgeBench, expectations: list[Expectation]) -> None:
    settings = Settings(data=bench.folder)
    await_verdicts(settings, expectations, lambda: None, wait_max_s=AT_ONCE_S)


def test_judged_session_tells_generation_scores_gates_and_findings(bench: JudgeBench) -> None:
    expectations = _play(bench, UNLUCKY)
    bench.judge()
    _await(bench, expectations)
    (one,) = judgements_of(Settings(data=bench.folder), expectations)
    assert (one.sender, one.state, one.generation, one.cause) == (
        "pen-north-1",
        "closed",
        0,
        "live",
    )
    assert one.adherence is not None
    assert one.data_coverage is not None
    assert one.open_gates == ["operator_scope", "answers"]
    told = {line.rule: line.standing for line in one.findings}
    assert told["gate.operator_scope"] == told["gate.answers"] == "as_expected"
    assert one.differs == []


def test_expectation_that_asks_for_more_than_was_done_says_what_is_missing(
    bench: JudgeBench,
) -> None:
    _play(bench, PLAIN)
    bench.judge()
    falsified = _expected(replace(PLAIN, omissions=UNLUCKY.omissions))
    (one,) = judgements_of(Settings(data=bench.folder), falsified)
    assert [line.standing for line in one.findings if line.is_wrong] == ["missing", "missing"]
    assert len(one.differs) == 2
    assert "gate.operator_scope" in one.differs[0]


def test_expectation_that_knows_nothing_of_what_befell_calls_the_findings_forbidden(
    bench: JudgeBench,
) -> None:
    _play(bench, UNLUCKY)
    bench.judge()
    falsified = _expected(replace(UNLUCKY, omissions=()))
    (one,) = judgements_of(Settings(data=bench.folder), falsified)
    forbidden = {line.rule for line in one.findings if line.standing == "forbidden"}
    assert forbidden == {"gate.operator_scope", "gate.answers"}
    assert sum("forbidden" in difference for difference in one.differs) == 2


def test_session_without_a_stop_is_open_and_nobody_waits_for_it(bench: JudgeBench) -> None:
    vanished = replace(PLAIN, faults=(LostTail(20),))
    expectations = _play(bench, vanished)
    bench.judge()
    _await(bench, expectations)
    (one,) = judgements_of(Settings(data=bench.folder), expectations)
    assert (one.state, one.findings, one.adherence) == ("open", [], None)
    assert one.open_gates is not None


def test_without_an_index_the_wait_ends_and_says_so(bench: JudgeBench) -> None:
    expectations = _play(bench, PLAIN)
    with pytest.raises(DermatraceError, match=r"index\.db"):
        _await(bench, expectations)


def test_session_that_goes_on_is_waited_for(bench: JudgeBench) -> None:
    bench.record(device_messages(PLAIN)[:-2])
    bench.judge()
    with pytest.raises(DermatraceError, match="the end of run-pen-north-1-1 is not on record"):
        _await(bench, _expected(PLAIN))


def test_judge_that_has_not_read_everything_is_waited_for(bench: JudgeBench) -> None:
    bench.judge()
    expectations = _play(bench, PLAIN)
    with pytest.raises(DermatraceError, match=r"the judge has read \d+ of \d+ entries"):
        _await(bench, expectations)


def test_chart_fact_entered_after_the_end_is_waited_for(bench: JudgeBench) -> None:
    charts = chart_messages(UNLUCKY, omissions=UNLUCKY.omissions)
    bench.record([*charts[:-1], *device_messages(UNLUCKY)])
    bench.judge()
    bench.record(charts[-1:])
    with pytest.raises(DermatraceError, match=r"the judge has read \d+ of \d+ entries"):
        _await(bench, _expected(UNLUCKY))
    bench.judge()
    _await(bench, _expected(UNLUCKY))


def test_verdict_that_is_still_on_its_way_is_waited_for(tmp_path: Path) -> None:
    bench = KeepingBench(tmp_path)
    bench.record(registry_messages(), step_ms=1)
    expectations = _play(bench, PLAIN)
    bench.judge()
    with pytest.raises(DermatraceError, match="the verdict on run-pen-north-1-1 is not on record"):
        _await(bench, expectations)
    bench.close()


def test_processes_are_attended_to_while_waiting(bench: JudgeBench) -> None:
    expectations = _play(bench, PLAIN)
    asked: list[int] = []

    def attend() -> None:
        asked.append(len(asked))
        if len(asked) == 2:
            bench.judge()

    await_verdicts(Settings(data=bench.folder), expectations, attend, wait_max_s=2.0)
    assert len(asked) == 2
