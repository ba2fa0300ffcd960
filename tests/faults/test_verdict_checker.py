"""Who judges the judge is judged first: it sees each kind of damage, and none where none is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dermatrace.judge.paperwork import Verdict
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.topics import Topic
from support.checker_verdicts import VerdictJudgement, judge_verdicts
from support.judge_bench import (
    JudgeBench,
    chart_messages,
    device_messages,
    payload_of,
    registry_messages,
    session_of,
)

SESSION = session_of(2, minutes=0.5)


def _topic(verdict: Verdict) -> str:
    return str(Topic(verdict.clinic, JUDGE_SENDER, "verdict", verdict.stream_id))


@dataclass
class _Telling(JudgeBench):
    """Records verdicts as it is told to."""

    tell: Callable[["_Telling", Verdict], None] = JudgeBench.send

    def send(self, verdict: Verdict) -> None:
        """Record a verdict in this way."""
        self.tell(self, verdict)

    def record_verdict(self, verdict: Verdict) -> None:
        """Record it as the broker would bring it."""
        self.bench.send(payload_of(verdict), to=_topic(verdict))


def _judged(folder: Path, tell: Callable[[_Telling, Verdict], None]) -> VerdictJudgement:
    bench = _Telling(folder, tell=tell)
    bench.record([*registry_messages(), *chart_messages(SESSION), *device_messages(SESSION)])
    bench.judge()
    bench.close()
    return judge_verdicts(bench.bench.path, folder / "undisturbed.db")


def _numbers(keys: set[tuple[str, int]]) -> set[int]:
    return {seq for _, seq in keys}


def test_everything_said_once_is_clean(tmp_path: Path) -> None:
    found = _judged(tmp_path, _Telling.record_verdict)
    assert found.is_clean, found
    assert found.session_count == 1
    assert found.verdict_count


def test_verdict_that_is_not_on_record_is_lost(tmp_path: Path) -> None:
    def tell(bench: _Telling, verdict: Verdict) -> None:
        if verdict.seq != 1:
            bench.record_verdict(verdict)

    found = _judged(tmp_path, tell)
    assert _numbers(found.lost) == {1}
    assert not found.unconfirmed
    assert not found.is_clean


def test_generation_that_never_ends_leaves_its_session_unconfirmed(tmp_path: Path) -> None:
    def tell(bench: _Telling, verdict: Verdict) -> None:
        if not verdict.is_last:
            bench.record_verdict(verdict)

    found = _judged(tmp_path, tell)
    assert len(found.unconfirmed) == 1
    assert not found.is_clean


@pytest.mark.parametrize("first", [True, False])
def test_number_with_two_contents_is_doubled(tmp_path: Path, *, first: bool) -> None:
    def tell(bench: _Telling, verdict: Verdict) -> None:
        other = replace(verdict, wall_time_ms=verdict.wall_time_ms + 1)
        for said in [verdict, other] if first else [other, verdict]:
            bench.record_verdict(said if verdict.seq == 1 else verdict)

    found = _judged(tmp_path, tell)
    assert _numbers(found.doubled) == {1}
    assert _numbers(found.different) == (set() if first else {1})
    assert not found.is_clean


def test_bytes_that_an_undisturbed_judge_does_not_say_are_different(tmp_path: Path) -> None:
    def tell(bench: _Telling, verdict: Verdict) -> None:
        moved_ms = 1 if verdict.seq == 1 else 0
        bench.record_verdict(replace(verdict, uptime_ms=verdict.uptime_ms + moved_ms))

    found = _judged(tmp_path, tell)
    assert _numbers(found.different) == {1}
    assert not found.lost
    assert not found.is_clean


def test_verdict_of_which_an_undisturbed_judge_knows_nothing_is_different(tmp_path: Path) -> None:
    def tell(bench: _Telling, verdict: Verdict) -> None:
        bench.record_verdict(verdict)
        if verdict.seq == 1:
            bench.record_verdict(replace(verdict, stream_id="pen-9.nobody.g0"))

    found = _judged(tmp_path, tell)
    assert found.different == {(key, 1) for key, _ in found.different}
    assert all("nobody" in key for key, _ in found.different)
    assert not found.is_clean


def test_broken_chain_is_reported(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    bench.record(registry_messages())
    connection = bench.bench.journal._connection  # noqa: SLF001  damage
    connection.execute("UPDATE entries SET received_ms = 7 WHERE entry_id = 3")
    bench.close()
    found = judge_verdicts(bench.bench.path, tmp_path / "undisturbed.db")
    assert found.chain_faults
    assert not found.is_clean
