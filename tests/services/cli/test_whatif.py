"""`dermatrace whatif`, as it is typed."""

from pathlib import Path

import pytest

from dermatrace.cli.whatif import CHANGES_SHOWN_MAX
from dermatrace_schemas.library import sample_clinic
from support.judged_clinic import FIRST_DAY, MEDICAL, RUNNING, UNDATED
from support.program import Result
from support.program import command as dermatrace
from support.protocol_texts import with_words
from support.scribe import Scribe

SAMPLE = (sample_clinic() / "protocol-medical-needling.yaml").read_text(encoding="utf-8")
TIGHTER = with_words(SAMPLE, ("value: 28", "value: 40"), ('version: "1"', 'version: "2"'))
"""Sessions may be no less than 40 days apart instead of 28: one more of them came too early."""


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a draft."""
    file = tmp_path_factory.mktemp("draft") / "draft.yaml"
    file.write_text(TIGHTER, encoding="utf-8")
    return file


def _whatif(folder: Path, draft: Path, *words: str) -> Result:
    result = dermatrace("whatif", "--protocol", draft, "--data", folder, *words)
    assert result.exit_code == 0, result.errors
    return result


def test_sessions_that_used_the_id_are_told_with_what_changes(judged: Path, draft: Path) -> None:
    result = _whatif(judged, draft)
    lines = result.output.splitlines()
    assert lines[0].startswith("A draft is not approved: what gate.approval says")
    assert result.output.count("gate.approval") == 1
    assert MEDICAL[5] in result.output
    assert "series.early" in result.output
    assert lines[-1].startswith(f"{len(MEDICAL)} sessions judged twice in ")
    assert "sessions/s; 1 would have come to something else" in lines[-1]


def test_json_has_every_session_and_every_change(judged: Path, draft: Path) -> None:
    told = _whatif(judged, draft, "--json").json()
    assert [one["session"]["stream_id"] for one in told["sessions"]] == list(MEDICAL.values())
    assert [len(one["changes"]) for one in told["sessions"]][:2] == [0, 0]
    changes = told["sessions"][2]["changes"]
    assert {(change["rule"], change["before"], change["after"]) for change in changes} == {
        ("series.early", None, "medium"),
    }
    assert told["left_out"] == "gate.approval"
    assert told["sessions_per_s"] > 0


def test_progress_is_not_shown_where_nobody_looks(judged: Path, draft: Path) -> None:
    assert _whatif(judged, draft).errors == ""


def test_named_session_that_cannot_be_judged_is_told_with_the_reason(
    judged: Path, draft: Path
) -> None:
    result = _whatif(judged, draft, RUNNING, MEDICAL[1])
    assert f"not judged: {RUNNING} (south-clinic pen-south-1): it has not ended" in result.output
    assert "1 session judged twice" in result.output


def test_sessions_before_a_day_are_left_out(judged: Path, draft: Path) -> None:
    told = _whatif(judged, draft, "--since", "2026-06-17", "--json").json()
    assert [one["session"]["stream_id"] for one in told["sessions"]] == [MEDICAL[3], MEDICAL[5]]


def test_session_of_which_nobody_knows_the_day_is_in_no_span(judged: Path, draft: Path) -> None:
    told = _whatif(judged, draft, UNDATED, "--since", FIRST_DAY, "--json").json()
    assert (told["sessions"], told["not_judged"]) == ([], [])


def test_other_clinic_has_no_such_session(judged: Path, draft: Path) -> None:
    told = _whatif(judged, draft, "--clinic", "south-clinic", "--json").json()
    assert told["sessions"] == []


def test_many_changes_are_cut_and_counted(judged: Path, tmp_path: Path) -> None:
    cosmetic = sample_clinic() / "protocol-cosmetic-needling.yaml"
    shallow = f"{SAMPLE}---\n{cosmetic.read_text(encoding='utf-8')}"
    for depth in ("0.75", "1.0", "0.5", "2.0", "0.25"):
        shallow = shallow.replace(f"value: {depth}", "value: 0.1")
    file = tmp_path / "shallow.yaml"
    file.write_text(shallow, encoding="utf-8")
    told = _whatif(judged, file, "--json").json()["sessions"]
    hidden = sum(len(one["changes"]) for one in told) - CHANGES_SHOWN_MAX
    assert hidden > 0
    assert f"{hidden} more; --json has them all" in _whatif(judged, file).output


def test_asking_changes_no_file(judged: Path, draft: Path) -> None:
    before = {path.name: path.read_bytes() for path in judged.glob("*.db")}
    _whatif(judged, draft)
    assert {path.name: path.read_bytes() for path in judged.glob("*.db")} == before
    assert not (judged / "outbox").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nothing",), "not in the index: nothing"),
        (("--since", "yesterday"), "'yesterday' is no date"),
    ],
)
def test_what_nobody_knows_is_asked_wrongly(
    judged: Path, draft: Path, words: tuple[str, ...], told: str
) -> None:
    result = dermatrace("whatif", "--protocol", draft, "--data", judged, *words)
    assert result.exit_code == 2
    assert told in result.errors


def test_without_an_index_the_judge_is_to_be_started(tmp_path: Path, draft: Path) -> None:
    Scribe(tmp_path / "journal.db").journal.close()
    result = dermatrace("whatif", "--protocol", draft, "--data", tmp_path)
    assert result.exit_code == 2
    assert "dermatrace judge" in result.errors
