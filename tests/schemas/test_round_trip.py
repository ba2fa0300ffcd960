"""Whatever a schema allows is either read without losing anything, or refused with a reason."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from dermatrace_schemas import catalogue
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.json_schema import json_schema
from dermatrace_schemas.needling import COLUMNS
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.quantities import UNIT_OF
from dermatrace_schemas.registry import RegistryDocument
from support.schema_strategies import values_of
from support.vectors import KINDS, class_of, example_bytes

DOCUMENT_BY_KIND = {
    catalogue.kind_of(document): document
    for documents in catalogue.BY_CLASS.values()
    for document in documents
}
SCHEMAS = {kind: json_schema(document) for kind, document in DOCUMENT_BY_KIND.items()}


def _made_consistent(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Heed the rules between members that a schema cannot tell and chance would seldom meet."""
    if isinstance(value, list):
        return [_made_consistent(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {name: _made_consistent(member) for name, member in value.items()}
    for members, rule in RULES:
        if members <= value.keys():
            rule(value)
    return value


def _unit_of_its_quantity(limit: dict[str, Any]) -> None:
    limit["unit"] = UNIT_OF[limit["quantity"]]


def _one_quantity(band: dict[str, Any]) -> None:
    lower, upper = band["lower"], band["upper"]
    if lower and upper:
        band["upper"] = {**upper, "quantity": lower["quantity"], "unit": lower["unit"]}


def _equal_lengths(windows: dict[str, Any]) -> None:
    count = len(windows["offset_ms"])
    windows["offset_ms"] = [100 * number for number in range(count)]
    for name in COLUMNS:
        if windows.get(name):
            windows[name] = (windows[name] * count)[:count]


def _assessed_or_not(adherence: dict[str, Any]) -> None:
    adherence["why_not"] = "no_contact" if adherence["fraction"] is None else None
    adherence["assessed_count"] = max(adherence["assessed_count"], adherence["within_count"])


def _scope_of_its_zone(summary: dict[str, Any]) -> None:
    summary["scope"] = "zone" if summary.get("zone") else "session"
    summary["adherent"] = False


def _digest_of_content(version: dict[str, Any]) -> None:
    version["digest"] = registry_digest(version["content"])


RULES: tuple[tuple[set[str], Callable[[dict[str, Any]], None]], ...] = (
    ({"quantity", "unit"}, _unit_of_its_quantity),
    ({"lower", "upper"}, _one_quantity),
    ({"kind", "offset_ms"}, _equal_lengths),
    ({"why_not"}, _assessed_or_not),
    ({"scope", "adherent"}, _scope_of_its_zone),
    ({"content", "digest"}, _digest_of_content),
)
"""Members that are there together, and what must be true of them."""


@cache
def _documents(kind: str) -> st.SearchStrategy[Any]:
    schema = SCHEMAS[kind]
    return values_of(schema, schema.get("$defs", {})).map(_made_consistent)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_document_survives_being_written_and_read(kind: str, data: st.DataObject) -> None:
    given_value = data.draw(_documents(kind))
    message_class = class_of(kind)
    try:
        document = parse(message_class, json.dumps(given_value).encode())
    except Unreadable as unreadable:
        if unreadable.reason != "invalid":
            raise
        reject()
    written = document.model_dump_json(exclude_unset=True)
    assert json.loads(written) == given_value
    assert parse(message_class, written.encode()) == document
    # With every absent member written as null it still says the same; only a registry version
    # would be another one, since its digest is of the content as it was written.
    if not isinstance(document, RegistryDocument):
        assert parse(message_class, document.model_dump_json().encode()) == document


@pytest.mark.parametrize("kind", KINDS)
def test_schema_accepts_what_the_reader_accepts(kind: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS[kind])
    validator.check_schema(SCHEMAS[kind])
    validator.validate(json.loads(example_bytes(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_schema_refuses_an_unknown_member(kind: str) -> None:
    unknown = {**json.loads(example_bytes(kind)), "unknown_member": 1}
    with pytest.raises(jsonschema.ValidationError, match="unknown_member"):
        jsonschema.Draft202012Validator(SCHEMAS[kind]).validate(unknown)
