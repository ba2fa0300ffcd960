"""`verify`, `backup`, `restore`, `doctor` on a recorded folder."""

import shutil
from pathlib import Path

import pytest

from support.journal_edits import flip_payload_bit
from support.program import command


def test_verify_prints_the_head_to_note(data: Path) -> None:
    result = command("verify", "--data", data, "--json")
    assert result.exit_code == 0
    assert result.json()["intact"] is True
    again = command("verify", "--data", data, "--against", result.json()["head"])
    assert again.exit_code == 0
    assert "every entry is as it was recorded" in again.output


def test_verify_names_the_first_bad_entry(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert command("backup", copy, "--data", data).exit_code == 0
    flip_payload_bit(copy, entry_id=17)
    result = command("verify", copy)
    assert result.exit_code == 1
    assert "entry 17" in result.errors


def test_verify_refuses_a_head_it_cannot_read(data: Path) -> None:
    result = command("verify", "--data", data, "--against", "yesterday")
    assert result.exit_code == 2
    assert "ENTRY_ID" in result.errors


def test_restored_backup_verifies_and_the_former_file_is_kept(data: Path, tmp_path: Path) -> None:
    copy, other = tmp_path / "copy.db", tmp_path / "other"
    command("backup", copy, "--data", data)
    other.mkdir()
    shutil.copy(copy, other / "journal.db")
    result = command("restore", copy, "--data", other)
    assert result.exit_code == 0, result.errors
    assert command("verify", "--data", other).exit_code == 0
    assert (other / "journal.db.before-restore-1").exists()


@pytest.mark.parametrize("words", [("verify",), ("backup", "x.db"), ("restore", "x.db")])
def test_missing_journal_is_said_in_words(words: tuple[str, ...], tmp_path: Path) -> None:
    arguments = [str(tmp_path / word) if word.endswith(".db") else word for word in words]
    result = command(*arguments, "--data", tmp_path)
    assert result.exit_code == 3
    assert result.errors.startswith("error: ")
    assert "Traceback" not in result.errors


def test_doctor_says_what_to_do_when_nothing_runs(data: Path) -> None:
    result = command("doctor", "--data", data)
    assert result.exit_code == 1
    assert "dermatrace up" in " ".join(result.output.split())


def test_doctor_says_that_an_import_comes_first(tmp_path: Path) -> None:
    nothing = command("doctor", "--data", tmp_path, "--json").json()[-1]
    assert (nothing["what"], nothing["found"]) == ("registry", "nothing is on record")
