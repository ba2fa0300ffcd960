"""What a server says of an error, whatever shape its answer has."""

import json
from typing import Final

WORDS_MAX: Final = 300
"""Characters of a server's words that are passed on; a page of HTML is cut there."""


def words_of(body: str | bytes | None) -> str:
    """Return the message in an answer, or as much of the answer as fits."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else body or ""
    try:
        told = json.loads(text)
    except ValueError:
        told = text
    return " ".join(_message(told).split())[:WORDS_MAX]


def _message(told: object) -> str:
    if isinstance(told, dict):
        return str(told.get("message") or told.get("error") or told)
    if isinstance(told, list):
        return "; ".join(_message(item) for item in told)
    return str(told)
