"""What is drawn of a session is what its documents say, and where its limits stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import Index
from dermatrace.judge.verdict_reading import read_generations
from dermatrace.reading.session_reading import SessionReading, context_of
from dermatrace.reading.session_trace import Trace
from dermatrace_schemas.chart_review import ChartZoneReattribution
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import parse
from dermatrace_schemas.rf import RfShot
from support.session_scenes import (
    BROKEN_OFF,
    CALM,
    CLOCKLESS,
    GAPS,
    HIGH,
    NOTHING,
    SHOTS,
    WITHDRAWN,
    WITHDRAWN_SHOTS,
    Scene,
)
from support.vectors import with_changes


@contextmanager
def _opened(folder: Path, scene: Scene) -> Iterator[tuple[JournalReader, Index, StreamRecord]]:
    with (
        JournalReader(folder / "journal.db") as reader,
        Index(folder / "index.db", read_only=True) as index,
    ):
        (stream,) = reader.streams_named("session", scene.address.rpartition("/")[2])
        yield reader, index, stream


def _trace(folder: Path, scene: Scene, *, after_entry_id: int = 0) -> Trace:
    with _opened(folder, scene) as (reader, index, stream):
        reading = SessionReading(context_of(reader, index, stream))
        reading.read(reader, stream)
        key = stream.key
        session = SessionId(key.clinic, key.sender, key.stream_id)
        newest = next(reversed(read_generations(reader, session)), None)
        return reading.trace(reader, stream, newest, after_entry_id=after_entry_id)


def _documents(folder: Path, scene: Scene, kind: type) -> list[object]:
    with _opened(folder, scene) as (reader, _, stream):
        entries = reader.read_stream(stream.row)
        told = (parse("session", entry.payload) for entry in entries if entry.payload)
        return [document for document in told if isinstance(document, kind)]


def test_every_window_is_drawn_once_with_every_value_it_has(scenes: Path) -> None:
    windows = _trace(scenes, CALM).windows
    told = _documents(scenes, CALM, NeedlingWindows)
    assert all(isinstance(one, NeedlingWindows) for one in told)
    medians = [
        value
        for one in told
        if isinstance(one, NeedlingWindows)
        for value in one.depth_measured_median_mm or ()
    ]
    assert windows.median_mm == medians
    assert windows.at_ms == sorted(windows.at_ms)
    lengths = {
        len(column)
        for column in (
            windows.at_ms,
            windows.length_ms,
            windows.set_mm,
            windows.low_mm,
            windows.high_mm,
            windows.rate_hz,
            windows.contact_fraction,
            windows.is_late,
            windows.is_withdrawn,
        )
    }
    assert lengths == {len(medians)}


def test_every_shot_is_drawn_once_with_energies_in_both_scopes(scenes: Path) -> None:
    shots = _trace(scenes, SHOTS).shots
    told = [one for one in _documents(scenes, SHOTS, RfShot) if isinstance(one, RfShot)]
    assert shots.seq == [one.seq for one in told]
    assert shots.is_test == [one.purpose == "test" for one in told]
    assert None not in shots.per_pin_mj
    assert all(
        total is not None and per_pin is not None and total > per_pin
        for total, per_pin in zip(shots.total_mj, shots.per_pin_mj, strict=True)
    )


@pytest.mark.parametrize("scene", [CALM, GAPS, SHOTS, BROKEN_OFF], ids=lambda one: one.name)
def test_pieces_put_together_are_the_whole(scenes: Path, scene: Scene) -> None:
    whole = _trace(scenes, scene)
    with _opened(scenes, scene) as (reader, _, stream):
        middle = reader.read_stream(stream.row)[20].entry_id
    piece = _trace(scenes, scene, after_entry_id=middle)
    assert not piece.is_whole
    count = len(piece.windows.at_ms)
    later = [at for at, late in zip(whole.windows.at_ms, whole.windows.is_late, strict=True)]
    assert set(piece.windows.at_ms) <= set(later)
    assert count + len(piece.shots.at_ms) < len(whole.windows.at_ms) + len(whole.shots.at_ms)
    assert (piece.stretches, piece.gaps, piece.pins) == (whole.stretches, whole.gaps, whole.pins)


def test_nothing_is_drawn_where_nothing_was_received(scenes: Path) -> None:
    trace = _trace(scenes, GAPS)
    holes = [gap for gap in trace.gaps if gap.sort in {"lost", "missing", "rejected"}]
    assert {gap.sort for gap in holes} == {"lost", "missing", "rejected"}
    for gap in holes:
        inside = [at for at in trace.windows.at_ms if gap.from_ms <= at < gap.to_ms]
        assert inside == []
        assert not any(s.from_ms < gap.to_ms and gap.from_ms < s.to_ms for s in trace.stretches)


def test_late_rejected_and_doubtful_are_marked_where_they_are(scenes: Path) -> None:
    trace = _trace(scenes, GAPS)
    late = {
        at
        for at, is_late in zip(trace.windows.at_ms, trace.windows.is_late, strict=True)
        if is_late
    }
    assert late
    assert all(any(s.from_ms <= at < s.to_ms for s in trace.late) for at in late)
    assert len(trace.rejected) == 2
    assert [doubt.sort for doubt in trace.doubts] == ["jumped"]
    assert [doubt.sort for doubt in _trace(scenes, CLOCKLESS).doubts] == ["unset"]


def test_zones_and_passes_follow_one_another_with_the_limits_that_hold_there(scenes: Path) -> None:
    trace = _trace(scenes, CALM)
    names = list(dict.fromkeys((one.name, one.pass_number) for one in trace.stretches))
    assert names[:3] == [("forehead", 1), ("forehead", 2), ("left cheek", 1)]
    for stretch in trace.stretches:
        held = [trace.limits[place] for place in stretch.limits]
        depths = [one for one in held if one.quantity == "depth" and one.side == "upper"]
        assert {one.envelope for one in depths} == {
            "device_rating",
            "cleared_label",
            "clinic_protocol",
            "operator_scope",
        }
        assert any("Source [S]: Dr. Pen depth chart" in one.words for one in depths) or (
            stretch.name == "neck"
        )


def test_place_that_a_person_has_put_right_is_drawn_where_it_really_was(scenes: Path) -> None:
    with _opened(scenes, CALM) as (reader, index, stream):
        context = context_of(reader, index, stream)
        assert context is not None
        key = stream.key
        moved = parse(
            "chart",
            with_changes(
                "chart.zone_reattribution",
                session={"sender": key.sender, "stream_id": key.stream_id},
                seq_range={"first_seq": 2, "last_seq": 4},
                place={"zone": "chin"},
            ),
        )
        assert isinstance(moved, ChartZoneReattribution)
        chart = replace(context.chart, reattributions=(moved,))
        reading = SessionReading(replace(context, chart=chart))
        reading.read(reader, stream)
        trace = reading.trace(reader, stream, None)
    put_right = [one for one in trace.stretches if one.is_put_right]
    assert [(one.name, one.laterality) for one in put_right] == [("chin", None)]


def test_findings_are_pinned_to_the_readings_that_raised_them(scenes: Path) -> None:
    trace = _trace(scenes, HIGH)
    set_above = [
        at
        for at, value in zip(trace.windows.at_ms, trace.windows.set_mm, strict=True)
        if value is not None and value > 1.5
    ]
    assert trace.pins
    for pin in trace.pins:
        assert any(pin.from_ms <= at < pin.to_ms for at in set_above)


def test_without_the_judge_readings_are_drawn_and_no_limit_is_claimed(scenes: Path) -> None:
    with _opened(scenes, CALM) as (reader, _, stream):
        reading = SessionReading(None)
        reading.read(reader, stream)
        trace = reading.trace(reader, stream, None)
    assert trace.windows.at_ms
    assert trace.limits == []
    assert trace.pins == []


def test_session_of_which_only_the_start_is_known_has_nothing_to_draw(scenes: Path) -> None:
    trace = _trace(scenes, NOTHING)
    assert (trace.windows.at_ms, trace.shots.at_ms, trace.end_ms) == ([], [], 0)


def test_what_a_correction_withdraws_is_shown_and_marked_where_it_lies(scenes: Path) -> None:
    trace, windows = _trace(scenes, WITHDRAWN), _trace(scenes, WITHDRAWN).windows
    told = [
        d for d in _documents(scenes, WITHDRAWN, NeedlingWindows) if isinstance(d, NeedlingWindows)
    ]
    gone = [one.seq in WITHDRAWN.withdrawn for one in told for _ in one.offset_ms]
    assert windows.is_withdrawn == gone
    assert any(gone)
    (stretch,) = trace.withdrawn
    assert (stretch.first_seq, stretch.last_seq) == (20, 22)
    assert stretch.words == "withdrawn: The pen lay on the table."
    marked = [at for at, is_gone in zip(windows.at_ms, gone, strict=True) if is_gone]
    assert stretch.from_ms <= min(marked)
    assert max(marked) < stretch.to_ms


def test_withdrawn_shots_are_marked_and_no_other(scenes: Path) -> None:
    shots = _trace(scenes, WITHDRAWN_SHOTS).shots
    gone = {seq for seq, is_gone in zip(shots.seq, shots.is_withdrawn, strict=True) if is_gone}
    assert gone == set(WITHDRAWN_SHOTS.withdrawn) & set(shots.seq)
    assert gone
    assert not any(_trace(scenes, SHOTS).shots.is_withdrawn)


def test_zone_of_which_everything_is_withdrawn_was_not_worked_in(scenes: Path) -> None:
    with _opened(scenes, CALM) as (reader, index, stream):
        context = context_of(reader, index, stream)
        assert context is not None
        reading = SessionReading(context)
        reading.read(reader, stream)
        gone = reading.trace(reader, stream, None).stretches[1]
        axis = reading.axis
        spans = zip(axis.seqs, axis.begins_ms, strict=True)
        seqs = frozenset(seq for seq, at_ms in spans if gone.from_ms <= at_ms < gone.to_ms)
        chart = replace(context.chart, withdrawn_seqs=seqs)
        reading.context = replace(context, chart=chart)
        left = reading.trace(reader, stream, None).stretches
    named = (gone.zone, gone.laterality, gone.pass_number)
    assert named not in {(one.zone, one.laterality, one.pass_number) for one in left}
    assert left
