"""What is missing lies where it belongs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.reading.session_axis import Axis, lay_out
from dermatrace.reading.session_documents import SessionDocuments
from dermatrace.reading.session_gaps import (
    DOCUMENT_MS,
    SILENCE_MIN_MS,
    Gap,
    Mark,
    gaps_in,
    late_stretches,
    rejected_marks,
)
from support.manual_clock import NOON_MS
from support.scribe import SESSION, Scribe
from support.vectors import with_changes


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    with Scribe(tmp_path / "journal.db") as scribe:
        yield scribe


def _at(seq: int, second: float) -> bytes:
    ms = round(second * 1_000)
    return with_changes("device.event", seq=seq, uptime_ms=ms, wall_time_ms=NOON_MS + ms)


def _read(scribe: Scribe) -> tuple[Axis, list[Gap], list[Mark]]:
    documents = SessionDocuments()
    with JournalReader(scribe.path) as reader:
        stream = reader.stream(SESSION)
        assert stream is not None
        documents.read(reader, stream)
        axis = lay_out(documents.told)
        rejections = list(reader.stream_entries(stream.row, "rejected"))
        conflicts = list(reader.stream_entries(stream.row, "conflict"))
        marks = rejected_marks(axis, documents.told, [*rejections, *conflicts])
        return axis, gaps_in(axis, stream.coverage), marks


def test_each_sort_of_absence_lies_between_what_is_there(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, _at(0, 0), _at(1, 1))
    scribe.accept(SESSION, 4, _at(4, 4))
    scribe.refuse(SESSION, 5, b"{")
    scribe.accept(SESSION, 6, _at(6, 6))
    scribe.accept(SESSION, 8, _at(8, 8))
    scribe.account(SESSION, last_seq=8, lost=[(2, 3)])
    _, gaps, _ = _read(scribe)
    assert [(g.sort, g.from_ms, g.to_ms, g.first_seq, g.last_seq) for g in gaps] == [
        ("lost", 1_000, 4_000, 2, 3),
        ("rejected", 4_000, 6_000, 5, 5),
        ("missing", 6_000, 8_000, 7, 7),
    ]


def test_what_is_missing_at_the_ends_is_given_the_room_it_takes_at_least(scribe: Scribe) -> None:
    scribe.accept(SESSION, 2, _at(2, 10))
    scribe.account(SESSION, last_seq=4)
    _, gaps, _ = _read(scribe)
    assert [(g.from_ms, g.to_ms) for g in gaps] == [(-2 * DOCUMENT_MS, 0), (0, 2 * DOCUMENT_MS)]


def test_long_silence_is_a_gap_though_no_number_is_missing(scribe: Scribe) -> None:
    silence_s = SILENCE_MIN_MS / 1_000 + 1
    scribe.accept(SESSION, 0, _at(0, 0), _at(1, 9), _at(2, 9 + silence_s))
    _, gaps, _ = _read(scribe)
    assert [(g.sort, g.from_ms, g.first_seq) for g in gaps] == [("silent", 9_000, None)]


def test_number_in_conflict_is_no_gap_but_a_tick(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, _at(0, 0), _at(1, 1))
    scribe.refuse(SESSION, 1, _at(1, 2), "conflict")
    _, gaps, marks = _read(scribe)
    assert gaps == []
    assert [mark.at_ms for mark in marks] == [0]


def test_message_without_a_number_lies_after_what_had_come_by_then(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, _at(0, 0), _at(1, 1))
    scribe.refuse(SESSION, None, b"\xff")
    scribe.accept(SESSION, 2, _at(2, 7))
    _, _, (mark,) = _read(scribe)
    assert mark.at_ms == 1_000
    assert "without a number" in mark.words


def test_neighbours_that_came_late_are_one_stretch(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, *(_at(seq, seq) for seq in range(6)))
    axis, _, _ = _read(scribe)
    late = late_stretches(axis, {1, 2, 4})
    assert [(one.from_ms, one.to_ms) for one in late] == [(1_000, 2_000), (4_000, 4_000)]
