"""A folder of files: what it becomes, and every mistake with file, line, field and remedy."""

from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.registry.load import (
    EXAMPLES_SUFFIX,
    FILE_MAX_BYTES,
    FILES_PER_FOLDER_MAX,
    Folder,
    load_folder,
    load_folders,
)
from dermatrace.registry.problems import PROBLEMS_LISTED_MAX, FolderError, Problem

ROOM = """\
kind: room
id: room-1
version: "1"
clinic: north
content:
  name: Room 1
"""
CLINIC = """\
kind: clinic
id: north
version: "1"
content:
  name: North
  time_zone: Europe/Vienna
"""
DIRECTOR = """\
kind: director
id: director-1
version: "1"
clinic: north
content:
  person_id: physician-1
  deputy: false
  valid_from: {valid_from}
"""
PROTOCOL = """\
kind: protocol
id: protocol-1
version: "1"
content:
  title: Protocol
  treatment: nano_needling
  settings: [clinic]
  example: true
  bands:
    - upper: {quantity: depth, unit: mm, value: 0.25, source: nowhere, trust: U}
  gates: []
  contraindications:
    - question: pregnancy
      answers: [yes, unknown]
      strength: relative
"""
APPROVAL = """\
kind: approval
id: approval-1
version: "1"
content:
  clinic: north
  protocol_id: protocol-1
  protocol_version: "1"
  director_id: director-1
  effective_from: 2026-03-01
"""


def _load(folder: Path, *texts: str) -> Folder:
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    return load_folder(folder)


def _problems(folder: Path, *texts: str) -> list[Problem]:
    with pytest.raises(FolderError) as caught:
        _load(folder, *texts)
    return caught.value.problems


def test_several_documents_of_a_file_keep_their_order(tmp_path: Path) -> None:
    second = ROOM.replace("room-1", "room-2")
    folder = _load(tmp_path, CLINIC, f"{ROOM}---\n{second}---\n")
    found = [(document.kind, document.registry_id) for document in folder.documents]
    assert found == [("clinic", "north"), ("room", "room-1"), ("room", "room-2")]
    assert [document.line for document in folder.documents] == [1, 1, 8]
    assert folder.warnings == []


def test_document_without_clinic_goes_to_every_clinic(tmp_path: Path) -> None:
    folder = _load(tmp_path, CLINIC, CLINIC.replace("north", "south"), PROTOCOL)
    assert folder.clinics == ["north", "south"]
    kinds = [document.kind for document in folder.documents_of("south")]
    assert kinds == ["clinic", "protocol"]


@pytest.mark.parametrize(
    ("written", "valid_from_ms"),
    [
        ("2026-03-01T00:00:00+01:00", 1_772_319_600_000),
        ("2026-03-01T00:00Z", 1_772_323_200_000),
        ("2026-03-01T00:00:00.125Z", 1_772_323_200_125),
        ("2026-03-01", 1_772_319_600_000),
        ("2026-07-01", 1_782_856_800_000),
    ],
)
def test_time_becomes_milliseconds(tmp_path: Path, written: str, valid_from_ms: int) -> None:
    folder = _load(tmp_path, CLINIC, DIRECTOR.format(valid_from=written))
    content = folder.documents[1].content
    assert content["valid_from_ms"] == valid_from_ms
    assert "valid_from" not in content


def test_time_may_be_given_in_milliseconds(tmp_path: Path) -> None:
    text = DIRECTOR.format(valid_from=5).replace("valid_from:", "valid_from_ms:")
    assert _load(tmp_path, CLINIC, text).documents[1].content["valid_from_ms"] == 5


def test_approval_takes_the_digest_of_the_protocol_beside_it(tmp_path: Path) -> None:
    folder = _load(tmp_path, APPROVAL, CLINIC, PROTOCOL)
    approval, _, protocol = folder.documents
    assert approval.content["protocol_digest"] == protocol.digest
    assert approval.clinic == "north"


def test_words_are_not_read_as_something_else(tmp_path: Path) -> None:
    (document,) = _load(tmp_path, PROTOCOL).documents
    assert '"yes", "unknown"' in str(document.content["contraindications"]).replace("'", '"')


def test_what_a_document_names_and_the_folder_lacks_is_a_warning(tmp_path: Path) -> None:
    approval = f'{APPROVAL}  protocol_digest: "{"0" * 64}"\n'
    folder = _load(tmp_path, approval, ROOM.replace("north", "east"), CLINIC, PROTOCOL)
    assert [(w.file, w.line, w.field, w.what) for w in folder.warnings] == [
        ("0.yaml", 1, "content.director_id", "director director-1 is not in this folder"),
        (
            "0.yaml",
            1,
            "content.protocol_digest",
            f"protocol_digest {'0' * 64} is not in this folder",
        ),
        ("1.yaml", 1, "clinic", "clinic east is not in this folder"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "field", "what"),
    [
        (f"{ROOM}id: room-2\n", 7, "id", "given twice, first in line 2"),
        (f"{ROOM}colour: red\n", 7, "colour", "there is no such member"),
        (f"{ROOM}  floor: 3\n", 7, "content.floor", "there is no such member"),
        (ROOM.replace("kind: room", "kind: erasure"), 1, "kind", "Input should be 'clinic'"),
        (ROOM.replace('"1"', "1.10"), 3, "version", "Input should be a valid string"),
        (ROOM.replace("room-1", "Room 1"), 2, "id", "String should match pattern"),
        (ROOM.replace("Room 1", "''"), 6, "content.name", "String should have at least 1"),
        (ROOM.replace("  name: Room 1\n", "  {}\n"), 5, "content.name", "Field required"),
        (ROOM.replace("clinic: north\n", "clinic: [\n"), 6, "", "expected ',' or ']'"),
        (ROOM.replace("Room 1", "*a"), 6, "", "aliases (*) are not taken"),
        (ROOM.replace("Room 1", "!!python/name:os.system x"), 6, "content.name", "tag:yaml"),
        (ROOM.replace("Room 1", "[" * 50), 6, "", "more than 40 levels are not taken"),
        (f"{ROOM}? [a]\n: b\n", 7, "", "a name must be a plain word"),
        ("just words\n", 1, "", "Input should be an object"),
        ("a: \x07\n", 1, "", "unacceptable character"),
        (CLINIC.replace("id: north", "id: north.1"), 1, "", "the id of a clinic must match"),
        (f"{CLINIC}clinic: south\n", 1, "", "it is about north, so it cannot belong to south"),
        (DIRECTOR.format(valid_from="2026-03-01"), 8, "content.valid_from", "when 2026-03-01"),
        (DIRECTOR.format(valid_from="soon"), 8, "content.valid_from", "'soon' is not a time"),
        (DIRECTOR.format(valid_from="2026-03-01T09:30"), 8, "content.valid_from", "'2026-03-01T"),
        (DIRECTOR.format(valid_from="2026-02-30T00:00Z"), 8, "content.valid_from", "day"),
        (
            DIRECTOR.format(valid_from="5").replace("valid_from:", "valid_from_ms: x #"),
            8,
            "content.valid_from_ms",
            "Input should be a valid integer",
        ),
        (
            f"{DIRECTOR.format(valid_from='2026-03-01T00:00Z')}  valid_until: 2025-03-01T00:00Z\n",
            5,
            "content",
            "valid_until_ms 1740787200000 is not after",
        ),
        (f"{CLINIC}---\n{APPROVAL}", 11, "content.protocol_digest", "Field required"),
        (
            PROTOCOL.replace("unit: mm", "unit: Hz"),
            10,
            "content.bands.0.upper",
            "depth is limited in mm, not in Hz",
        ),
        (f"{ROOM}---\n{ROOM}", 8, "version", "this version is given before, in 0.yaml:1"),
        (
            PROTOCOL.replace("0.25", "9007199254740995"),
            1,
            "",
            "beyond 2^53",
        ),
    ],
)
def test_mistake_is_told_with_file_line_field_and_remedy(
    tmp_path: Path, text: str, line: int, field: str, what: str
) -> None:
    (problem,) = _problems(tmp_path, text)
    assert (problem.file, problem.line, problem.field) == ("0.yaml", line, field)
    assert problem.what.startswith(what) or what in problem.what
    assert problem.remedy
    assert str(problem).startswith(f"0.yaml:{line}: {field}")


def test_unknown_time_zone_is_told_where_a_bare_date_needs_it(tmp_path: Path) -> None:
    clinic = CLINIC.replace("Europe/Vienna", "Europe/Nowhere")
    (problem,) = _problems(tmp_path, clinic, DIRECTOR.format(valid_from="2026-03-01"))
    assert (problem.file, problem.line, problem.field) == ("1.yaml", 8, "content.valid_from")
    assert "Europe/Nowhere" in problem.what


def test_same_version_for_one_clinic_and_for_all_is_a_mistake(tmp_path: Path) -> None:
    everybody = ROOM.replace("clinic: north\n", "")
    (problem,) = _problems(tmp_path, ROOM, everybody)
    assert (problem.file, problem.field) == ("1.yaml", "version")


def test_same_version_at_two_clinics_is_none(tmp_path: Path) -> None:
    assert len(_load(tmp_path, ROOM, ROOM.replace("north", "south")).documents) == 2


def test_document_larger_than_a_message_is_a_mistake(tmp_path: Path) -> None:
    zones = ", ".join(f"zone-{number:034}" for number in range(60))
    band = PROTOCOL.splitlines(keepends=True)[9].replace(
        "- upper", f"- zones: [{zones}]\n      upper"
    )
    text = PROTOCOL.replace("  gates:", f"{band * 110}  gates:")
    (problem,) = _problems(tmp_path, text)
    assert "bytes, at most 262144 are taken" in problem.what


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    wrong = ROOM.replace("Room 1", "''").replace('"1"', "1")
    problems = _problems(tmp_path, wrong, f"{ROOM}x: 1\n", "a: [\n")
    assert [(problem.file, problem.field) for problem in problems] == [
        ("0.yaml", "version"),
        ("1.yaml", "x"),
        ("2.yaml", ""),
    ]


def test_more_mistakes_than_are_listed_are_counted(tmp_path: Path) -> None:
    extra = "".join(f"x{number}: 1\n" for number in range(PROBLEMS_LISTED_MAX + 5))
    with pytest.raises(FolderError, match=r"\.\.\. and 5 more"):
        _load(tmp_path, ROOM + extra)


def test_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"kind: \xff")
    (problem,) = _problems(tmp_path)
    assert (problem.file, problem.line) == ("a.yaml", 1)
    assert "cannot be read" in problem.what


def test_file_too_large_is_a_mistake(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path, "#" * (FILE_MAX_BYTES + 1))
    assert problem.what == f"has more than {FILE_MAX_BYTES} bytes"


def test_file_named_yml_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yml").touch()
    (problem,) = _problems(tmp_path, ROOM)
    assert (problem.file, problem.remedy) == ("a.yml", "Rename it to .yaml.")


def test_folder_with_too_many_files_is_refused(tmp_path: Path) -> None:
    for number in range(FILES_PER_FOLDER_MAX + 1):
        (tmp_path / f"{number}.yaml").touch()
    with pytest.raises(UsageError, match="1001 files"):
        load_folder(tmp_path)


@pytest.mark.parametrize("name", [".", "absent"])
def test_folder_without_files_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="folder"):
        load_folder(tmp_path / name)


def _folder(parent: Path, name: str, text: str) -> Path:
    folder = parent / name
    folder.mkdir()
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return folder


def test_several_folders_are_read_as_one_in_the_order_given(tmp_path: Path) -> None:
    shared = _folder(tmp_path, "z-shared", PROTOCOL)
    own = _folder(tmp_path, "a-own", f"{CLINIC}---\n{APPROVAL}")
    folder = load_folders([shared, own])
    protocol, clinic, approval = folder.documents
    assert (protocol.kind, clinic.kind) == ("protocol", "clinic")
    assert approval.content["protocol_digest"] == protocol.digest
    assert [document.file for document in folder.documents] == [
        str(shared / "a.yaml"),
        str(own / "a.yaml"),
        str(own / "a.yaml"),
    ]
    assert [warning.what for warning in folder.warnings] == [
        "director director-1 is not in this folder"
    ]


def test_time_zone_is_known_from_another_folder(tmp_path: Path) -> None:
    people = _folder(tmp_path, "people", DIRECTOR.format(valid_from="2026-03-01"))
    director, _ = load_folders([people, _folder(tmp_path, "clinic", CLINIC)]).documents
    assert director.content["valid_from_ms"] == 1_772_319_600_000


def test_same_version_in_two_folders_is_a_mistake_that_names_both(tmp_path: Path) -> None:
    first, second = _folder(tmp_path, "first", ROOM), _folder(tmp_path, "second", ROOM)
    with pytest.raises(FolderError) as caught:
        load_folders([first, second])
    (problem,) = caught.value.problems
    assert problem.file == str(second / "a.yaml")
    assert problem.what == f"this version is given before, in {first / 'a.yaml'}:1"
    assert f"1 to correct in {first}, {second}" in str(caught.value)


def test_folder_given_twice_is_read_once(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "clinic", ROOM)
    (document,) = load_folders([folder, folder / ".." / "clinic"]).documents
    assert document.file == "a.yaml"


def test_one_of_several_folders_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="absent is not a folder"):
        load_folders([_folder(tmp_path, "clinic", ROOM), tmp_path / "absent"])


def test_examples_beside_protocols_are_not_read(tmp_path: Path) -> None:
    (tmp_path / f"0{EXAMPLES_SUFFIX}").write_text("protocol: protocol-1\n", encoding="utf-8")
    assert [document.file for document in _load(tmp_path, ROOM).documents] == ["0.yaml"]


def test_folder_of_nothing_but_examples_is_refused(tmp_path: Path) -> None:
    (tmp_path / f"0{EXAMPLES_SUFFIX}").write_text("protocol: protocol-1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="holds 0 files"):
        load_folder(tmp_path)
