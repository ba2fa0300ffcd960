"""The list of who may speak at the broker."""

from pathlib import Path

import pytest

from dermatrace.errors import UsageError
from dermatrace.provision.broker_accounts import (
    SERVICES,
    Account,
    account_from,
    entry_of,
    names_of,
    parse_accounts,
)

FILE = Path("accounts.toml")
PEN = Account(name="pen-7", kind="device", clinics=("north",))
OFFICE = Account(name="office", kind="staff", clinics=("north", "south"))


def test_entry_is_read_as_it_was_written() -> None:
    assert parse_accounts(f"{entry_of(PEN)}\n{entry_of(OFFICE)}", file=FILE) == [PEN, OFFICE]


def test_list_with_nothing_but_comments_is_empty() -> None:
    assert parse_accounts("# nobody yet\n", file=FILE) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[[account]\n", "accounts.toml: "),
        ("accounts = []\n", r"only \[\[account\]\] may stand there, found \['accounts'\]"),
        ("account = 1\n", r"only \[\[account\]\] may stand there"),
        (f'{entry_of(PEN)}\n[[account]]\nname = "x"\nclinics = ["n"]\n', "account 2: kind: "),
        (entry_of(PEN).replace("device", "doctor"), "account 1: kind: "),
        (entry_of(PEN).replace("pen-7", "Pen 7"), "account 1: name: "),
        (entry_of(PEN).replace("pen-7", "#"), "account 1: name: "),
        (entry_of(PEN).replace("pen-7", "+"), "account 1: name: "),
        (entry_of(PEN).replace('"north"', '"+"'), "account 1: clinics.0: "),
        (entry_of(PEN).replace('"north"', ""), "account 1: clinics: "),
        (entry_of(PEN) + 'password = "no"\n', "account 1: password: "),
        (entry_of(PEN) + "\n" + entry_of(PEN), "pen-7 is there 2 times"),
    ],
)
def test_mistake_is_named_with_its_place(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        parse_accounts(text, file=FILE)


@pytest.mark.parametrize("name", ["ingest", "judge", "health", "dermatrace"])
def test_name_of_our_own_is_nobody_elses(name: str) -> None:
    with pytest.raises(UsageError, match="belongs to dermatrace itself"):
        account_from({"name": name, "kind": "device", "clinics": ["north"]}, where=name)


def test_our_own_accounts_are_always_there() -> None:
    assert names_of([PEN]) == [*SERVICES, "pen-7"]
