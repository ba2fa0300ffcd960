"""Who may speak at the broker: a list that people keep, and what each entry is allowed.

    [[account]]
    name = "pen-7"              # sender id, user name and client id in one
    kind = "device"             # device, desk or staff
    clinics = ["my-clinic"]

The recorder, the judge and the health check need no entry: they are always there.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dermatrace.errors import UsageError
from dermatrace_schemas.identifiers import JUDGE_SENDER, RECORDER_SENDER, ClinicId, SenderId

Kind: TypeAlias = Literal["device", "desk", "staff"]

WRITES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "device": ("session/+", "announcement", "status"),
    "desk": ("chart/+",),
    "staff": ("chart/+", "registry/+"),
}
"""What each kind tells, beside its outbox. A desk enters facts of visits; staff also says who is
director and which protocol is in force, so not every tablet needs that."""

INGEST, HEALTH = "ingest", "health"
SERVICES: Final = (INGEST, JUDGE_SENDER, HEALTH)
"""Accounts of our own processes."""
RESERVED: Final = frozenset({*SERVICES, RECORDER_SENDER})
ACCOUNTS_FILE: Final = "accounts.toml"
"""Beside the passwords; no sender can be called like that."""


class Account(BaseModel):
    """One sender that may log in at the broker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: SenderId
    kind: Kind
    clinics: tuple[ClinicId, ...] = Field(min_length=1)


def parse_accounts(text: str, *, file: Path) -> list[Account]:
    """Read the list; raises UsageError naming the entry that is wrong and why."""
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: {error}") from None
    entries = read.pop("account", [])
    if read or not isinstance(entries, list):
        raise UsageError(f"{file}: only [[account]] may stand there, found {sorted(read)}")
    accounts = [
        account_from(entry, where=f"{file}, account {place}")
        for place, entry in enumerate(entries, start=1)
    ]
    for name, count in Counter(account.name for account in accounts).items():
        if count > 1:
            raise UsageError(
                f"{file}: {name} is there {count} times",
                remedy="A name is one device or one installation, for all clinics together.",
            )
    return accounts


def account_from(entry: object, *, where: str) -> Account:
    """Check one entry; raises UsageError saying what is wrong with it."""
    try:
        account = Account.model_validate(entry)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_url=False)
        )
        remedy = "Names and clinics are lower-case letters, digits and hyphens."
        raise UsageError(f"{where}: {wrong}", remedy=remedy) from None
    if account.name in RESERVED:
        remedy = "Choose another name."
        raise UsageError(f"{where}: {account.name} belongs to dermatrace itself", remedy=remedy)
    return account


def entry_of(account: Account) -> str:
    """Return the lines that stand for an account in the file."""
    clinics = ", ".join(f'"{clinic}"' for clinic in account.clinics)
    return f'[[account]]\nname = "{account.name}"\nkind = "{account.kind}"\nclinics = [{clinics}]\n'


def names_of(accounts: Iterable[Account]) -> list[str]:
    """Return every name that logs in, ours first."""
    return [*SERVICES, *(account.name for account in accounts)]
