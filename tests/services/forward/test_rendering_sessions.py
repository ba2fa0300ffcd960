"""What sessions tell: tagged by their first document, which is waited for, but not for ever."""

from typing import Any, Final

import pytest

from dermatrace.forward.memory import HELD_ENTRIES_MAX, HELD_MAX_MS
from support.forward_journal import OTHER, PEN, SECOND_MS, HandJournal
from support.forward_runs import Way
from support.forward_twins import WaitsForNothing
from support.manual_clock import NOON_MS
from support.pipeline_bench import held

MODEL: Final = "Pen One"
LONG_MS: Final = HELD_MAX_MS + 1


def _models(journal: HandJournal, measurement: str = "window") -> set[str]:
    return set(journal.tags(measurement, "model"))


def test_documents_before_the_first_are_held_and_tagged_by_it(journal: HandJournal) -> None:
    journal.tell(2, "needling.windows")
    journal.tell(1, "zone.entered")
    held = journal.forward()
    assert (held.pending_count, held.journalled_count, held.forwarded_count) == (4, 4, 0)
    assert journal.shelf.points == {}
    journal.tell(0, "session.started")
    told = journal.forward()
    assert (told.pending_count, told.forwarded_count) == (0, 6)
    assert _models(journal) == _models(journal, "event") == {MODEL}


def test_twin_that_does_not_hold_splits_a_session_into_two_series(journal: HandJournal) -> None:
    journal.tell(1, "needling.windows")
    journal.tell(0, "session.started")
    journal.tell(2, "needling.windows")
    journal.forward()
    assert _models(journal) == {MODEL}
    hasty = Way(journal.way.folder, make_renderer=WaitsForNothing)
    hasty.begin()
    hasty.go()
    assert {key.tag["model"] for key in hasty.shelf.named("window")} == {MODEL, "unknown"}


@pytest.mark.parametrize("entries", [1, 500])
def test_what_is_held_survives_a_restart(journal: HandJournal, entries: int) -> None:
    for seq in (3, 2, 1):
        journal.tell(seq, "needling.windows")
        assert journal.forward(entries).pending_count == 3 * (4 - seq)
    journal.tell(0, "session.started")
    assert journal.forward(entries).pending_count == 0
    assert _models(journal) == {MODEL}
    assert len(journal.shelf.named("window")) == 9


def test_first_document_that_does_not_come_in_time_is_given_up(journal: HandJournal) -> None:
    journal.tell(1, "needling.windows")
    journal.wait(HELD_MAX_MS)
    journal.report("status")
    assert journal.forward().pending_count == 3
    journal.wait(1)
    journal.report("status", state="fault")
    assert journal.forward().pending_count == 0
    assert _models(journal) == {"unknown"}
    journal.tell(2, "needling.windows")
    assert journal.forward().pending_count == 0
    journal.tell(0, "session.started")
    journal.tell(3, "needling.windows")
    journal.forward()
    assert journal.tags("window", "model") == ["unknown"] * 6 + [MODEL] * 3


def test_waiting_goes_by_the_clock_of_the_record_and_not_by_ours(journal: HandJournal) -> None:
    """So a rebuild a year later gives up the same documents, at the same entry."""
    journal.tell(1, "needling.windows")
    journal.wait(LONG_MS)
    journal.tell(0, "session.started")
    account = journal.forward()
    whole = journal.way.content
    assert _models(journal) == {"unknown"}
    for entries in (1, 2, 500):
        journal.way.begin()
        journal.shelf.points.clear()
        assert journal.forward(entries) == account
        assert journal.way.content == whole


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_is_given_up_together_is_told_in_the_same_order_after_a_restart(
    journal: HandJournal, *, is_restarted: bool
) -> None:
    """A finding stands where its session's clock says, and that is known once it has been told."""
    journal.bench.account(held("s-1", last=9))  # the session is heard of before its judgement
    journal.judge(1, "finding_raised", finding={"seq_range": {"first_seq": 2, "last_seq": 2}})
    journal.tell(1, "device.event", wall_time_ms=None)
    journal.wait(5_000)
    journal.tell(2, "device.event", wall_time_ms=None)
    if is_restarted:
        assert journal.forward().pending_count == 3
    journal.wait(60_000)
    assert journal.forward().pending_count == 0
    (finding,) = journal.shelf.named("finding")
    assert finding.at_ns // 1_000_000 == NOON_MS + SECOND_MS


def test_too_many_held_documents_are_given_up(journal: HandJournal) -> None:
    payloads = [journal.payload(n, "device.event") for n in range(1, HELD_ENTRIES_MAX + 1)]
    journal.bench.send(*payloads, to=PEN)
    assert journal.forward().pending_count == HELD_ENTRIES_MAX
    journal.tell(HELD_ENTRIES_MAX + 1, "device.event")
    assert journal.forward().pending_count == HELD_ENTRIES_MAX + 1
    journal.report("status")
    account = journal.forward()
    assert account.pending_count == 0
    assert _models(journal, "event") == {"unknown"}


def test_first_document_that_cannot_be_read_is_not_waited_for(journal: HandJournal) -> None:
    journal.tell(1, "needling.windows")
    assert journal.forward().pending_count == 3
    journal.garble(0)
    assert journal.forward().pending_count == 0
    journal.tell(2, "needling.windows")
    assert journal.forward().pending_count == 0
    assert _models(journal) == {"unknown"}


def test_session_that_begins_with_bytes_nobody_can_read_is_told_at_once(
    journal: HandJournal,
) -> None:
    journal.garble(0)
    journal.tell(1, "needling.windows")
    assert journal.forward().pending_count == 0
    assert _models(journal) == {"unknown"}


def test_other_garbled_documents_do_not_end_the_waiting(journal: HandJournal) -> None:
    journal.tell(2, "needling.windows")
    journal.garble(1)
    journal.garble(None)
    assert journal.forward().pending_count == 3


def test_each_session_is_waited_for_by_itself(journal: HandJournal) -> None:
    journal.tell(1, "needling.windows")
    journal.tell(1, "needling.windows", key=OTHER)
    journal.tell(0, "session.started", key=OTHER)
    assert journal.forward().pending_count == 3
    assert set(journal.tags("window", "session")) == {OTHER.stream_id}


def test_document_without_a_place_is_where_work_has_moved_to(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    journal.tell(1, "needling.windows", place=None)
    journal.tell(2, "zone.entered", place={"zone": "chin", "pass_number": 3})
    journal.tell(3, "needling.windows", place=None, offset_ms=[0], **_columns(1))
    journal.forward()
    assert journal.tags("window", "zone") == ["unknown"] * 3 + ["chin"]
    assert journal.fields("window")[-1]["pass_number"] == 3.0


def test_document_that_comes_late_does_not_move_work_back(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    journal.tell(5, "zone.entered", place={"zone": "chin", "laterality": "midline"})
    journal.tell(2, "zone.entered", place={"zone": "cheek", "laterality": "left"})
    journal.tell(6, "needling.windows", place=None)
    journal.forward()
    assert set(journal.tags("window", "zone")) == {"chin"}
    assert set(journal.tags("window", "laterality")) == {"midline"}


def test_place_told_with_a_document_is_taken_as_a_whole(journal: HandJournal) -> None:
    """As the judge takes it: no pass of another zone, no zone that was not told."""
    journal.tell(0, "session.started")
    journal.tell(1, "zone.entered", place={"zone": "chin", "laterality": "left", "pass_number": 2})
    journal.tell(2, "needling.windows", place={"zone": "cheek"}, offset_ms=[0], **_columns(1))
    journal.tell(3, "needling.windows", place={"pass_number": 4}, offset_ms=[0], **_columns(1))
    journal.forward()
    assert journal.tags("window", "zone") == ["cheek", "unknown"]
    assert journal.tags("window", "laterality") == ["unknown", "unknown"]
    assert [told.get("pass_number") for told in journal.fields("window")] == [None, 4.0]


def _columns(count: int) -> dict[str, Any]:
    names = (
        "stroke_count", "stroke_rate_hz", "depth_commanded_mm", "depth_measured_min_mm",
        "depth_measured_median_mm", "depth_measured_max_mm", "motor_current_ma",
        "contact_fraction",
    )  # fmt: skip
    return {name: [1] * count for name in names}


def test_two_sessions_that_begin_without_a_clock_keep_both_states_of_their_device(
    journal: HandJournal,
) -> None:
    for key in (PEN, OTHER):
        journal.tell(0, "session.started", key=key, wall_time_ms=None)
    assert journal.forward().forwarded_count == 4
    assert len(journal.shelf.named("device_state")) == 2


def test_what_a_device_says_it_is_stands_on_what_it_says_outside_its_sessions(
    journal: HandJournal,
) -> None:
    journal.report("status")
    journal.tell(0, "session.started")
    journal.report("status", state="online")
    journal.report("announcement", device={"vendor": "v", "model": "PenTwo", "serial": "s"})
    journal.report("status", state="fault")
    journal.forward()
    found = journal.shelf.named("device_state")
    told = {(key.tag["source"], key.tag["model"]) for key in found}
    assert told == {
        ("status", "unknown"), ("session", MODEL), ("status", MODEL),
        ("announcement", "PenTwo"), ("status", "PenTwo"),
    }  # fmt: skip


def test_point_of_a_doubtful_time_says_so(journal: HandJournal) -> None:
    journal.tell(0, "session.started", wall_time_ms=None)
    journal.tell(1, "device.event", wall_time_ms=None)
    journal.tell(2, "device.event")
    journal.forward()
    doubts = {told["seq"]: told.get("clock_is_doubtful") for told in journal.fields("event")}
    assert doubts == {0.0: 1.0, 1.0: 1.0, 2.0: None}
