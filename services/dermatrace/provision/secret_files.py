"""The folder of secrets: one random file each, made once and never changed by us.

    secrets/                        closed to everybody else on this machine
      grafana-password        ...
      broker/accounts.toml          who may speak at the broker
      broker/NAME                   the password of each

Files are readable inside the folder, and the folder is closed. Docker Compose shows a file to a
container with the owner and the mode it has here, so one closed to others would be closed to the
users that servers run as; a closed folder keeps this machine's users out and no container.
"""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from dermatrace.errors import UsageError
from dermatrace.provision.broker_access import read_accounts
from dermatrace.provision.broker_accounts import (
    ACCOUNTS_FILE,
    Account,
    entry_of,
    names_of,
    parse_accounts,
)
from dermatrace.provision.step import Step, Steps

SERVER_SECRETS: Final = (
    "grafana-password",
    "grafana-secret-key",
    "influxdb-password",
    "influxdb-token",
)
SECRET_BYTES: Final = 32
BROKER_FOLDER: Final = "broker"
CLOSED_MODE: Final = 0o700
OPEN_MODE: Final = 0o755
FILE_MODE: Final = 0o644
HEADING: Final = """\
# Who may speak at the broker, beside the recorder and the judge. An entry is one device, or one
# installation of a tool; `name` is its sender id, its user name and its client id. Kinds:
#   device   writes its sessions, its announcement and its status
#   desk     writes charts: what people know about a visit
#   staff    writes charts and the registry: directors, protocols, approvals
# Each reads only what the recorder answers to it, and speaks only for the clinics named here.
# `dermatrace secrets add pen-7 --clinic my-clinic` adds an entry and its password.
"""


def make_secrets(folder: Path, wanted: Iterable[Account] = ()) -> Steps[None]:
    """Make what is missing; add the wanted accounts that the list does not have yet.

    A second run changes nothing. Raises UsageError if something there cannot be used.
    """
    broker = folder / BROKER_FOLDER
    _make_folder(folder, CLOSED_MODE)
    _make_folder(broker, OPEN_MODE)
    list_file = broker / ACCOUNTS_FILE
    if not list_file.exists():
        _write_new(list_file, HEADING)
        yield Step(str(list_file), "made", "who may speak at the broker")
    accounts = read_accounts(broker)
    for account in wanted:
        if account.name not in {known.name for known in accounts}:
            accounts = _add(list_file, account)
            yield Step(str(list_file), "changed", f"{account.name}, {account.kind}")
    paths = [folder / name for name in SERVER_SECRETS]
    paths += [broker / name for name in names_of(accounts)]
    for path in paths:
        yield _secret(path)


def _add(list_file: Path, account: Account) -> list[Account]:
    text = list_file.read_text(encoding="utf-8") + "\n" + entry_of(account)
    accounts = parse_accounts(text, file=list_file)  # before it is written
    list_file.write_text(text, encoding="utf-8")
    return accounts


def _secret(path: Path) -> Step:
    if not path.exists():
        # Hexadecimal: nothing in it needs quoting anywhere, or looks like an option.
        _write_new(path, f"{secrets.token_hex(SECRET_BYTES)}\n")
        return Step(str(path), "made")
    if not path.stat().st_size:
        raise UsageError(
            f"{path} is empty", remedy="Delete it and run this again, or write a secret into it."
        )
    return Step(str(path), "unchanged")


def _make_folder(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used for secrets: {error}") from error


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            path.chmod(FILE_MODE)
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error}") from error
