"""Protocols in files: what is read, every mistake, and the digest an approval names."""

from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.registry.load import FILE_MAX_BYTES, load_folder
from dermatrace.registry.problems import PROBLEMS_LISTED_MAX, Problem
from dermatrace.registry.protocol_files import ProtocolFiles, read_protocols
from dermatrace.registry.shipped import shipped_folders
from dermatrace_schemas.library import sample_clinic
from support.protocol_texts import NANO, ROOM, with_words

LIBRARY = [sample_clinic(), *shipped_folders()]


def _read(folder: Path, *texts: str) -> ProtocolFiles:
    files = [folder / f"{number}.yaml" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return read_protocols(files)


@pytest.mark.parametrize("folder", LIBRARY, ids=lambda folder: folder.name)
def test_library_reads_as_an_import_reads_it(folder: Path) -> None:
    read = read_protocols(sorted(folder.glob("*.yaml")))
    imported = [found for found in load_folder(folder).documents if found.kind == "protocol"]
    assert read.mistakes == []
    assert [
        (found.registry_id, found.version, found.digest, Path(found.file).name, found.line)
        for found in read.protocols
    ] == [
        (found.registry_id, found.version, found.digest, found.file, found.line)
        for found in imported
    ]


def test_several_protocols_of_a_file_keep_their_order_and_lines(tmp_path: Path) -> None:
    second = with_words(NANO, ('version: "1"', 'version: "2"'))
    protocols = _read(tmp_path, f"{NANO}---\n{second}").without_mistakes()
    assert [(found.version, found.line) for found in protocols] == [("1", 1), ("2", 21)]


def test_other_kinds_are_left_alone_with_one_remark_a_file(tmp_path: Path) -> None:
    read = _read(tmp_path, f"{ROOM}---\n{ROOM}  floor: 2\n---\nkind: approval\n---\n{NANO}")
    assert (len(read.protocols), read.mistakes) == (1, [])
    (remark,) = read.remarks
    assert (remark.file, remark.line) == (str(tmp_path / "0.yaml"), 1)
    assert remark.what == "not looked at: room, approval"


def test_file_given_twice_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(NANO, encoding="utf-8")
    read = read_protocols([file, tmp_path / ".." / tmp_path.name / "own.yaml"])
    assert len(read.without_mistakes()) == 1


@pytest.mark.parametrize(
    ("changes", "line", "field", "what"),
    [
        ((("unit: mm", "unit: Hz"),), 11, "content.bands.0.upper", "depth is limited in mm"),
        ((("  title", "  colour: red\n  title"),), 5, "content.colour", "no such member"),
        ((("title: Our own", ""),), 4, "content.title", "Field required"),
        ((('"1"\ncontent', "1\ncontent"),), 3, "version", "valid string"),
        ((("kind: protocol", "kind: protocl"),), 1, "kind", "Input should be 'protocol'"),
        ((("[cheek, chin]", "[cheek"),), 10, "", "expected ',' or ']'"),
        ((("0.25", "9007199254740995"),), 1, "", "beyond 2^53"),
        (
            (("upper: {quantity: depth", "upper: {quantity: depths"),),
            11,
            "content.bands.0.upper.quantity",
            "Input should be 'age'",
        ),
    ],
)
def test_mistake_is_told_with_line_field_and_remedy(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], line: int, field: str, what: str
) -> None:
    problem = _read(tmp_path, with_words(NANO, *changes)).mistakes[0]
    assert (problem.line, problem.field) == (line, field)
    assert what in problem.what
    assert problem.remedy


def test_lower_above_upper_is_a_mistake(tmp_path: Path) -> None:
    lower = "- lower: {quantity: depth, unit: mm, value: 0.5, source: a page, trust: S}\n      "
    text = with_words(NANO, ("- upper: {quantity: depth", lower + "upper: {quantity: depth"))
    (problem,) = _read(tmp_path, text).mistakes
    assert (problem.line, problem.what) == (11, "lower 0.5 is above upper 0.25")


def test_what_is_right_is_read_beside_what_is_not(tmp_path: Path) -> None:
    read = _read(tmp_path, with_words(NANO, ("title: Our own", "title: 1")), NANO)
    assert [Path(found.file).name for found in read.protocols] == ["1.yaml"]
    assert {Path(mistake.file).name for mistake in read.mistakes} == {"0.yaml"}


@pytest.mark.parametrize(
    ("clinics", "count"), [(("", ""), 1), (("", "north"), 1), (("north", "south"), 0)]
)
def test_same_version_at_one_clinic_is_a_mistake(
    tmp_path: Path, clinics: tuple[str, str], count: int
) -> None:
    texts = [NANO + (f"clinic: {clinic}\n" if clinic else "") for clinic in clinics]
    mistakes = _read(tmp_path, *texts).mistakes
    assert [(m.field, m.what) for m in mistakes] == count * [
        ("version", f"this version is given before, in {tmp_path / '0.yaml'}:1")
    ]


def _only_mistake(file: Path) -> Problem:
    (mistake,) = read_protocols([file]).mistakes
    return mistake


def test_what_is_no_file_of_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "bytes.yaml").write_bytes(b"kind: \xff")
    (tmp_path / "large.yaml").write_text("#" * (FILE_MAX_BYTES + 1), encoding="utf-8")
    assert "cannot be read" in _only_mistake(tmp_path / "bytes.yaml").what
    assert _only_mistake(tmp_path / "large.yaml").what == f"has more than {FILE_MAX_BYTES} bytes"
    assert _only_mistake(tmp_path).what == "is not a file"
    assert _only_mistake(tmp_path / "absent.yaml").what == "is not a file"


def test_whoever_needs_them_without_mistakes_is_told_all_of_them(tmp_path: Path) -> None:
    extra = "".join(f"x{number}: 1\n" for number in range(PROBLEMS_LISTED_MAX + 5))
    with pytest.raises(UsageError, match=f"{PROBLEMS_LISTED_MAX + 5} to correct") as caught:
        _read(tmp_path, NANO + extra).without_mistakes()
    assert str(caught.value).count("there is no such member") == PROBLEMS_LISTED_MAX


def test_whoever_needs_one_is_told_that_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no treatment protocol in what was named"):
        _read(tmp_path, ROOM).without_mistakes()
