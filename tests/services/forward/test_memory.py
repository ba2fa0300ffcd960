"""What is remembered of a stream, and how long something is held for it."""

from dermatrace.forward.memory import (
    HELD_ENTRIES_MAX,
    HELD_MAX_MS,
    EnteredPlace,
    Held,
    SessionMemory,
    VerdictMemory,
    packed,
    unpacked_session,
    unpacked_verdict,
)
from support.manual_clock import NOON_MS


def test_memory_of_a_session_comes_back_as_it_was_kept() -> None:
    memory = SessionMemory.of(3, "north-clinic", "pen-7", "s-1")
    memory.places.append(EnteredPlace("cheek", "left", 2**60, 4))
    memory.clock.offset_ms["boot-1"] = -(2**48)
    memory.held.add(9, NOON_MS, 4)
    memory.started_ns = 2**60
    assert unpacked_session(packed(memory)) == memory
    assert memory.pending_count == 4


def test_memory_of_a_judgement_comes_back_as_it_was_kept() -> None:
    memory = VerdictMemory(4, 3, 1, {"protocol": "a\\ b"}, "0" * 64)
    memory.cleared_early.append((2, 77))
    memory.held.add(9, NOON_MS, 4)
    assert unpacked_verdict(packed(memory)) == memory
    assert memory.pending_count == 5


def test_holding_ends_with_time_or_with_number() -> None:
    held = Held()
    assert not held.is_over(NOON_MS + 10 * HELD_MAX_MS), "nothing is held"
    held.add(1, NOON_MS, 0)
    held.add(2, NOON_MS + HELD_MAX_MS, 3)
    assert not held.is_over(NOON_MS + HELD_MAX_MS)
    assert held.is_over(NOON_MS + HELD_MAX_MS + 1), "since the first that is held"
    crowd = Held(list(range(HELD_ENTRIES_MAX)), NOON_MS)
    assert not crowd.is_over(NOON_MS)
    crowd.add(HELD_ENTRIES_MAX, NOON_MS, 1)
    assert crowd.is_over(NOON_MS)
