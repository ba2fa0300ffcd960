"""However a session comes to be judged, it is judged the same in the end.

Live and in order, killed and started again, late and mixed up, from a deleted index, in hindsight.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.follower import Follower
from dermatrace.simulator.faults import UnsetClock
from support.judge_bench import JudgeBench, digest_of, registry_messages
from support.judge_runs import (
    Life,
    MakeFollower,
    arrivals,
    close_by_silence,
    fingerprints_in_hindsight,
    following,
    judged_in_one_go,
    judged_with_kills,
    outcome_of,
    rows_of,
)
from support.judge_scenes import JITTERS, WAITS_MS, Scene, mixed, scenes
from support.judge_twins import LooksAgain, MovesFirst

LIVES = st.builds(
    Life,
    entries=st.integers(1, 60),
    commits=st.booleans(),
    verdicts=st.none() | st.integers(0, 12),
)
WAITS = st.lists(st.sampled_from(WAITS_MS), min_size=1, max_size=6)
ORDERS = st.tuples(st.integers(0, 1_000), st.sampled_from(JITTERS))


@pytest.fixture(scope="module")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a journal in which the sample clinics are on record."""
    folder = tmp_path_factory.mktemp("clinics")
    bench = JudgeBench(folder)
    bench.record(registry_messages(), step_ms=1)
    bench.close()
    return folder


@contextmanager
def _bench(clinics: Path) -> Iterator[JudgeBench]:
    with TemporaryDirectory() as folder:
        copytree(clinics, folder, dirs_exist_ok=True)
        bench = JudgeBench(Path(folder))
        try:
            yield bench
        finally:
            bench.close()


def _check_killed(
    clinics: Path, scene: Scene, lives: list[Life], make_follower: MakeFollower = Follower
) -> None:
    """Judge a visit once without a break and once with kills, and compare what was said."""
    with _bench(clinics) as bench:
        arrivals(bench, scene.messages())
        close_by_silence(bench)
        whole = digest_of(judged_in_one_go(bench))
        killed = judged_with_kills(bench, lives, make_follower=make_follower)
        assert digest_of(killed) == whole
        assert rows_of(bench.folder / "killed.db") == rows_of(bench.folder / "whole.db")


@settings(max_examples=16)
@given(scene=scenes(), lives=st.lists(LIVES, min_size=1, max_size=12))
def test_judge_killed_anywhere_says_the_same_bytes(
    clinics: Path, scene: Scene, lives: list[Life]
) -> None:
    _check_killed(clinics, scene, lives)


@pytest.mark.parametrize(
    ("make_follower", "lives"),
    [
        (MovesFirst, [Life(entries=1_000, commits=True, verdicts=2)]),
        (LooksAgain, [Life(entries=68, commits=True), *[Life(entries=2, commits=True)] * 12]),
    ],
)
def test_twin_without_a_protection_is_found_out(
    clinics: Path, make_follower: type[Follower], lives: list[Life]
) -> None:
    """Killed, the first says less than it should; started again, the second says something else."""
    scene = Scene(0, 0.2, faults=(UnsetClock(5),))
    _check_killed(clinics, scene, lives)
    with pytest.raises(AssertionError):
        _check_killed(clinics, scene, lives, make_follower)


@settings(max_examples=16)
@given(scene=scenes(), order=ORDERS, waits_ms=WAITS, too_late=st.integers(0, 5))
def test_messages_mixed_up_and_late_are_judged_as_live_and_in_order(
    clinics: Path, scene: Scene, order: tuple[int, int], waits_ms: list[int], too_late: int
) -> None:
    with _bench(clinics) as bench, _bench(clinics) as mixed_bench:
        with following(bench) as follow:
            arrivals(bench, scene.messages(), follow=follow)
            close_by_silence(bench)
            follow()
        messages = mixed(scene.messages(), *order)
        count = len(messages) - too_late
        arrivals(mixed_bench, messages[:count], waits_ms)
        close_by_silence(mixed_bench)
        arrivals(mixed_bench, messages[count:], waits_ms)
        close_by_silence(mixed_bench)
        assert outcome_of(judged_in_one_go(mixed_bench)) == outcome_of(bench.verdicts)
        assert rows_of(mixed_bench.folder / "whole.db") == rows_of(bench.folder / "live.db")


@settings(max_examples=8)
@given(scene=scenes(), order=ORDERS, waits_ms=WAITS)
def test_deleted_index_is_rebuilt_and_nothing_is_said_again(
    clinics: Path, scene: Scene, order: tuple[int, int], waits_ms: list[int]
) -> None:
    with _bench(clinics) as bench:
        arrivals(bench, mixed(scene.messages(), *order), waits_ms)
        close_by_silence(bench)
        bench.judge()
        before = rows_of(bench.folder / "index.db", frozenset({"file"}))
        bench.verdicts.clear()
        bench.judge(index_name="rebuilt.db")
        after = rows_of(bench.folder / "rebuilt.db", frozenset({"file"}))
        assert bench.verdicts == []
        assert after == before


@settings(max_examples=8)
@given(scene=scenes(), order=ORDERS, waits_ms=WAITS)
def test_session_still_running_when_the_index_is_deleted_is_offered_in_the_same_bytes(
    clinics: Path, scene: Scene, order: tuple[int, int], waits_ms: list[int]
) -> None:
    messages = mixed(scene.messages(), *order)
    half = len(messages) // 2
    with _bench(clinics) as bench:
        arrivals(bench, messages[:half], waits_ms)
        bench.judge()
        bench.judge(index_name="rebuilt.db")
        arrivals(bench, messages[half:], waits_ms)
        close_by_silence(bench)
        bench.judge(index_name="rebuilt.db")
        bench.judge()
        digest_of(bench.verdicts)
        indexes = (bench.folder / name for name in ("index.db", "rebuilt.db"))
        kept, rebuilt = (rows_of(index, frozenset({"file"})) for index in indexes)
        assert rebuilt == kept


@settings(max_examples=8)
@given(scene=scenes(), order=ORDERS, waits_ms=WAITS)
def test_hindsight_comes_to_what_the_newest_generation_says(
    clinics: Path, scene: Scene, order: tuple[int, int], waits_ms: list[int]
) -> None:
    with _bench(clinics) as bench:
        arrivals(bench, mixed(scene.messages(), *order), waits_ms)
        close_by_silence(bench)
        bench.judge()
        compared = fingerprints_in_hindsight(bench, "index.db")
        assert compared
        assert all(told == kept for told, kept in compared.values())
