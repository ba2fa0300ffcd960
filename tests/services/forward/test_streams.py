"""What is at hand: as of the entries taken so far, however little of it is kept in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dermatrace.forward.memory import SessionMemory, VerdictMemory, packed
from dermatrace.forward.step import Outcome, RaisedFinding, Step
from dermatrace.forward.store import Store
from dermatrace.forward.streams import CACHED_MAX, Streams
from dermatrace.journal.entry import Head

NOW_MS: Final = 1_780_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty one."""
    with Store(tmp_path / "forward.db") as made:
        yield made


def _step(number: int) -> Step:
    return Step(number, Head(number, bytes(32)))


def _session(row: int, zone: str = "chin") -> SessionMemory:
    memory = SessionMemory.of(row, "north-clinic", "pen-7", f"s-{row}")
    memory.zone = zone
    return memory


def _take(streams: Streams, store: Store, number: int, *memories: SessionMemory) -> None:
    """Take a step and commit it."""
    step = _step(number)
    for memory in memories:
        streams.changed(memory, step)
    streams.finish(step, number - 1)
    store.commit(step, Outcome(), NOW_MS)


def test_what_was_kept_is_read_again_by_a_new_process(store: Store) -> None:
    _take(Streams(store), store, 1, _session(1))
    again = Streams(store)
    assert again.session(1) == _session(1)
    assert again.session(2) is None
    assert again.verdict(1) is None, "the row of a session is none of a verdict"


def test_only_what_is_committed_is_let_go_of(store: Store) -> None:
    streams = Streams(store)
    step = _step(1)
    for row in range(CACHED_MAX + 10):
        streams.changed(_session(row), step)
    streams.finish(step, committed_number=0)
    assert all(streams.session(row) is not None for row in range(CACHED_MAX + 10))
    store.commit(step, Outcome(), NOW_MS)
    later = _step(2)
    streams.changed(_session(CACHED_MAX + 10), later)
    streams.finish(later, committed_number=1)
    assert len(streams._memories) == CACHED_MAX  # noqa: SLF001  what it keeps is what is asked
    assert streams.session(0) == _session(0), "read again"


def test_longest_unused_is_let_go_of_first(store: Store) -> None:
    streams = Streams(store)
    _take(streams, store, 1, *(_session(row) for row in range(CACHED_MAX)))
    streams.session(0)
    _take(streams, store, 2, _session(CACHED_MAX))
    kept = set(streams._memories)  # noqa: SLF001  as above
    assert 0 in kept
    assert 1 not in kept


def test_finding_counts_only_for_the_judgement_that_raised_it(store: Store) -> None:
    streams, step = Streams(store), _step(1)
    found = RaisedFinding(1, 0, 4, "start", 9)
    streams.raise_finding(found, step)
    assert streams.finding(1, 0, generation=4) == found
    assert streams.finding(1, 0, generation=5) is None
    assert streams.finding(1, 1, generation=4) is None
    streams.finish(step, 0)
    store.commit(step, Outcome(), NOW_MS)
    again = Streams(store)
    assert again.finding(1, 0, generation=4) == found
    assert again.finding(1, 0, generation=5) is None


def test_fact_is_known_at_once_and_by_a_new_process(store: Store) -> None:
    streams, step = Streams(store), _step(1)
    assert streams.known("device", "pen-7") is None
    streams.note("device", "pen-7", "first", step)
    streams.note("device", "pen-7", "second", step)
    assert streams.known("device", "pen-7") == "second"
    streams.finish(step, 0)
    store.commit(step, Outcome(), NOW_MS)
    assert Streams(store).known("device", "pen-7") == "second"


def test_streams_that_hold_something_are_known_to_a_new_process(store: Store) -> None:
    streams, step = Streams(store), _step(1)
    holding, quiet, waiting = _session(1), _session(2), VerdictMemory(3)
    holding.held.add(5, NOW_MS, 4)
    waiting.held.add(6, NOW_MS, 0)
    for memory in (holding, quiet, waiting):
        streams.changed(memory, step)
    assert set(streams.holding) == {1, 3}
    streams.finish(step, 0)
    store.commit(step, Outcome(), NOW_MS)
    again = Streams(store)
    assert again.holding == {1: holding, 3: waiting}
    assert packed(again.holding[3]) == packed(waiting)


def test_stream_that_holds_nothing_any_more_is_not_looked_after(store: Store) -> None:
    streams, step = Streams(store), _step(1)
    memory = _session(1)
    memory.held.add(5, NOW_MS, 4)
    streams.changed(memory, step)
    memory.held = _session(1).held
    streams.changed(memory, step)
    assert streams.holding == {}
