"""How the content of a registry version reads: like the file it came from, limits in one line."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

DIGITS_SHOWN: Final = 12
"""Of a digest, where a person only compares."""
_MS: Final = "_ms"
_STEP: Final = "  "


def moment(utc_ms: int) -> str:
    """Return a moment as it is shown, in UTC."""
    return datetime.fromtimestamp(utc_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def lines_of_content(content: Mapping[str, JsonValue]) -> Iterator[str]:
    """Yield the lines of a content; what a content itself calls `_ms` is a moment."""
    for name, value in content.items():
        if name.endswith(_MS) and isinstance(value, int):
            yield f"{name.removesuffix(_MS)}: {moment(value)}"
        else:
            yield from _lines(name, value)


def _lines(name: str, value: JsonValue) -> Iterator[str]:
    if isinstance(value, dict) and not _is_limit(value):
        yield f"{name}:"
        for inner, part in value.items():
            yield from (_STEP + line for line in _lines(inner, part))
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield f"{name}:"
        for item in value:
            yield from (_STEP + line for line in _item_lines(item))
    else:
        yield f"{name}: {_plain(value)}"


def _item_lines(item: JsonValue) -> Iterator[str]:
    """Yield an item of a list: a dash before its first line, its others below that one."""
    members = item.items() if isinstance(item, dict) and not _is_limit(item) else ()
    lines = [line for name, part in members for line in _lines(name, part)] or [_plain(item)]
    yield from ("- " + line if place == 0 else _STEP + line for place, line in enumerate(lines))


def _is_limit(value: Mapping[str, JsonValue]) -> bool:
    return {"quantity", "unit", "value", "source", "trust"} <= value.keys()


def _plain(value: JsonValue) -> str:
    if isinstance(value, dict) and _is_limit(value):
        return _limit(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _limit(limit: Mapping[str, JsonValue]) -> str:
    unit = "" if limit["unit"] == "1" else f" {limit['unit']}"
    number = limit["value"]
    stated = "unset, the director must enter it" if number is None else f"{_plain(number)}{unit}"
    return f"{limit['quantity']} {stated} — {limit['source']} [{limit['trust']}]"
