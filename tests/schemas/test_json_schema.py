"""The committed JSON Schemas are those of the models."""

import json

import jsonschema
import pytest

from dermatrace_schemas import json_schema
from dermatrace_schemas.catalogue import BY_CLASS, kind_of
from support.tree import ROOT

FOLDER = ROOT / "schemas" / "json"
RENDERED = json_schema.render_all()


@pytest.mark.parametrize("name", RENDERED)
def test_committed_json_schema_is_current(name: str) -> None:
    path = FOLDER / name
    assert path.exists(), f"{path} is missing; run: make schemas"
    assert path.read_text(encoding="utf-8") == RENDERED[name], "run: make schemas"


def test_no_schema_is_left_of_a_document_that_is_gone() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(RENDERED), "run: make schemas"


@pytest.mark.parametrize("name", RENDERED)
def test_schema_is_a_valid_schema_that_says_what_it_is_of(name: str) -> None:
    schema = json.loads(RENDERED[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    kind = name.removesuffix(".json")
    assert schema["$schema"] == json_schema.DIALECT
    assert schema["$id"] == f"urn:dermatrace:v1:{kind}"
    assert schema["title"] == kind
    assert schema["properties"]["kind"]["const"] == kind
    assert "ravels" in schema["description"]


@pytest.mark.parametrize("message_class", BY_CLASS)
def test_description_names_the_class_of_topic(message_class: str) -> None:
    for document in BY_CLASS[message_class]:
        described = json_schema.json_schema(document)["description"]
        expected = "Never travels" if message_class == "system" else f"Travels on `{message_class}"
        assert expected in described, kind_of(document)


def test_rendering_twice_gives_the_same_text() -> None:
    assert json_schema.render_all() == RENDERED
    assert all(text.endswith("}\n") for text in RENDERED.values())


@pytest.mark.parametrize(
    ("kind", "member", "value"),
    [
        ("chart.answers", "answers", {"Not A Code": "no"}),
        ("zone.entered", "extensions", {"no_vendor": 1}),
        ("zone.entered", "place", {"zon": "cheek"}),
        ("zone.entered", "seq", -1),
        ("zone.entered", "seq", "1"),
    ],
)
def test_schema_refuses_what_the_reader_refuses(kind: str, member: str, value: object) -> None:
    schema = json.loads(RENDERED[f"{kind}.json"])
    validator = jsonschema.Draft202012Validator(schema["properties"][member] | _definitions(schema))
    assert list(validator.iter_errors(value))


def _definitions(schema: dict[str, object]) -> dict[str, object]:
    return {"$defs": schema.get("$defs", {})}
