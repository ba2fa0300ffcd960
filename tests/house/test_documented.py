"""What can be typed, set, sent or built is written down, and what is written down exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast, get_args

import pytest
import typer.main
from pydantic import BaseModel

from dermatrace.cli import app
from dermatrace.settings import Settings
from dermatrace_schemas.topics import MessageClass
from support.reference import PAGES
from support.settings_page import render_reference
from support.snippets import Command, commands_in
from support.tree import ROOT, documents, makefile_targets


class Parameter(Protocol):
    """What we ask of an argument or option."""

    name: str
    help: str | None
    opts: list[str]
    secondary_opts: list[str]


class Program(Protocol):
    """What we ask of a command, or of a group of them."""

    help: str | None
    params: list[Parameter]


PROGRAM = cast("Program", typer.main.get_command(app))
KNOWN_PROGRAMS = frozenset(
    {"apt-get", "cd", "cp", "curl", "docker", "git", "pip", "python", "python3", "sqlite3", "sudo"}
    | {"go", "mosquitto", "mosquitto_passwd", "mosquitto_pub", "mosquitto_sub", "sh"}
)
"""Programs that are not ours and may stand in a snippet."""
RECORDER_CLASSES = ("receipt", "rejection")
TARGETS = makefile_targets()
DOCUMENTS = documents()
SNIPPETS = [command for document in DOCUMENTS for command in commands_in(document)]


def _text(*names: str) -> str:
    paths = [ROOT / name for name in names]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())


def _commands() -> dict[str, Program]:
    """Return every command by the words that call it: `dermatrace ingest`."""
    found: dict[str, Program] = {}
    open_groups: list[tuple[str, Program]] = [("dermatrace", PROGRAM)]
    while open_groups:
        words, command = open_groups.pop()
        children = getattr(command, "commands", {})
        open_groups += [(f"{words} {name}", child) for name, child in children.items()]
        if not children or getattr(command, "invoke_without_command", False):
            found[words] = command
    return dict(sorted(found.items()))


COMMANDS = _commands()


def _setting_names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _setting_names(field.annotation)


@pytest.mark.parametrize("words", COMMANDS)
def test_command_and_each_of_its_options_have_help(words: str) -> None:
    command = COMMANDS[words]
    assert command.help, f"`{words}` has no help"
    silent = [parameter.name for parameter in command.params if not parameter.help]
    assert not silent, f"`{words}`: no help for {silent}"


@pytest.mark.parametrize("words", COMMANDS)
def test_command_is_documented(words: str) -> None:
    assert re.search(rf"\b{words}\b", _text("README.md", "docs/commands.md")), (
        f"mention `{words}` in README.md or docs/commands.md"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_reference_is_current(page: Path) -> None:
    assert page.exists(), "run: make reference"
    assert page.read_text(encoding="utf-8") == PAGES[page](), "run: make reference"


@pytest.mark.parametrize("name", sorted(set(_setting_names(Settings))))
def test_setting_is_in_the_reference(name: str) -> None:
    assert re.search(rf"\b{name}\b", render_reference(), re.IGNORECASE)


@pytest.mark.parametrize("name", sorted((*get_args(MessageClass), *RECORDER_CLASSES)))
def test_topic_class_is_documented(name: str) -> None:
    text = _text("schemas/README.md", "docs/device-guide.md")
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", text), (
        f"explain `{name}` in schemas/README.md or docs/device-guide.md"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_make_target_is_documented(target: str) -> None:
    assert re.search(rf"\bmake {target}\b", _text("README.md", "CONTRIBUTING.md")), (
        f"mention `make {target}` in README.md or CONTRIBUTING.md"
    )


def test_readme_shows_what_to_type() -> None:
    assert commands_in(ROOT / "README.md")


@pytest.mark.parametrize("command", SNIPPETS, ids=str)
def test_snippet_uses_what_exists(command: Command) -> None:
    if command.program == "make":
        asked = [word for word in command.words[1:] if "=" not in word]
        assert set(asked) <= TARGETS.keys()
    elif command.program == "dermatrace":
        _assert_is_accepted(command.words[1:])
    else:
        assert command.program in KNOWN_PROGRAMS


def _options(command: Program) -> set[str]:
    return {
        option
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


def _assert_is_accepted(words: tuple[str, ...]) -> None:
    called = " ".join(("dermatrace", *words))
    matching = [name for name in COMMANDS if f"{called} ".startswith(f"{name} ")]
    asks_the_program_itself = not words or words[0].startswith("--")
    assert matching or asks_the_program_itself, f"no such command: {called}"
    known = {"--help"} | _options(PROGRAM)
    for name in matching:
        known |= _options(COMMANDS[name])
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, f"`{called}` takes only {sorted(known)}"


def test_snippets_are_split_as_a_shell_would(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "```sh\n$ CI=true make test && dermatrace up --data 'a b'  # why\n```\n", encoding="utf-8"
    )
    assert [command.words for command in commands_in(document)] == [
        ("make", "test"),
        ("dermatrace", "up", "--data", "a b"),
    ]
