"""No file tells where it was made, where packages come from, or which line something is on."""

import re
from pathlib import Path

import pytest

from support.tree import ROOT, documents, tracked_files

# Put together from parts, so that this file does not break its own rule.
REGISTRY_HOSTS = tuple(
    f"{first}.{last}"
    for first, last in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("proxy.golang", "org"),
        ("rubygems", "org"),
        ("anaconda", "org"),
    )
)
REGISTRY_ADDRESS = re.compile(
    r"https?://[^ \"']+(?:/simple/|/packages/[0-9a-f]{2}/|/-/[^ \"']+\.tgz|/@v/)"
)
INDEX_OPTION = re.compile(
    r"^\s*(?:(?:--(?:extra-)?index-url|--find-links|-i)[ =]|registry\s*=\s*[\"']?https?:)",
    re.MULTILINE,
)
HOME_FOLDER = re.compile(r"(?<![\w.-])(?:/(?:home|Users|root)/\w|[A-Z]:\\Users\\)")
LINE_NUMBER = re.compile(r"\.(?:py|md|yaml|toml|json|sh):\d+|#L\d+|\b[Ll]ines? \d+")
NAMED_PARENTS_MIN = 2
"""A checkout directly below the root says nothing: images have such folders too."""


def _texts() -> list[tuple[Path, str]]:
    readable = []
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            readable.append((path.relative_to(ROOT), content.decode("utf-8")))
    return readable


TEXTS = _texts()


def _matching(pattern: re.Pattern[str]) -> list[str]:
    found = ((path, pattern.search(text)) for path, text in TEXTS)
    return [f"{path}: {match[0]!r}" for path, match in found if match is not None]


def test_there_are_files_to_look_at() -> None:
    assert {"pyproject.toml", "Makefile"} <= {str(path) for path, _ in TEXTS}


@pytest.mark.parametrize("host", REGISTRY_HOSTS)
def test_no_registry_is_named(host: str) -> None:
    assert not _matching(re.compile(re.escape(host), re.IGNORECASE))


@pytest.mark.parametrize("pattern", [REGISTRY_ADDRESS, INDEX_OPTION], ids=["address", "option"])
def test_no_address_of_a_registry_is_recorded(pattern: re.Pattern[str]) -> None:
    assert not _matching(pattern)


def test_no_home_folder_is_named() -> None:
    assert not _matching(HOME_FOLDER)


def test_this_checkout_is_not_named() -> None:
    if len(ROOT.parents) >= NAMED_PARENTS_MIN:
        assert not _matching(re.compile(re.escape(str(ROOT)) + r"\b"))


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_document_names_no_line_number(document: Path) -> None:
    found = LINE_NUMBER.search(document.read_text(encoding="utf-8"))
    assert found is None, f"{found}: name the function instead, lines move"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (HOME_FOLDER, "in /" + "home/someone/x"),
        (LINE_NUMBER, "see journal.py" + ":12"),
        (INDEX_OPTION, "--index" + "-url somewhere"),
        (REGISTRY_ADDRESS, "https:" + "//host.example/simple/typer"),
    ],
)
def test_pattern_finds_what_it_looks_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
