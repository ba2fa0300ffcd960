"""A session's documents are read once, also while they come."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.reading import session_documents
from dermatrace.reading.session_documents import SessionDocuments
from dermatrace_schemas.limits import MISSING_AFTER_MS
from support.scribe import SESSION, Scribe, alive
from support.vectors import with_changes


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    with Scribe(tmp_path / "journal.db") as scribe:
        yield scribe


def _stream(reader: JournalReader) -> StreamRecord:
    stream = reader.stream(SESSION)
    assert stream is not None
    return stream


def test_what_comes_later_is_added_in_its_place(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0), alive(1))
    scribe.accept(SESSION, 4, alive(4))
    documents = SessionDocuments()
    with JournalReader(scribe.path) as reader:
        assert documents.read(reader, _stream(reader))
        assert not documents.read(reader, _stream(reader))
        scribe.accept(SESSION, 2, alive(2), alive(3))
        assert documents.read(reader, _stream(reader))
    assert [told.seq for told in documents.told] == [0, 1, 2, 3, 4]


def test_what_was_missed_by_then_is_late_and_what_only_overtook_is_not(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0))
    scribe.accept(SESSION, 3, alive(3))
    scribe.accept(SESSION, 2, alive(2))
    scribe.clock.advance(MISSING_AFTER_MS)
    scribe.accept(SESSION, 1, alive(1))
    documents = SessionDocuments()
    with JournalReader(scribe.path) as reader:
        documents.read(reader, _stream(reader))
    assert documents.late_seqs() == {1}


def test_length_of_a_document_is_that_of_what_it_tells_of(scribe: Scribe) -> None:
    windows = with_changes("needling.windows", seq=0)
    shot = with_changes("rf.shot", seq=1)
    scribe.accept(SESSION, 0, windows, shot, alive(2))
    documents = SessionDocuments()
    with JournalReader(scribe.path) as reader:
        documents.read(reader, _stream(reader))
    needling, shot_told, event = documents.told
    assert needling.span_ms > 0
    assert shot_told.span_ms > 0
    assert event.span_ms == 0


def test_bound_on_what_is_drawn_leaves_room_for_any_real_session() -> None:
    assert session_documents.DOCUMENTS_DRAWN_MAX >= 5 * 3_600
