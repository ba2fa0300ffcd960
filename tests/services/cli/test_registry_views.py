"""`registry list`, `history`, `show`: what is on record, read back."""

from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.reading.registry_text import DIGITS_SHOWN
from dermatrace.registry.load import load_folder
from dermatrace_schemas.library import sample_clinic
from support.manual_clock import NOON_MS, ManualClock
from support.program import Result
from support.program import command as dermatrace
from support.registry_shelf import DIRECTOR, Facts, shelve
from support.scribe import Scribe

HOUR_MS = 3_600_000
RECORDED_1, RECORDED_2 = "2026-05-28 20:26:40Z", "2026-05-28 21:26:40Z"
LATER_MS = NOON_MS + 2 * HOUR_MS
RENEWED: Facts = (
    "director",
    "north-director",
    "2",
    {**DIRECTOR, "valid_from_ms": LATER_MS, "valid_until_ms": LATER_MS + 1},
)
CONTRADICTED: Facts = ("room", "north-room-1", "1", {"name": "Another room"})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder: both sample clinics, an hour later a renewal and a contradiction."""
    data = tmp_path_factory.mktemp("registry")
    folder, clock = load_folder(sample_clinic()), ManualClock()
    with Scribe(data / "journal.db", clock) as scribe:
        for clinic in folder.clinics:
            documents = folder.documents_of(clinic)
            facts = [(*document.named, document.content) for document in documents]
            shelve(scribe, *facts, clinic=clinic)
        clock.advance(HOUR_MS)
        shelve(scribe, RENEWED, CONTRADICTED, clinic="north-clinic", stream_id="import-2")
    return data


def _registry(kept: Path, *words: str) -> Result:
    return dermatrace("registry", *words, "--data", kept)


def _words(result: Result) -> str:
    return " ".join(result.output.split())


def test_list_shows_the_newest_version_of_each_thing_and_how_it_stands(kept: Path) -> None:
    rows = _registry(kept, "list", "--json").json()
    found = {(row["clinic"], row["registry_kind"], row["registry_id"]): row for row in rows}
    assert len(found) == len(rows)
    director = found["north-clinic", "director", "north-director"]
    assert (director["version"], director["in_force"]) == ("2", False)
    assert director["why_not"].startswith(("begins 2026-05-28", "ended 2026-05-28"))
    assert found["north-clinic", "room", "north-room-1"]["conflict_count"] == 1
    approval = found["north-clinic", "approval", "north-rf-needling"]
    assert approval["why_not"] == "director north-director is not in force"
    protocol = found["south-clinic", "protocol", "example-rf-needling"]
    assert (protocol["in_force"], protocol["why_not"]) == (True, "")


def test_list_can_be_narrowed_to_a_clinic_and_a_kind(kept: Path) -> None:
    result = _registry(kept, "list", "--clinic", "north-clinic", "--kind", "room")
    assert result.exit_code == 0, result.errors
    assert result.output.splitlines()[0] == "north-clinic"
    assert "north-room-1 room 1 yes; 1 in conflict" in _words(result)
    assert "south" not in result.output


def test_list_of_an_empty_record_says_what_puts_something_there(tmp_path: Path) -> None:
    with Scribe(tmp_path / "journal.db"):
        pass
    result = _registry(tmp_path, "list")
    assert (result.exit_code, "`dermatrace registry import`" in result.output) == (0, True)


def test_history_lists_versions_and_conflicts_with_their_entries(kept: Path) -> None:
    rows = _registry(kept, "history", "room", "north-room-1", "--json").json()
    assert [(row["version"], row["state"], row["recorded_ms"]) for row in rows] == [
        ("1", "on record", NOON_MS),
        ("1", "in conflict", NOON_MS + HOUR_MS),
    ]
    words = ("history", "director", "north-director")
    spoken = _words(_registry(kept, *words))
    rows = _registry(kept, *words, "--json").json()
    for row, recorded in zip(rows, (RECORDED_1, RECORDED_2), strict=True):
        entry_id, digits = row["entry_id"], row["digest"][:DIGITS_SHOWN]
        version = row["version"]
        assert f"north-clinic {version} on record {entry_id} {recorded} {digits}" in spoken


def test_history_covers_every_clinic_that_has_the_thing(kept: Path) -> None:
    words = ("history", "protocol", "example-rf-needling", "--json")
    assert [row["clinic"] for row in _registry(kept, *words).json()] == [
        "north-clinic",
        "south-clinic",
    ]
    narrowed = _registry(kept, *words, "--clinic", "south-clinic").json()
    assert [row["clinic"] for row in narrowed] == ["south-clinic"]


def test_show_reads_like_the_file_with_digest_and_entry_hash(kept: Path) -> None:
    words = ("show", "protocol", "example-nano-needling", "--clinic", "south-clinic")
    told, spoken = _registry(kept, *words, "--json").json(), _registry(kept, *words)
    with JournalReader(kept / "journal.db") as reader:
        entry = reader.entry(told["entry_id"])
    assert entry is not None
    assert told["entry_hash"] == entry.entry_hash.hex()
    assert told["content"]["treatment"] == "nano_needling"
    for expected in (
        f"digest {told['digest']}",
        f"entry {told['entry_id']}, recorded {RECORDED_1}",
        f"entry hash {told['entry_hash']}",
        "in force today: yes",
        "  - upper: depth 0.25 mm — ",
    ):
        assert expected in spoken.output


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ((), "2"),
        (("--version", "1"), "1"),
        (("--at", "2026-05-28T21:00Z"), "1"),
        (("--at", "2026-05-29T00:26:40+02:00"), "2"),
    ],
)
def test_show_chooses_the_version_asked_for(
    kept: Path, options: tuple[str, ...], version: str
) -> None:
    told = _registry(kept, "show", "director", "north-director", "--json", *options).json()
    assert told["version"] == version


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("room", "absent"), "no room absent is on record"),
        (("room", "north-room-1", "--clinic", "south-clinic"), "on record at south-clinic"),
        (("protocol", "example-nano-needling"), "--clinic picks one."),
        (("room", "north-room-1", "--version", "7"), "On record are: 1."),
        (("room", "north-room-1", "--version", "1", "--at", "2026-03-01"), "Use one of them."),
        (("room", "north-room-1", "--at", "noon"), "--at: 'noon' is not a time"),
        (("room", "north-room-1", "--at", "2026-05-28"), "valid at 2026-05-27 22:00:00Z"),
        (("chair", "north-room-1"), "'chair' is not one of"),
    ],
)
def test_show_of_what_cannot_be_shown_says_why(
    kept: Path, words: tuple[str, ...], expected: str
) -> None:
    result = _registry(kept, "show", *words)
    assert result.exit_code == 2
    assert expected in " ".join(result.errors.replace("│", " ").split())
