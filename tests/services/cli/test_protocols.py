"""`dermatrace protocols`, as it is typed."""

from pathlib import Path

import pytest

from dermatrace.registry.load import is_examples, load_folder
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.library import sample_clinic
from support.manual_clock import ManualClock
from support.program import Result
from support.program import command as dermatrace
from support.protocol_texts import NANO, RF, ROOM, with_words, written
from support.registry_shelf import DIRECTOR, PROTOCOL, Facts, shelve
from support.scribe import Scribe

SAMPLE = sample_clinic()
RF_SAMPLE = "example-rf-needling"
RETIRED_MS, RETIRED = 1_000_000, "1970-01-01 00:16:40Z"


def _facts(version: str, **changed: object) -> Facts:
    content = {**PROTOCOL, **changed}
    return ("protocol", "own", version, content)  # type: ignore[return-value]  # members are JSON


FIRST, SECOND = _facts("1"), _facts("2", title="Second")
ELSEWHERE = _facts("2", title="Second, elsewhere")
APPOINTED: Facts = ("director", "director-1", "1", DIRECTOR)
APPROVED: Facts = (
    "approval",
    "approval-1",
    "1",
    {
        "clinic": "west",
        "protocol_id": "own",
        "protocol_version": "2",
        "protocol_digest": registry_digest(SECOND[3]),
        "director_id": "director-1",
        "effective_from_ms": 0,
        "retired_from_ms": RETIRED_MS,
    },
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder: both sample clinics, and a protocol in which two others differ."""
    data = tmp_path_factory.mktemp("protocols")
    folder = load_folder(SAMPLE)
    with Scribe(data / "journal.db", ManualClock()) as scribe:
        for clinic in folder.clinics:
            documents = folder.documents_of(clinic)
            shelve(scribe, *((*d.named, d.content) for d in documents), clinic=clinic)
        shelve(scribe, FIRST, SECOND, APPOINTED, APPROVED, clinic="west")
        shelve(scribe, FIRST, ELSEWHERE, clinic="east")
    return data


def _protocols(*words: str | Path) -> Result:
    return dermatrace("protocols", *words)


def _file(folder: Path, text: str, name: str = "own.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def _words(text: str) -> str:
    return " ".join(text.split())


def test_check_of_the_library_finds_no_mistake_and_tells_what_awaits_a_director() -> None:
    given = sorted((SAMPLE.parent / "treatment_protocols").glob("*.yaml"))
    files = [file for file in given if not is_examples(file)]
    result = _protocols("check", *given)
    assert result.exit_code == 0, result.errors
    assert result.output.startswith(f"{len(files)} without a mistake, ")
    assert result.errors.count("not looked at: examples. `protocols test` runs them.") == len(files)
    assert result.errors.count("The director must enter it") > len(files)


def test_check_tells_mistakes_warnings_and_remarks_apart(tmp_path: Path) -> None:
    text = with_words(RF, ("[clinic]", "[home]"), ("1.5", "null"))
    file = _file(tmp_path, f"{text}---\n{ROOM}")
    result = _protocols("check", file)
    assert result.exit_code == 2
    assert result.output.startswith(f"{file}:7: content.settings.0: rf_needling is not for use")
    assert f"look at {file}:11: content.bands.0.upper.value: upper depth" in result.errors
    assert f"note: {file}:21: not looked at: room" in result.errors
    assert "error: 1 to correct" in result.errors


def test_check_for_programs_has_every_part(tmp_path: Path) -> None:
    wrong = _file(tmp_path, with_words(NANO, ("unit: mm", "unit: Hz")), "wrong.yaml")
    right = _file(tmp_path, with_words(NANO, (", pinpoint_bleeding", "")), "right.yaml")
    result = _protocols("check", wrong, right, "--json")
    told = result.json()
    assert result.exit_code == 2
    ((mistake,), (warning,), (protocol,)) = told["mistakes"], told["warnings"], told["protocols"]
    assert (mistake["file"], mistake["field"]) == (str(wrong), "content.bands.0.upper")
    assert (warning["line"], warning["field"]) == (19, "content.endpoints_forbidden")
    assert protocol["digest"] == written(tmp_path, right.read_text(encoding="utf-8")).digest
    assert told["remarks"] == []


def test_check_tells_line_100_as_a_number(tmp_path: Path) -> None:
    file = _file(tmp_path, "#\n" * 99 + with_words(NANO, ("kind: protocol", "kind: protocl")))
    assert f"{file}:100: kind: " in _protocols("check", file).output


def test_check_of_no_protocol_at_all_is_asked_wrongly(tmp_path: Path) -> None:
    result = _protocols("check", _file(tmp_path, ROOM))
    assert (result.exit_code, "`kind: protocol`" in result.errors) == (2, True)


def test_digest_is_what_an_import_sends(tmp_path: Path) -> None:
    file = SAMPLE / "protocol-rf-needling.yaml"
    (digest,) = [d.digest for d in load_folder(SAMPLE).documents if d.registry_id == RF_SAMPLE]
    own = _file(tmp_path, NANO)
    assert _protocols("digest", file, own).output.splitlines() == [
        f"{RF_SAMPLE} 1 {digest}",
        f"own 1 {written(tmp_path, NANO).digest}",
    ]


def test_digest_of_a_mistake_is_refused(tmp_path: Path) -> None:
    result = _protocols("digest", _file(tmp_path, with_words(NANO, ("0.25", "deep"))))
    assert (result.exit_code, result.output) == (2, "")
    assert "content.bands.0.upper.value" in result.errors


def test_show_of_a_file_tells_everything_it_says(tmp_path: Path) -> None:
    text = with_words(NANO, ("value: 3, source: a page", "value: null, source: none found"))
    file = _file(tmp_path, text)
    result = _protocols("show", file, "--data", tmp_path)
    assert result.exit_code == 0, result.errors
    for expected in (
        f"own, version 1, {file}:1",
        f"digest {written(tmp_path, text).digest}",
        "depth every zone 0.25 mm S 1",
        "pass count every zone to be S 2 entered",
        "absolute, if yes or unknown: active_implant",
        "endpoints forbidden bleeding, pinpoint_bleeding",
        "data coverage min 0.9 (trust S, source 1)",
        "2 none found",
        "on record: no",
    ):
        assert expected in _words(result.output)
    assert "phototypes" not in result.output


def test_show_of_a_file_tells_each_protocol_or_the_version_asked_for(tmp_path: Path) -> None:
    text = with_words(
        NANO, ("upper: {quantity: depth", "phototypes: [V]\n      upper: {quantity: depth")
    )
    second = with_words(text, ('version: "1"', 'version: "2"'))
    file = _file(tmp_path, f"{NANO}---\n{second}")
    assert [one["version"] for one in _protocols("show", file, "--json").json()] == ["1", "2"]
    words = _words(_protocols("show", file, "--version", "2").output)
    assert "own, version 1" not in words
    assert "depth every zone V 0.25 mm" in words
    refused = _protocols("show", file, "--version", "3")
    assert (refused.exit_code, "own@1, own@2" in refused.errors) == (2, True)


def test_show_of_what_is_on_record_tells_entry_approval_and_director(kept: Path) -> None:
    words = _words(_protocols("show", RF_SAMPLE, "--data", kept).output)
    for clinic in ("north", "south"):
        assert f"on record at {clinic}-clinic since entry " in words
        assert f"approval {clinic}-rf-needling version 1 from 2025-01-01 00:00:00Z" in words
        assert f"by director {clinic}-director in force today: yes" in words


def test_show_tells_why_a_version_is_not_in_force(kept: Path) -> None:
    words = ("show", "own", "--clinic", "west", "--data", kept)
    ((told,),) = [one["on_record"] for one in _protocols(*words, "--json").json()]
    assert (told["clinic"], told["in_force"]) == ("west", False)
    assert told["why_not"] == "no approval of it is in force"
    (approval,) = told["approvals"]
    assert (approval["director_id"], approval["why_not"]) == ("director-1", f"ended {RETIRED}")
    assert f"until {RETIRED}" in _protocols(*words).output
    older = _words(_protocols(*words, "--version", "1").output)
    assert "in force today: no: version 2 took its place" in older


def test_show_of_a_file_tells_that_its_version_is_taken(kept: Path, tmp_path: Path) -> None:
    result = _protocols("show", _file(tmp_path, NANO), "--clinic", "east", "--data", kept)
    taken = f"on record with other content, digest {registry_digest(FIRST[3])}"
    assert taken in _words(result.output)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("show", "absent"), "no protocol absent is on record"),
        (("show", "absent.yaml"), "there is no file absent.yaml"),
        (("show", "own"), "east has version 2, west has version 2"),
        (("show", "own", "--version", "7"), "On record are: 1, 2."),
        (("show", "own", "--clinic", "south-clinic"), "on record at south-clinic"),
        (("diff", "own@1", "own@7"), "there is no version 7"),
    ],
)
def test_what_cannot_be_shown_says_why(kept: Path, words: tuple[str, ...], expected: str) -> None:
    result = _protocols(*words, "--data", kept)
    assert result.exit_code == 2
    assert expected in result.errors


def test_show_of_an_id_without_a_record_says_so(tmp_path: Path) -> None:
    result = _protocols("show", "own", "--data", tmp_path)
    assert result.exit_code == 2
    assert f"neither a file own nor a record in {tmp_path}" in result.errors


def test_diff_of_a_file_and_the_record_tells_the_changes_and_both_digests(
    kept: Path, tmp_path: Path
) -> None:
    file = _file(tmp_path, NANO)
    words = ("diff", "own@1", file, "--data", kept)
    spoken, told = _protocols(*words), _protocols(*words, "--json").json()
    assert spoken.exit_code == 0, spoken.errors
    assert "before: own, version 1, on record at east, west" in spoken.output
    assert "upper pass count at every zone: added, 3" in spoken.output
    assert f"digest {told['before']['digest']}" in spoken.output
    assert told["after"]["digest"] == written(tmp_path, NANO).digest
    assert {
        "what": "title",
        "change": "changed",
        "before": "Protocol",
        "after": "Our own",
    } in told["changes"]


def test_diff_compares_two_versions_of_one_file(tmp_path: Path) -> None:
    second = with_words(NANO, ('version: "1"', 'version: "2"'), ("0.25", "0.2"))
    file = _file(tmp_path, f"{NANO}---\n{second}")
    result = _protocols("diff", f"{file}@1", f"{file}@2")
    assert result.output.splitlines()[-1] == "upper depth at every zone: lowered, 0.25 mm → 0.2 mm"
    refused = _protocols("diff", file, file)
    assert (refused.exit_code, "holds own@1, own@2" in refused.errors) == (2, True)


def test_diff_without_a_change_tells_whether_an_approval_covers_both(tmp_path: Path) -> None:
    file = _file(tmp_path, NANO)
    other = _file(tmp_path, with_words(NANO, ("[cheek, chin]", "[chin, cheek]")), "other.yaml")
    assert "an approval of one is an approval of the other" in _protocols("diff", file, file).output
    assert "an approval of one is none of the other" in _protocols("diff", file, other).output
