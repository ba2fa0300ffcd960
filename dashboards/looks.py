"""What several panels share in how they look: colours, overrides, mappings, links, tidy tables."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Json = dict[str, Any]

SOURCE_TYPE: Final = "influxdb"
SOURCE_UID: Final = "dermatrace-influxdb"
"""Of the provisioned data source; boards name it through the variable `datasource`."""

CALM: Final = "green"
MIND: Final = "yellow"
AMISS: Final = "orange"
WRONG: Final = "red"
PLAIN: Final = "text"
SET: Final = "blue"
REPORTED: Final = "purple"
BAND: Final = "super-light-green"
PRIORITY_COLOURS: Final = {"high": WRONG, "medium": AMISS, "low": MIND}


def source_ref() -> Json:
    """Return the reference to the data source that the board's variable names."""
    return {"type": SOURCE_TYPE, "uid": "${datasource}"}


def named(called: str, properties: Mapping[str, Any]) -> Json:
    """Give properties to the field or series of a name."""
    told = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": called}, "properties": told}


def of_query(ref_id: str, properties: Mapping[str, Any]) -> Json:
    """Give properties to everything one query returns."""
    told = [{"id": name, "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byFrameRefID", "options": ref_id}, "properties": told}


def fixed(colour: str) -> Json:
    """Colour by name, whatever the value."""
    return {"mode": "fixed", "fixedColor": colour}


def steps(*found: tuple[float | None, str]) -> Json:
    """Colour from a value on; the first begins at None."""
    return {
        "mode": "absolute",
        "steps": [{"color": colour, "value": value} for value, colour in found],
    }


def words(found: Mapping[str, tuple[str, str]]) -> Json:
    """Show values as words in a colour: value to (word, colour)."""
    options = {
        value: {"text": word, "color": colour, "index": index}
        for index, (value, (word, colour)) in enumerate(found.items())
    }
    return {"type": "value", "options": options}


def nothing(word: str, colour: str) -> Json:
    """Show a missing value as a word."""
    result = {"text": word, "color": colour, "index": 0}
    return {"type": "special", "options": {"match": "null+nan", "result": result}}


STATES: Final = words(
    {
        "running": ("running", CALM),
        "paused": ("paused", SET),
        "silent": ("silent", WRONG),
        "stopped": ("stopped", PLAIN),
    }
)
GRADES: Final = words(
    {
        "complete": ("complete", CALM),
        "with_rejections": ("with rejections", MIND),
        "with_declared_losses": ("with declared losses", MIND),
        "incomplete": ("incomplete", AMISS),
        "open": ("still open", SET),
        "disputed": ("disputed", WRONG),
    }
)
WHY_NOT: Final = words(
    {
        "no_protocol": ("no protocol", AMISS),
        "not_approved": ("protocol not approved", AMISS),
        "limits_unset": ("limits not entered", AMISS),
        "data_coverage": ("too little data", AMISS),
        "no_contact": ("no contact with skin", AMISS),
        "zone_unknown": ("zone unknown", AMISS),
        "unknown_clock": ("clock unknown", AMISS),
        "erased": ("erased by order", AMISS),
    }
)
PRIORITIES: Final = words({name: (name, colour) for name, colour in PRIORITY_COLOURS.items()})
CELL_COLOUR: Final = {"custom.cellOptions": {"type": "color-text"}}


def counted(called: str, *found: tuple[float | None, str], **more: object) -> Json:
    """Colour the numbers in a table's column from a value on."""
    looks = {"color": {"mode": "thresholds"}, "thresholds": steps(*found)}
    return named(called, {**looks, **more, **CELL_COLOUR})


def tidy(
    order: Sequence[str],
    *,
    rename: Mapping[str, str] | None = None,
    hide: Sequence[str] = (),
    of_query: str = "",
) -> Json:
    """Put a table's columns in order, rename them, leave some out.

    Grafana returns the tags of a grouped query in an order that changes from one answer to the
    next, so no table is left in the order in which it comes.
    """
    told: Json = {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(hide, True),
            "indexByName": {name: at for at, name in enumerate(order)},
            "renameByName": dict(rename or {}),
        },
    }
    if of_query:
        told["filter"] = {"id": "byRefId", "options": of_query}
    return told


def join_by(name: str) -> Json:
    """Make one table of several queries: a row for each value of a column they share."""
    return {"id": "joinByField", "options": {"byField": name, "mode": "outer"}}
