"""`dermatrace registry` and `dermatrace erase`, as they are typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.mqtt import BrokerAddress
from dermatrace_schemas.library import sample_clinic
from support.broker import Mosquitto
from support.program import Result, command, dermatrace
from support.recorder_thread import recorder_thread

SAMPLE = sample_clinic()
ROOM = 'kind: room\nid: room-1\nversion: "1"\nclinic: {clinic}\ncontent:\n  name: Room\n'


@pytest.fixture
def broker(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BrokerAddress:
    monkeypatch.setenv("DERMATRACE_BROKER_PORT", str(mosquitto.port))
    monkeypatch.setenv("DERMATRACE_DATA", str(tmp_path / "data"))
    return BrokerAddress(host=mosquitto.host, port=mosquitto.port)


@pytest.fixture
def journal(tmp_path: Path, broker: BrokerAddress) -> Iterator[Path]:
    path = tmp_path / "journal.db"
    with recorder_thread(path, broker):
        yield path


def _states(result: Result) -> list[tuple[str, list[str]]]:
    imports: list[dict[str, Any]] = result.json()["imports"]
    return [
        (done["clinic"], sorted({document["state"] for document in done["documents"]}))
        for done in imports
    ]


def _payloads(journal: Path) -> bytes:
    with JournalReader(journal) as reader:
        return b"\n".join(entry.payload or b"" for entry in reader.read_after(0))


def test_dry_run_lists_every_document_and_sends_nothing() -> None:
    result = command("registry", "import", SAMPLE, "--dry-run", "--clinic", "north-clinic")
    assert result.exit_code == 0, result.errors
    assert "north-clinic, not sent" in result.output
    assert "example-rf-needling" in result.output
    assert "south-clinic" not in result.output


def test_mistake_is_told_with_file_and_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_text(ROOM.format(clinic="north") + "  floor: 2\n", "utf-8")
    result = command("registry", "import", tmp_path)
    assert result.exit_code == 2
    assert (
        "room.yaml:7: content.floor: there is no such member. Correct its spelling" in result.errors
    )
    assert "Nothing was sent; 1 to correct" in result.errors


def test_warning_goes_aside_and_into_the_json(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_text(ROOM.format(clinic="north"), "utf-8")
    warning = "room.yaml:1: clinic: clinic north is not in this folder"
    spoken = command("registry", "import", tmp_path, "--dry-run")
    assert (spoken.exit_code, warning in spoken.errors) == (0, True)
    told = command("registry", "import", tmp_path, "--dry-run", "--json").json()
    assert told["warnings"][0].startswith(warning)
    assert told["imports"][0]["documents"][0]["file"] == "room.yaml"


def test_check_tells_every_mistake_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_text(ROOM.format(clinic="north") + "  floor: 2\nx: 1\n", "utf-8")
    spoken = command("registry", "check", tmp_path)
    assert spoken.exit_code == 2
    assert spoken.output.splitlines() == [
        "room.yaml:8: x: there is no such member. Correct its spelling or remove it."
    ]
    assert "1 to correct" in spoken.errors
    told = command("registry", "check", tmp_path, "--json")
    assert told.exit_code == 2
    assert told.json()["mistakes"] == [
        {
            "file": "room.yaml",
            "line": 8,
            "field": "x",
            "what": "there is no such member",
            "remedy": "Correct its spelling or remove it.",
        }
    ]


def test_check_needs_neither_broker_nor_journal_and_warnings_leave_0(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_text(ROOM.format(clinic="north"), "utf-8")
    spoken = command("registry", "check", tmp_path)
    assert (spoken.exit_code, spoken.output) == (0, "1 documents of north, without a mistake\n")
    assert "look at room.yaml:1: clinic: clinic north is not in this folder" in spoken.errors
    told = command("registry", "check", tmp_path, "--json").json()
    assert (told["mistakes"], told["warnings"][0]["field"]) == ([], "clinic")
    assert told["documents"][0]["registry_id"] == "room-1"


def test_check_takes_several_folders_and_the_library_as_one(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_text(ROOM.format(clinic="north-clinic"), "utf-8")
    alone = command("registry", "check", tmp_path, "--json").json()
    both = command("registry", "check", tmp_path, SAMPLE, "--with-library", "--json").json()
    assert [warning["what"] for warning in alone["warnings"]] == [
        "clinic north-clinic is not in this folder"
    ]
    files = {Path(document["file"]) for document in both["documents"]}
    assert both["mistakes"] == []
    assert tmp_path / "room.yaml" in files
    assert {"sample_clinic", "device_models"} <= {file.parent.name for file in files}


def test_import_of_the_library_alone_asks_for_a_clinic() -> None:
    words = ("registry", "import", "--with-library", "--dry-run")
    assert "Say for which with --clinic." in command(*words).errors
    result = command(*words, "--clinic", "north")
    assert (result.exit_code, "north, not sent" in result.output) == (0, True)


@pytest.mark.parametrize("name", ["check", "import"])
def test_without_any_folder_one_is_asked_for(name: str) -> None:
    result = command("registry", name)
    assert result.exit_code == 2
    assert "Name one or more, or use --with-library." in result.errors


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--clinic", "nroth-clinic"), "the folder holds nothing of nroth-clinic"),
        (("--as", "Front Desk"), "sender 'Front Desk' does not match"),
        (("--as", "dermatrace"), "is the recorder itself"),
    ],
)
def test_impossible_name_is_refused(
    options: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    result = command("registry", "import", SAMPLE, "--data", tmp_path, *options)
    assert result.exit_code == 2
    assert expected in result.errors


def test_folder_that_names_no_clinic_asks_for_one(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ROOM.replace("clinic: {clinic}\n", ""), "utf-8")
    result = command("registry", "import", tmp_path, "--dry-run")
    assert (result.exit_code, "Say for which with --clinic." in result.errors) == (2, True)
    result = command("registry", "import", tmp_path, "--dry-run", "--clinic", "north")
    assert (result.exit_code, "north, not sent" in result.output) == (0, True)


@pytest.mark.broker
@pytest.mark.slow
def test_import_records_the_sample_at_both_clinics(journal: Path) -> None:
    result = dermatrace("registry", "import", SAMPLE, "--json")
    assert result.exit_code == 0, result.errors
    assert _states(result) == [("north-clinic", ["recorded"]), ("south-clinic", ["recorded"])]
    assert _payloads(journal).count(b'"example-rf-needling","version"') == 2


@pytest.mark.broker
@pytest.mark.usefixtures("broker")
def test_import_that_nobody_records_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ROOM.format(clinic="north"), "utf-8")
    result = command("registry", "import", tmp_path, "--wait-s", "0.1")
    assert result.exit_code == 1
    assert "waiting" in result.output


@pytest.mark.broker
@pytest.mark.slow
def test_erase_deletes_what_an_import_recorded(tmp_path: Path, journal: Path) -> None:
    (tmp_path / "a.yaml").write_text(ROOM.format(clinic="north"), "utf-8")
    done = command("registry", "import", tmp_path, "--json").json()["imports"][0]
    stream = f"north/registry/registry/{done['stream_id']}"
    assert b'"room-1"' in _payloads(journal)

    order = ("erase", "--stream", stream, "--reason", "entered by mistake", "--by", "director-1")
    unconfirmed = command(*order)
    assert unconfirmed.exit_code == 1
    assert f"Will be deleted: {stream}" in unconfirmed.output
    assert "cannot be undone. Backups keep the data" in unconfirmed.output
    assert b'"room-1"' in _payloads(journal)

    confirmed = command(*order, "--yes")
    assert confirmed.exit_code == 0, confirmed.errors
    assert b'"room-1"' not in _payloads(journal)
    assert b'"entered by mistake"' in _payloads(journal)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "an erasure names a subject_id, streams or both"),
        (("--subject", "subject-7f3a9c"), "Say whose order: --clinic."),
        (("--stream", "north"), "Write CLINIC/SENDER/CLASS/STREAM_ID."),
    ],
)
def test_order_without_a_possible_name_is_refused(options: tuple[str, ...], expected: str) -> None:
    result = command("erase", "--reason", "asked for", "--by", "director-1", *options)
    assert result.exit_code == 2
    assert expected in result.errors
