"""The page on forwarding quotes what is really said, so that it is found by the words."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from support.tree import ROOT, modules_under

INFLUXDB_SAYS: Final = frozenset(
    {"unauthorized access", "no space left on device", "field type conflict", "unable to parse"}
)
"""Words of the server itself; test_influx_answers and test_influx_full_disk ask a real one."""
FILLED_IN: Final = "\0"
"""Stands in a sentence of ours for what is filled in when it is said."""
_ROW: Final = re.compile(r"^\|[^|]+\|([^|]+)\|[^|]+\|[^|]+\|$", re.MULTILINE)
_PAGE: Final = (ROOT / "docs" / "forwarding.md").read_text(encoding="utf-8")
_WRONG: Final = _PAGE.partition("## 4 ")[2].partition("## 5 ")[0]
QUOTED: Final = sorted(
    {said for row in _ROW.findall(_WRONG)[2:] for said in re.findall("`([^`]+)`", row)}
    - {"Retry-After", "points refused"}
)


def _sentences() -> Iterator[str]:
    """Yield every text in the product, with a mark where something is filled in."""
    for module in modules_under(ROOT / "services"):
        for node in ast.walk(ast.parse(module.source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else FILLED_IN
                    for part in node.values
                )


SENTENCES: Final = tuple(_sentences())


@pytest.mark.parametrize("quoted", QUOTED)
def test_quoted_words_are_said(quoted: str) -> None:
    if quoted in INFLUXDB_SAYS:
        return
    words = re.escape(quoted).replace(r"\.\.\.", f"{FILLED_IN}.*")
    pattern = re.sub(r"\d+", lambda number: f"(?:{number[0]}|{FILLED_IN})", words)
    assert any(re.search(pattern, sentence, re.DOTALL) for sentence in SENTENCES), (
        f"nothing in services/ says: {quoted}"
    )


def test_words_that_nobody_says_are_noticed() -> None:
    assert not any("InfluxDB has gone fishing" in sentence for sentence in SENTENCES)
    assert len(QUOTED) > 10
