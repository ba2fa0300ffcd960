"""Password file and access rules for the broker, from the list of accounts and their passwords."""

import os
from pathlib import Path
from typing import Final

from dermatrace.errors import UsageError
from dermatrace.provision.broker_accounts import ACCOUNTS_FILE, Account, names_of, parse_accounts
from dermatrace.provision.broker_acl import render_acl
from dermatrace.provision.broker_passwords import render_passwords
from dermatrace.provision.step import Step, Steps
from dermatrace.settings import first_line

PASSWORDS, ACL = "passwords", "acl"
"""What the broker's configuration calls both files."""
MODE: Final = 0o600
"""Whoever runs this is whom the broker runs as: later mosquittos refuse what others could read."""


def read_accounts(folder: Path) -> list[Account]:
    """Return who is on the list. Raises UsageError if there is none or it has a mistake."""
    path = folder / ACCOUNTS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"no list of accounts: {error}", remedy="`dermatrace secrets create` makes one."
        ) from None
    return parse_accounts(text, file=path)


def read_passwords(folder: Path, accounts: list[Account]) -> dict[str, str]:
    """Return the password of every account, ours included. Raises UsageError if one is missing."""
    found = {}
    for name in names_of(accounts):
        path = folder / name
        if not path.is_file():
            raise UsageError(
                f"{name} has no password: there is no {path}",
                remedy="`dermatrace secrets create` makes what is missing.",
            )
        found[name] = first_line(path) or ""
    return found


def provision_broker(accounts_folder: Path, access_folder: Path) -> Steps[None]:
    """Write both files if they are not as they should be; a broker reads them at SIGHUP.

    Raises UsageError if the list has a mistake or a file cannot be read or written: then both are
    as they were.
    """
    accounts = read_accounts(accounts_folder)
    passwords = read_passwords(accounts_folder, accounts)
    path = access_folder / PASSWORDS
    yield _replace(
        path, render_passwords(passwords, earlier=_text(path)), f"{len(passwords)} names"
    )
    yield _replace(access_folder / ACL, render_acl(accounts), "who may write and read what")


def _replace(path: Path, text: str, detail: str) -> Step:
    before = _text(path)
    if before == text:
        return Step(str(path), "unchanged", detail)
    # Whole or not at all: a mosquitto that reads half a file at SIGHUP ends, from 2.1 on.
    new = path.with_name(f".{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error}",
            remedy="Name a folder that this user may write, with --access.",
        ) from error
    return Step(str(path), "changed" if before else "made", detail)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
