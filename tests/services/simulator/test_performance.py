"""Faults become the steps they say, and leave every other document alone."""

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
from dermatrace.simulator.performance import (
    Lose,
    PublishBroken,
    PublishGarbage,
    Replay,
    Restart,
    Send,
    SendContinuation,
    perform,
)
from dermatrace.simulator.timeline import ScriptedDocument, depths_of
from support.scripts import PEN_SCRIPT, RF_SCRIPT


def _document(script: tuple[ScriptedDocument, ...], index: int, *faults: Fault) -> ScriptedDocument:
    (document,) = (
        step.document
        for step in perform(script, faults)
        if isinstance(step, Send) and step.index == index
    )
    return document


def test_script_without_faults_is_sent_as_it_is() -> None:
    assert perform(PEN_SCRIPT) == tuple(
        Send(index, document, 0) for index, document in enumerate(PEN_SCRIPT)
    )


def test_gap_and_broken_json_take_the_place_of_sending() -> None:
    steps = perform(PEN_SCRIPT, [Gap(2, 3), BrokenJson(5)])
    assert steps[2:6] == (
        Lose(2, PEN_SCRIPT[2]),
        Lose(3, PEN_SCRIPT[3]),
        Send(4, PEN_SCRIPT[4], 0),
        PublishBroken(5, PEN_SCRIPT[5]),
    )


def test_lost_tail_ends_the_steps() -> None:
    assert len(perform(PEN_SCRIPT, [LostTail(3)])) == 3


def test_duplicates_and_garbage_follow_the_document() -> None:
    steps = perform(PEN_SCRIPT, [Duplicates(2, 3, copies=2), Garbage(3, b"?")])
    assert steps[4:7] == (Replay(500, 2, 3), Replay(500, 2, 3), PublishGarbage(500, b"?"))


def test_reordered_documents_are_held_and_published_last_to_first() -> None:
    steps = perform(PEN_SCRIPT, [Reordering(2, 3)])
    assert steps[2:6] == (
        Send(2, PEN_SCRIPT[2], 0, held=True),
        Send(3, PEN_SCRIPT[3], 0, held=True),
        Replay(500, 3, 3),
        Replay(500, 2, 2),
    )


def test_clock_faults_change_only_the_offset() -> None:
    steps = perform(PEN_SCRIPT, [UnsetClock(2), ClockStep(3, 60_000), ClockStep(5, -90_000)])
    offsets_ms = [step.clock_offset_ms for step in steps if isinstance(step, Send)]
    assert offsets_ms == [None, None, 0, 60_000, 60_000, -30_000, -30_000, -30_000]


def test_reboot_with_an_outbox_only_restarts() -> None:
    steps = perform(PEN_SCRIPT, [Reboot(3, keeps_outbox=True)])
    assert steps[3:5] == (Restart(300, keeps_outbox=True), Send(3, PEN_SCRIPT[3], 0))
    assert steps[-1] == Send(7, PEN_SCRIPT[7], 0)


def test_reboot_without_an_outbox_starts_over_and_counts_from_nought() -> None:
    steps = perform(PEN_SCRIPT, [Reboot(3, keeps_outbox=False)])
    restart, continuation = steps[3:5]
    assert restart == Restart(300, keeps_outbox=False)
    assert isinstance(continuation, SendContinuation)
    assert continuation.document.kind == "session.started"
    stop = steps[-1]
    assert isinstance(stop, Send)
    assert stop.document.facts["stroke_count"] == 20 + 22 + 12


def test_crossing_moves_measured_depths_on_skin_by_the_same_amount() -> None:
    facts = _document(PEN_SCRIPT, 2, LimitCrossing(2, 2, over_mm=0.3)).facts
    assert facts["depth_measured_median_mm"] == [1.3, None, 1.3]
    assert facts["depth_measured_min_mm"] == [1.29, None, 1.29]
    assert facts["depth_measured_max_mm"] == [1.31, None, 1.31]
    assert facts["depth_commanded_mm"] == [1.0, 1.0, 1.0]
    assert facts["stroke_count"] == [10, 11, 12]


def test_dialled_crossing_moves_the_commanded_depth_too() -> None:
    facts = _document(PEN_SCRIPT, 2, LimitCrossing(2, 2, over_mm=0.3, dialled=True)).facts
    assert facts["depth_commanded_mm"] == [1.3, 1.0, 1.3]


def test_crossing_shot_delivers_more_for_longer_and_the_stop_counts_it() -> None:
    crossing = LimitCrossing(2, 2, over_mm=0.5, over_energy_fraction=0.4)
    (depth,) = depths_of(_document(RF_SCRIPT, 2, crossing))
    (pulse,) = depth.sub_pulses
    assert (depth.depth_commanded_mm, depth.depth_measured_mm) == (1.5, 2.0)
    assert (pulse.energy_commanded_mj, pulse.energy_delivered_mj) == (100.0, 140.0)
    assert (pulse.duration_commanded_ms, pulse.duration_ms) == (10.0, 14.0)
    assert _document(RF_SCRIPT, 4, crossing).facts["energy_delivered_mj"] == 340.0


def test_energy_crossing_leaves_the_measured_depth_alone() -> None:
    (depth,) = depths_of(_document(RF_SCRIPT, 2, LimitCrossing(2, 2, over_energy_fraction=0.4)))
    assert depth.depth_measured_mm == 1.45
