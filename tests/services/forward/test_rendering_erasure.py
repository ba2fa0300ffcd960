"""What was erased by order is nowhere any more: not in InfluxDB, not in quarantine, not held."""

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.forward.rendering import Renderer
from dermatrace.forward.store import Store
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from support.delivery_bench import DeliveryBench
from support.forward_bench import ForwardBench, influx_of
from support.forward_journal import OTHER, PEN, HandJournal
from support.forward_runs import Way, in_one_go
from support.forward_scenes import opened, play, record_at_once
from support.forward_twins import KeepsErased
from support.influx_org import InfluxOrg
from support.judge_bench import RUN, JudgeBench, erasure_message
from support.judge_scenes import Scene, scenes
from support.point_shelf import PointKey
from support.points_in_influx import points_in

NOTED: Final = frozenset({"record_event", "rejection"})
"""What the recorder itself has noted, and keeps: that there was something, and when it came."""

ALL_COUNT: Final = 13
"""Points that follow from what `_tell_all` tells."""


def _left_of(points: dict[PointKey, dict[str, Any]], key: StreamKey) -> list[PointKey]:
    return [
        point
        for point in points
        if point.measurement not in NOTED and point.tag.get("session") == key.stream_id
    ]


def _tell_all(journal: HandJournal, key: StreamKey = PEN) -> None:
    journal.tell(0, "session.started", key=key)
    journal.tell(1, "needling.windows", key=key)
    journal.tell(2, "rf.shot", key=key)
    journal.judge(0, "opened", key=key)
    journal.judge(1, "state", key=key)
    journal.judge(2, "finding_raised", key=key)
    journal.judge(3, "finding_cleared", key=key)
    journal.judge(4, "summary", key=key)
    journal.judge(5, "closed", key=key)


@pytest.mark.parametrize("entries", [1, 500])
def test_erased_session_is_gone_and_the_other_is_untouched(
    journal: HandJournal, entries: int
) -> None:
    _tell_all(journal, OTHER)
    journal.forward()
    others = {key for key in journal.way.content if key.measurement not in NOTED}
    _tell_all(journal)
    journal.forward(entries)
    journal.order(PEN)
    account = journal.forward(entries)
    left = {key for key in journal.way.content if key.measurement not in NOTED}
    assert left == others
    assert account.erased_count == ALL_COUNT - 1, "what cleared has been replaced before"
    assert account.forwarded_count == journal.shelf.counted()


def test_twin_that_does_not_delete_is_found_out(journal: HandJournal) -> None:
    _tell_all(journal)
    journal.forward()
    journal.order(PEN)
    journal.way.make_renderer = KeepsErased
    journal.way.was_killed = True
    assert journal.way.go().erased_count == 0
    assert _left_of(journal.shelf.points, PEN)


def test_device_state_of_an_erased_session_goes_and_that_of_others_stays(
    journal: HandJournal,
) -> None:
    for key in (PEN, OTHER):
        journal.tell(0, "session.started", key=key)
    journal.report("status")
    journal.forward()
    assert len(journal.shelf.named("device_state")) == 3
    journal.order(PEN)
    journal.forward()
    assert sorted(journal.tags("device_state", "source")) == ["session", "status"]


def test_session_erased_before_it_was_forwarded_never_stands_in_influxdb(
    journal: HandJournal,
) -> None:
    _tell_all(journal)
    journal.order(PEN)
    account = journal.forward()
    assert _left_of(journal.shelf.points, PEN) == []
    assert account.erased_count == 0, "nothing on record calls for anything any more"
    written = [line for one in journal.shelf.asked for line in one.lines]
    assert not any("session=s-1" in line for line in written if line.split(",")[0] not in NOTED)


def test_session_erased_after_it_was_read_and_before_it_was_sent_is_gone_as_well(
    journal: HandJournal,
) -> None:
    """What was read in time is on its way; what deletes it must not overtake it."""
    _tell_all(journal)
    folder, bench = journal.way.folder, DeliveryBench()
    with (
        JournalReader(journal.bench.path) as reader,
        Store(folder / "forward.db") as store,
        Store(folder / "forward.db", read_only=True) as reading,
    ):
        renderer = Renderer(reader, reading)
        read_in_time = reader.read_after(0)
        journal.order(PEN)
        for entry in [*read_in_time, *reader.read_after(read_in_time[-1].entry_id)]:
            renderer.take(entry)
        for step in renderer.take_steps(unfinished=True):
            store.commit(step, bench.delivery.deliver(step), 0)
        account = store.account()
    assert _left_of(bench.shelf.points, PEN) == []
    assert (account.difference_count, account.erased_count) == (0, ALL_COUNT - 1)


@pytest.mark.parametrize("entries", [1, 500])
def test_held_documents_of_an_erased_session_are_counted_as_erased(
    journal: HandJournal, entries: int
) -> None:
    journal.tell(1, "needling.windows")
    journal.judge(1, "finding_raised")
    assert journal.forward(entries).pending_count == 4
    journal.order(PEN)
    account = journal.forward(entries)
    assert (account.pending_count, account.erased_count) == (0, 4)
    assert _left_of(journal.shelf.points, PEN) == []


def test_finding_that_cleared_before_it_was_raised_is_erased_with_its_session(
    journal: HandJournal,
) -> None:
    journal.tell(0, "session.started")
    journal.judge(0, "opened")
    journal.judge(2, "finding_cleared")
    assert journal.forward().pending_count == 1
    journal.order(PEN)
    account = journal.forward()
    assert (account.pending_count, account.erased_count) == (0, 3)


def test_refused_points_of_an_erased_session_leave_quarantine(journal: HandJournal) -> None:
    journal.shelf.refuse = lambda line: "poison" if line.startswith(("window,", "limit,")) else None
    _tell_all(journal)
    journal.tell(1, "needling.windows", key=OTHER)
    journal.tell(0, "session.started", key=OTHER)
    assert journal.forward().quarantined_count == 6
    journal.order(PEN)
    account = journal.forward()
    assert account.quarantined_count == 3
    assert all("session=s-2" in one.line for one in journal.quarantined())


def test_limit_that_was_refused_and_erased_upsets_no_account(journal: HandJournal) -> None:
    """Limits are in no account, though InfluxDB may refuse one like any other point."""
    journal.shelf.refuse = lambda line: "poison" if line.startswith("limit,") else None
    journal.limited_session()
    account = journal.forward()
    assert [one.line.partition(",")[0] for one in journal.quarantined()] == ["limit"]
    assert account.quarantined_count == 0
    journal.order(PEN)
    account = journal.forward()
    assert journal.quarantined() == []
    assert account.quarantined_count == 0


def test_nothing_of_an_erased_session_is_remembered(journal: HandJournal) -> None:
    journal.limited_session()
    _ = journal.forward()
    journal.order(PEN)
    journal.forward()
    with Store(journal.way.folder / "forward.db", read_only=True) as store:
        kept = [
            memory
            for row in range(1, 10)
            for sort in ("session", "verdict")
            if (memory := store.memory(row, sort)) is not None
        ]
        assert kept
        assert store.finding(1, 0) is None
    for word in (b"Pen", b"acne", b"cheek"):
        assert not any(word in memory for memory in kept), word


def test_orders_may_name_sessions_nobody_has_heard_of(journal: HandJournal) -> None:
    journal.order(PEN)
    journal.tell(0, "session.started")
    account = journal.forward()
    assert account.forwarded_count == journal.shelf.counted() == 1
    assert account.difference_count == 0


def test_second_order_for_the_same_session_changes_nothing(journal: HandJournal) -> None:
    _tell_all(journal)
    journal.forward()
    journal.order(PEN)
    first = journal.forward()
    journal.order(PEN, name="order-2")
    assert journal.forward().erased_count == first.erased_count


def _order_for(scene: Scene) -> tuple[StreamKey, Any]:
    device = scene.session.device
    key = StreamKey(device.clinic, device.sender_id, "session", scene.session.stream_id(RUN))
    named = dict(zip(("clinic", "sender", "stream_class", "stream_id"), key, strict=True))
    return key, erasure_message(device.clinic, streams=[named])


@settings(max_examples=5)
@given(scene=scenes(), cut=st.integers(60, 200), entries=st.sampled_from([1, 13, 500]))
def test_erasure_leads_to_the_same_whenever_it_is_forwarded(
    clinics: Path, scene: Scene, cut: int, entries: int
) -> None:
    """Before it was forwarded, after, or with half of the session on its way."""
    key, order = _order_for(scene)
    with opened(clinics) as bench:
        play(bench, scene.messages())
        way = Way(bench.folder)
        way.bench(entries).catch_up(up_to=cut)
        record_at_once(bench, [order], 10)
        account = way.go(entries)
        assert account.difference_count == 0
        late, _ = in_one_go(bench.folder)
        assert _left_of(way.content, key) == []
        assert _but_for_sizes(way.content) == _but_for_sizes(late)


def _but_for_sizes(points: dict[PointKey, dict[str, Any]]) -> dict[PointKey, dict[str, Any]]:
    """Return points without the size of what could not be read: erased, it has none."""
    return {
        key: {name: value for name, value in told.items() if name != "payload_bytes"}
        for key, told in points.items()
    }


@pytest.mark.influx
def test_real_influxdb_holds_nothing_of_an_erased_session(clinics: Path, influx: InfluxOrg) -> None:
    scene = Scene(0, 0.2, asides=("withdrawn",), comes_again=True)
    key, order = _order_for(scene)
    with opened(clinics) as bench:
        play(bench, scene.messages())
        with influx_of(influx, bench.folder) as points:
            forwarding = ForwardBench(bench.folder, points)
            forwarding.catch_up()
            assert _left_of(points_in(influx), key)
            record_at_once(bench, [order], 10)
            account = forwarding.catch_up()
        assert account.difference_count == 0
        assert account.erased_count > 0
        assert _left_of(points_in(influx), key) == []
        assert points_in(influx) == _on_the_shelf(bench)


def _on_the_shelf(bench: JudgeBench) -> dict[PointKey, dict[str, Any]]:
    content, _ = in_one_go(bench.folder)
    return content
