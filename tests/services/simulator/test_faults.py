"""Faults that nobody could predict the outcome of are refused."""

import pytest

from dermatrace.simulator.faults import (
    BrokenJson,
    Duplicates,
    Fault,
    FaultMisplacedError,
    Gap,
    Garbage,
    LimitCrossing,
    LostTail,
    Reboot,
    Reordering,
    check_placed,
    continued_stream_id,
)
from support.scripts import PEN_SCRIPT

MISPLACED: list[tuple[list[Fault], str]] = [
    ([Gap(0, 1)], "the start and the stop must stay as they are"),
    ([Gap(6, 7)], "the start and the stop must stay as they are"),
    ([BrokenJson(7)], "the start and the stop must stay as they are"),
    ([Reordering(0, 1)], "the start and the stop must stay as they are"),
    ([Gap(3, 2)], "it ends before it begins"),
    ([Garbage(8)], "documents 0 to 7 are played"),
    ([LostTail(4), Gap(3, 4)], "documents 0 to 3 are played"),
    ([LostTail(0)], "one lost tail, from 1 to the last document"),
    ([LostTail(4), LostTail(5)], "one lost tail, from 1 to the last document"),
    ([Gap(2, 3), Duplicates(3, 4)], "another fault already changes one of these documents"),
    ([Gap(2, 4), Reboot(3, keeps_outbox=True)], "would cut it in two"),
    ([Reboot(0, keeps_outbox=False)], "nothing is to be continued before the first document"),
    ([Duplicates(2, 2, copies=0)], "at least one copy"),
    ([LimitCrossing(0, 1, over_mm=0.3)], "there is no reading among these documents"),
]


@pytest.mark.parametrize(("faults", "why"), MISPLACED)
def test_misplaced_fault_is_refused_with_the_reason(faults: list[Fault], why: str) -> None:
    with pytest.raises(FaultMisplacedError, match=why):
        check_placed(PEN_SCRIPT, faults)


def test_a_reboot_right_before_a_span_does_not_cut_it() -> None:
    check_placed(PEN_SCRIPT, [Reordering(2, 3), Reboot(2, keeps_outbox=True), Duplicates(7, 7)])


def test_continued_streams_are_numbered_after_the_first() -> None:
    assert [continued_stream_id("s", number) for number in range(3)] == ["s", "s.r1", "s.r2"]
