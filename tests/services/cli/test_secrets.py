"""`secrets` and `provision broker` as a user calls them."""

from pathlib import Path

import pytest

from dermatrace.cli.secrets import demo_accounts
from dermatrace.provision.broker_accounts import parse_accounts
from dermatrace.simulator.fleet import FLEET
from support.program import command


def test_create_names_what_it_made_and_shows_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    done = command("secrets", "create", "--in", folder, columns=200)
    assert done.exit_code == 0
    for file in folder.rglob("*"):
        if file.is_file():
            assert str(file) in done.output
            if file.suffix != ".toml":
                assert file.read_text(encoding="utf-8").strip() not in done.output


def test_create_again_says_that_nothing_was_changed(tmp_path: Path) -> None:
    command("secrets", "create", "--in", tmp_path)
    assert "nothing was changed" in command("secrets", "create", "--in", tmp_path).output


def test_create_for_the_demonstration_lets_all_of_it_in(tmp_path: Path) -> None:
    command("secrets", "create", "--demo", "--in", tmp_path)
    file = tmp_path / "broker" / "accounts.toml"
    accounts = parse_accounts(file.read_text(encoding="utf-8"), file=file)
    assert accounts == demo_accounts()
    kinds = {account.name: account.kind for account in accounts}
    assert {device.sender_id for device in FLEET} == {n for n, k in kinds.items() if k == "device"}
    assert set(kinds.values()) == {"device", "desk", "staff"}


def test_add_lets_one_more_in_and_says_where_its_password_is(tmp_path: Path) -> None:
    given = ("secrets", "add", "pen-7", "--clinic", "north", "--clinic", "south")
    done = command(*given, "--in", tmp_path, columns=200)
    assert done.exit_code == 0
    assert f"the password of pen-7 is in {tmp_path / 'broker' / 'pen-7'}" in done.output
    (account,) = parse_accounts(
        (tmp_path / "broker" / "accounts.toml").read_text(encoding="utf-8"), file=tmp_path
    )
    assert (account.name, account.kind, account.clinics) == ("pen-7", "device", ("north", "south"))


@pytest.mark.parametrize(
    ("name", "clinic", "what"),
    [
        ("Pen 7", "north", "Pen 7: name"),
        ("judge", "north", "belongs to dermatrace"),
        ("pen-7", 'n"]\n[[account]]\n', "pen-7: clinics.0"),
    ],
)
def test_add_refuses_what_cannot_be_and_changes_nothing(
    tmp_path: Path, name: str, clinic: str, what: str
) -> None:
    command("secrets", "create", "--in", tmp_path)
    before = (tmp_path / "broker" / "accounts.toml").read_bytes()
    done = command("secrets", "add", name, "--clinic", clinic, "--in", tmp_path)
    assert done.exit_code == 2
    assert what in done.errors
    assert (tmp_path / "broker" / "accounts.toml").read_bytes() == before


def test_json_tells_each_step(tmp_path: Path) -> None:
    made = command("secrets", "create", "--json", "--in", tmp_path).json()
    assert {step["outcome"] for step in made} == {"made"}
    given = ("--accounts", tmp_path / "broker", "--access", tmp_path)
    written = command("provision", "broker", "--json", *given).json()
    assert [Path(step["what"]).name for step in written] == ["passwords", "acl"]


def test_provision_broker_without_a_list_says_what_makes_one(tmp_path: Path) -> None:
    done = command("provision", "broker", "--accounts", tmp_path, "--access", tmp_path)
    assert done.exit_code == 2
    assert "dermatrace secrets create" in done.errors
