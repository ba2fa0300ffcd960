"""docs/deployment.md tells ports, volumes and words as they are."""

import re
from typing import Final

import pytest

from dermatrace.cli.ports import doors_of
from dermatrace.provision.broker_accounts import WRITES
from support.compose import COMPOSE_FILE, ComposeFile
from support.snippets import Command, commands_in
from support.tree import PRODUCT_ROOTS, ROOT, modules_under

PAGE: Final = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
OURS: Final = ComposeFile.ours()
COMMANDS: Final = [
    command
    for command in commands_in(ROOT / "docs" / "deployment.md")
    if command.words[:2] == ("docker", "compose")
]
OUR_WORDS: Final = (
    "there is no password at the broker for",
    "has no password: there is no",
    "broker refused the connection: ",
    "waiting for a person",
    "is in use by ",
)


def _section(begin: str, end: str) -> str:
    return PAGE.partition(begin)[2].partition(end)[0]


def test_table_of_ports_is_what_the_command_says() -> None:
    rows = re.findall(
        r"^\| (.+?) \| `(.+?)` \| (.*?) \| `?(.*?)`? \|$",
        _section("<!-- ports -->", "<!-- end of ports -->"),
        re.MULTILINE,
    )
    doors = doors_of(COMPOSE_FILE, {})
    assert rows == [(d.what, d.where, d.log_in_as, d.password_in) for d in doors]


def test_every_port_that_can_be_moved_is_named() -> None:
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    for name in re.findall(r"\$\{([A-Z_]+):-", text):
        assert f"`{name}" in PAGE, name


def test_every_volume_is_explained() -> None:
    table = _section("## 3 What is kept where", "###")
    for volume in OURS.body["volumes"]:
        assert f"`{volume}`" in table, volume


def test_every_kind_of_account_is_explained_with_what_it_writes() -> None:
    for kind, writes in WRITES.items():
        (row,) = re.findall(rf"^\| `{kind}` \| (.+?) \|", PAGE, re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", row)) == {
            level.partition("/")[0] for level in (*writes, "outbox")
        }


@pytest.mark.parametrize("words", OUR_WORDS)
def test_words_to_look_for_are_words_that_we_say(words: str) -> None:
    said = re.sub(r'"\s*f?"', "", " ".join(m.source for m in modules_under(*PRODUCT_ROOTS)))
    assert words in re.sub(r"\s+", " ", said), f"nothing says {words!r} any more"
    assert words.strip() in PAGE


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_service_that_is_named_exists(command: Command) -> None:
    verb, *words = command.words[2:]
    if verb in {"run", "exec", "stop", "start", "restart", "kill", "cp", "logs"}:
        named = {word.partition(":")[0] for word in words}
        assert named & OURS.services.keys(), command
