"""Expected records of scripts short enough to count by hand."""

from dermatrace.simulator.expectations import ExpectedRecord, expected_records
from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Duplicates,
    Fault,
    Gap,
    Garbage,
    LimitCrossing,
    LostTail,
    Reboot,
    Reordering,
    UnsetClock,
)
from support.scripts import PEN_SCRIPT, RF_SCRIPT


def _pen(*faults: Fault) -> ExpectedRecord:
    (record,) = expected_records(PEN_SCRIPT, faults, "s")
    return record


def test_plain_pen_session_is_complete_to_the_last_stroke() -> None:
    assert _pen() == ExpectedRecord(
        stream_id="s",
        assigned_count=8,
        accepted_count=8,
        rejected=(),
        rejected_without_seq_count=0,
        lost=(),
        gaps=(),
        duplicates_min=0,
        boot_count=1,
        ended=True,
        chain_checkable=True,
        device_stroke_count=87,
        device_shot_count=None,
        accepted_stroke_count=87,
        accepted_shot_count=0,
        crossed_window_count=0,
        crossed_shot_count=0,
        grade="complete",
        grade_when_closed="complete",
    )


def test_plain_rf_session_counts_shots() -> None:
    (record,) = expected_records(RF_SCRIPT, [], "s")
    assert (record.device_shot_count, record.accepted_shot_count) == (3, 3)
    assert record.device_stroke_count is None
    assert record.grade == "complete"


def test_gaps_are_lost_while_the_device_has_counted_them() -> None:
    record = _pen(Gap(2, 3), Gap(6, 6))
    assert record.lost == ((2, 3), (6, 6))
    assert (record.assigned_count, record.accepted_count) == (8, 5)
    assert (record.device_stroke_count, record.accepted_stroke_count) == (87, 22)
    assert not record.chain_checkable
    assert record.grade == "with_declared_losses"


def test_neighbouring_gaps_are_one_range() -> None:
    assert _pen(Gap(2, 3), Gap(4, 5)).lost == ((2, 5),)


def test_broken_json_is_a_rejection_of_its_number_and_no_loss() -> None:
    record = _pen(BrokenJson(5))
    assert (record.rejected, record.lost, record.accepted_count) == (((5, 5),), (), 7)
    assert record.accepted_stroke_count == 65
    assert not record.chain_checkable
    assert record.grade == "with_rejections"


def test_garbage_takes_no_number_and_identical_garbage_counts_once() -> None:
    record = _pen(Garbage(2, b"?"), Garbage(3, b"?"), Garbage(3, b"!"))
    assert (record.rejected, record.rejected_without_seq_count) == ((), 2)
    assert record.accepted_count == 8
    assert record.chain_checkable
    assert record.grade == "complete"


def test_a_loss_outweighs_a_rejection() -> None:
    assert _pen(Gap(2, 2), BrokenJson(5)).grade == "with_declared_losses"


def test_lost_tail_stays_open_until_it_is_closed_as_incomplete() -> None:
    record = _pen(LostTail(4), Gap(3, 3))
    assert (record.assigned_count, record.accepted_count) == (4, 3)
    assert (record.grade, record.grade_when_closed) == ("open", "incomplete")
    assert not record.ended
    assert (record.device_stroke_count, record.accepted_stroke_count) == (None, 33)


def test_duplicates_are_counted_copy_by_copy() -> None:
    record = _pen(Duplicates(2, 3), Duplicates(6, 6, copies=3))
    assert record.duplicates_min == 5
    assert record.grade == "complete"


def test_order_and_clocks_leave_a_record_complete() -> None:
    assert _pen(Reordering(2, 5), ClockStep(3, -5_000), UnsetClock(2)) == _pen()


def test_reboot_with_an_outbox_is_one_record_of_two_boots() -> None:
    record = _pen(Reboot(3, keeps_outbox=True))
    assert (record.boot_count, record.assigned_count, record.grade) == (2, 8, "complete")
    assert record.device_stroke_count == 87


def test_reboot_without_an_outbox_leaves_one_session_open_and_begins_another() -> None:
    faults: list[Fault] = [
        Reboot(3, keeps_outbox=False),
        Gap(2, 2),
        BrokenJson(5),
        Duplicates(3, 3),
    ]
    first, second = expected_records(PEN_SCRIPT, faults, "s")
    assert (first.stream_id, second.stream_id) == ("s", "s.r1")
    assert (first.assigned_count, first.lost, first.grade) == (3, ((2, 2),), "open")
    # The second begins with a start of its own, so that document 3 has number 1, and 5 has 3.
    assert (second.assigned_count, second.rejected) == (6, ((3, 3),))
    assert (second.accepted_count, second.duplicates_min) == (5, 1)
    assert (second.device_stroke_count, second.accepted_stroke_count) == (54, 32)
    assert second.grade == "with_rejections"


def test_crossings_count_windows_on_skin_and_shots_that_arrived() -> None:
    record = _pen(LimitCrossing(2, 5, over_mm=0.3), Gap(3, 3))
    assert (record.crossed_window_count, record.crossed_shot_count) == (3, 0)
    (record,) = expected_records(RF_SCRIPT, [LimitCrossing(2, 2, over_mm=0.3)], "s")
    assert (record.crossed_window_count, record.crossed_shot_count) == (0, 1)
