"""The registry out of a journal: in the order of its entries, and nothing of the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.judge.registry_reading import READ_REGISTRY_ENTRIES_MAX, read_history
from support.registry_shelf import CLINIC, Facts, registry_bytes, shelve
from support.scribe import SESSION, Scribe, alive
from support.vectors import with_changes


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    with Scribe(tmp_path / "journal.db") as open_scribe:
        yield open_scribe


def _room(version: str, name: str) -> Facts:
    return "room", "room-1", version, {"name": name}


def _read(scribe: Scribe, up_to_entry_id: int | None = None) -> RegistryHistory:
    with JournalReader(scribe.path) as reader:
        return read_history(reader, up_to_entry_id=up_to_entry_id)


def _versions(history: RegistryHistory) -> list[tuple[str, int]]:
    found = history.versions(CLINIC, "room", "room-1")
    return [(version.version, version.entry_id) for version in found]


def test_versions_are_in_the_order_of_entries_whatever_their_stream(scribe: Scribe) -> None:
    first = shelve(scribe, _room("1", "A"), stream_id="import-b")
    second = shelve(scribe, _room("2", "B"), stream_id="import-a")
    shelve(scribe, _room("1", "A"), stream_id="import-c")
    assert _versions(_read(scribe)) == [("1", first), ("2", second)]


def test_number_that_arrives_late_counts_from_when_it_arrived(scribe: Scribe) -> None:
    key = StreamKey(CLINIC, "registry", "registry", "import-1")
    first = scribe.accept(key, 1, registry_bytes(*_room("2", "B"), seq=1))
    late = scribe.accept(key, 0, registry_bytes(*_room("1", "A"), seq=0))
    assert _versions(_read(scribe)) == [("2", first), ("1", late)]


def test_what_came_first_stands_and_what_differs_is_in_conflict(scribe: Scribe) -> None:
    shelve(scribe, _room("1", "A"), stream_id="import-b")
    shelve(scribe, _room("1", "B"), stream_id="import-a")
    history = _read(scribe)
    (stands,) = history.versions(CLINIC, "room", "room-1")
    (conflict,) = history.conflicts(CLINIC, "room", "room-1")
    assert stands.entry_id < conflict.entry_id


def test_reading_ends_with_the_entry_asked_for(scribe: Scribe) -> None:
    first = shelve(scribe, _room("1", "A"), stream_id="import-1")
    second = shelve(scribe, _room("2", "B"), stream_id="import-2")
    assert _versions(_read(scribe, up_to_entry_id=first)) == [("1", first)]
    assert _versions(_read(scribe, up_to_entry_id=second)) == [("1", first), ("2", second)]


def test_stream_longer_than_a_page_is_read_to_its_end(scribe: Scribe) -> None:
    count = 2 * READ_REGISTRY_ENTRIES_MAX
    shelve(scribe, *(_room(str(number), "A") for number in range(count)))
    assert len(_versions(_read(scribe))) == count


def test_sessions_rejections_orders_and_what_was_erased_are_not_in_it(scribe: Scribe) -> None:
    key = StreamKey(CLINIC, "registry", "registry", "import-1")
    scribe.accept(SESSION, 0, alive(0))
    kept = shelve(scribe, _room("2", "B"), stream_id="import-2")
    shelve(scribe, _room("1", "A"), stream_id="import-1")
    order = scribe.accept(
        StreamKey(CLINIC, "registry", "registry", "erasure-1"), 0, with_changes("registry.erasure")
    )
    scribe.erase(key, order)
    scribe.refuse(key, 1, registry_bytes(*_room("3", "C"), seq=1))
    assert _versions(_read(scribe)) == [("2", kept)]


def test_clinics_are_kept_apart(scribe: Scribe) -> None:
    shelve(scribe, _room("1", "A"))
    shelve(scribe, _room("1", "B"), clinic="south")
    history = _read(scribe)
    assert history.clinics() == [CLINIC, "south"]
    assert history.conflicts("south", "room", "room-1") == ()


def test_empty_journal_has_no_registry(scribe: Scribe) -> None:
    assert _read(scribe).clinics() == []
