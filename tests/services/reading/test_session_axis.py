"""Where documents lie in elapsed time, by clocks of every quality."""

from typing import Final

from dermatrace.reading.session_axis import Axis, lay_out
from dermatrace.reading.session_documents import Told
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse
from support.manual_clock import NOON_MS
from support.vectors import with_changes

UPTIME_MS: Final = 60_000


def _told(seq: int, uptime_ms: int, wall_ms: int | None, boot: str = "boot-1") -> Told:
    payload = with_changes(
        "device.event", seq=seq, uptime_ms=uptime_ms, wall_time_ms=wall_ms, boot_id=boot
    )
    document = parse("session", payload)
    assert isinstance(document, StreamDocument)
    return Told(document, entry_id=seq + 1, received_ms=0)


def _laid_out(*told: tuple[int | None, str], apart_ms: int = 1_000) -> Axis:
    """Lay out documents a second apart by running time; each with its wall clock and start."""
    return lay_out(
        [
            _told(seq, UPTIME_MS + seq * apart_ms, wall_ms, boot)
            for seq, (wall_ms, boot) in enumerate(told)
        ]
    )


def test_no_document_lies_nowhere() -> None:
    assert lay_out([]) == Axis()
    assert Axis().end_ms == 0


def test_running_time_counts_within_one_start_and_the_wall_clock_says_when_it_began() -> None:
    axis = _laid_out((NOON_MS, "a"), (NOON_MS + 1_003, "a"), (NOON_MS + 1_998, "a"))
    assert axis.begins_ms == [0, 1_000, 2_000]
    assert axis.origin_ms == NOON_MS
    assert axis.doubts == []


def test_clock_that_is_set_later_is_doubted_until_then_and_still_dates_the_beginning() -> None:
    axis = _laid_out((None, "a"), (None, "a"), (NOON_MS + 2_000, "a"))
    assert axis.origin_ms == NOON_MS
    assert [(d.sort, d.from_ms, d.to_ms) for d in axis.doubts] == [("unset", 0, 2_000)]


def test_clock_that_is_never_set_dates_nothing() -> None:
    axis = _laid_out((None, "a"), (None, "a"))
    assert axis.origin_ms is None
    assert [(d.sort, d.to_ms) for d in axis.doubts] == [("unset", 1_000)]


def test_clock_that_jumps_moves_nothing_and_is_doubted_there() -> None:
    axis = _laid_out((NOON_MS, "a"), (NOON_MS + 91_000, "a"), (NOON_MS + 2_000, "a"))
    assert axis.begins_ms == [0, 1_000, 2_000]
    assert [(d.sort, d.from_ms) for d in axis.doubts] == [("jumped", 1_000), ("jumped", 2_000)]
    assert "forward by 90 s" in axis.doubts[0].words
    assert "back by 90 s" in axis.doubts[1].words


def test_restart_is_placed_by_the_wall_clock() -> None:
    documents = [_told(0, 900_000, NOON_MS, "a"), _told(1, 100, NOON_MS + 45_000, "b")]
    axis = lay_out(documents)
    assert axis.begins_ms == [0, 45_000]
    assert axis.bases_ms == [0, 45_000]
    assert axis.doubts == []


def test_restart_without_a_clock_follows_at_once_and_is_doubted() -> None:
    axis = lay_out([_told(0, 900_000, NOON_MS, "a"), _told(1, 100, None, "b")])
    assert axis.begins_ms == [0, 0]
    assert [d.sort for d in axis.doubts] == ["restarted", "unset"]


def test_restart_with_an_earlier_clock_still_comes_later() -> None:
    axis = lay_out([_told(0, 5_000, NOON_MS, "a"), _told(1, 100, NOON_MS - 3_600_000, "b")])
    assert axis.begins_ms == sorted(axis.begins_ms)
    assert [d.sort for d in axis.doubts] == ["restarted"]


def test_running_time_that_goes_back_does_not_turn_the_order_round() -> None:
    axis = lay_out([_told(0, 9_000, NOON_MS), _told(1, 3_000, NOON_MS), _told(2, 9_500, NOON_MS)])
    assert axis.begins_ms == sorted(axis.begins_ms)


def test_span_of_numbers_that_are_partly_missing_is_that_of_the_others() -> None:
    axis = lay_out([_told(seq, 1_000 * seq, NOON_MS + 1_000 * seq) for seq in (2, 3, 7)])
    assert axis.span(0, 4) == (0, 1_000)
    assert axis.span(4, 6) is None
    assert (axis.end_before(5), axis.begin_after(5)) == (1_000, 5_000)
    assert (axis.end_before(2), axis.begin_after(7)) == (None, None)
