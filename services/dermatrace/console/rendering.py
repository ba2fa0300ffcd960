"""The one door to Jinja: templates of ours, every value escaped, nothing undefined."""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dermatrace.console.navigation import places_for
from dermatrace.console.static_files import StaticFiles
from dermatrace.console.words import (
    PRIORITY_MARKS,
    age_words,
    amount,
    day_words,
    percent,
    plain_words,
    sentence_case,
)
from dermatrace.reading.registry_text import moment

FOLDER: Final = Path(str(files("dermatrace.console")))
STATIC: Final = StaticFiles(FOLDER / "static")


def render(template: str, facts: dict[str, Any]) -> str:
    """Return a template filled in. Raises UndefinedError if it names what it was not given."""
    return _environment().get_template(template).render(facts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment,
        "minute": _minute,
        "iso": _iso,
        "age": age_words,
        "day": day_words,
        "words": plain_words,
        "sentence": sentence_case,
        "percent": percent,
        "amount": amount,
    }
    environment.globals |= {
        "places_for": places_for,
        "priority_marks": PRIORITY_MARKS,
        "static": STATIC.address,
    }
    return environment


def _minute(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def _iso(utc_ms: int) -> str:
    return datetime.fromtimestamp(utc_ms / 1_000, UTC).isoformat(timespec="seconds")
