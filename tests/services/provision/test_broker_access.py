"""Both files of the broker, from the list and the passwords."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.provision.broker_access import ACL, PASSWORDS, provision_broker
from dermatrace.provision.broker_accounts import ACCOUNTS_FILE, Account
from dermatrace.provision.secret_files import BROKER_FOLDER, make_secrets

PEN = Account(name="pen-7", kind="device", clinics=("north",))
OFFICE = Account(name="office", kind="staff", clinics=("north",))


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    """Return a folder with one account and all passwords."""
    list(make_secrets(tmp_path / "secrets", [PEN]))
    return tmp_path / "secrets" / BROKER_FOLDER


@pytest.fixture
def access(tmp_path: Path) -> Path:
    """Return the folder that the broker reads."""
    folder = tmp_path / "access"
    folder.mkdir()
    return folder


def _run(accounts: Path, access: Path) -> list[str]:
    return [step.outcome for step in provision_broker(accounts, access)]


def test_first_run_makes_both_and_a_second_changes_nothing(accounts: Path, access: Path) -> None:
    assert _run(accounts, access) == ["made", "made"]
    before = {name: (access / name).read_bytes() for name in (PASSWORDS, ACL)}
    assert _run(accounts, access) == ["unchanged", "unchanged"]
    assert {name: (access / name).read_bytes() for name in (PASSWORDS, ACL)} == before
    assert sorted(path.name for path in access.iterdir()) == [ACL, PASSWORDS]


def test_files_are_closed_to_others_whatever_the_umask(accounts: Path, access: Path) -> None:
    before = os.umask(0)
    try:
        _run(accounts, access)
    finally:
        os.umask(before)
    for name in (PASSWORDS, ACL):
        assert stat.S_IMODE((access / name).stat().st_mode) == 0o600


def test_new_account_and_new_password_arrive(accounts: Path, access: Path) -> None:
    _run(accounts, access)
    list(make_secrets(accounts.parent, [OFFICE]))
    (accounts / "pen-7").unlink()
    list(make_secrets(accounts.parent))
    assert _run(accounts, access) == ["changed", "changed"]
    assert "office:" in (access / PASSWORDS).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda folder: (folder / ACCOUNTS_FILE).unlink(), "secrets create"),
        (lambda folder: (folder / ACCOUNTS_FILE).write_text("[[account]]\n"), "account 1"),
        (lambda folder: (folder / "pen-7").unlink(), "pen-7 has no password"),
        (lambda folder: (folder / "judge").unlink(), "judge has no password"),
        (lambda folder: (folder / "pen-7").write_text(""), "is empty"),
    ],
)
def test_mistake_leaves_both_as_they_were(
    accounts: Path, access: Path, spoil: Callable[[Path], object], what: str
) -> None:
    _run(accounts, access)
    before = {name: (access / name).read_bytes() for name in (PASSWORDS, ACL)}
    spoil(accounts)
    with pytest.raises(UsageError, match=what):
        _run(accounts, access)
    assert {name: (access / name).read_bytes() for name in (PASSWORDS, ACL)} == before


def test_folder_that_is_not_there_is_named(accounts: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--access"):
        _run(accounts, tmp_path / "nowhere")
