"""The folder of secrets: made once, never changed, closed to others."""

import stat
from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.provision.broker_accounts import Account
from dermatrace.provision.secret_files import SERVER_SECRETS, make_secrets
from support.compose import ComposeFile

PEN = Account(name="pen-7", kind="device", clinics=("north",))
OFFICE = Account(name="office", kind="staff", clinics=("north",))


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_everything_that_the_containers_are_given_is_made(tmp_path: Path) -> None:
    list(make_secrets(tmp_path / "secrets"))
    for file in ComposeFile.ours().secret_files.values():
        assert (tmp_path / file).is_file(), file


def test_every_secret_is_long_random_and_its_own(tmp_path: Path) -> None:
    list(make_secrets(tmp_path / "one", [PEN]))
    list(make_secrets(tmp_path / "other", [PEN]))
    found = _content(tmp_path)
    secrets = [text.strip() for name, text in found.items() if not name.endswith(".toml")]
    assert len(secrets) == 2 * (len(SERVER_SECRETS) + len(("ingest", "judge", "health", "pen-7")))
    assert len(set(secrets)) == len(secrets)
    assert all(len(bytes.fromhex(secret.decode())) == 32 for secret in secrets)


def test_second_run_changes_nothing(tmp_path: Path) -> None:
    list(make_secrets(tmp_path, [PEN]))
    before = _content(tmp_path)
    assert {step.outcome for step in make_secrets(tmp_path, [PEN])} == {"unchanged"}
    assert _content(tmp_path) == before


def test_secret_that_somebody_chose_stays(tmp_path: Path) -> None:
    (tmp_path / "grafana-password").write_text("chosen by a person\n")
    list(make_secrets(tmp_path))
    assert (tmp_path / "grafana-password").read_text() == "chosen by a person\n"


def test_only_the_deleted_secret_is_made_anew(tmp_path: Path) -> None:
    list(make_secrets(tmp_path))
    before = _content(tmp_path)
    (tmp_path / "influxdb-token").unlink()
    steps = [step for step in make_secrets(tmp_path) if step.outcome != "unchanged"]
    assert [(step.what, step.outcome) for step in steps] == [
        (str(tmp_path / "influxdb-token"), "made")
    ]
    changed = {name for name, text in _content(tmp_path).items() if before[name] != text}
    assert changed == {"influxdb-token"}


def test_folder_is_closed_and_what_is_in_it_can_be_read_in_a_container(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o755)
    list(make_secrets(folder, [PEN]))
    assert _mode(folder) == 0o700
    assert _mode(folder / "broker") == 0o755
    assert {_mode(path) for path in folder.rglob("*") if path.is_file()} == {0o644}


def test_account_is_added_once_and_the_others_keep_their_passwords(tmp_path: Path) -> None:
    list(make_secrets(tmp_path, [PEN]))
    before = _content(tmp_path)
    list(make_secrets(tmp_path, [PEN, OFFICE]))
    after = _content(tmp_path)
    assert after.keys() - before.keys() == {"broker/office"}
    assert {name for name in before if before[name] != after[name]} == {"broker/accounts.toml"}
    assert after["broker/accounts.toml"].count(b'pen-7"') == 1


def test_what_people_wrote_into_the_list_stays(tmp_path: Path) -> None:
    list(make_secrets(tmp_path))
    file = tmp_path / "broker" / "accounts.toml"
    text = file.read_text() + "\n# the tablet in room 2 is on loan\n"
    file.write_text(text)
    list(make_secrets(tmp_path, [PEN]))
    assert file.read_text().startswith(text)


def test_empty_secret_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "grafana-password").touch()
    with pytest.raises(UsageError, match="is empty"):
        list(make_secrets(tmp_path))


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()
    with pytest.raises(UsageError, match="cannot be used for secrets"):
        list(make_secrets(tmp_path / "secrets"))
