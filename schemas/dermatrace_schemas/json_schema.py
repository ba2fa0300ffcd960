"""Renders one JSON Schema a document, for everyone who does not write Python.

A schema says less than `parse.py` checks: that columns are of equal length, that a digest is of its
content, that no member is given twice. It never refuses what `parse.py` accepts.
"""

import json
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from dermatrace_schemas import catalogue
from dermatrace_schemas.limits import CONTRACT_VERSION

DIALECT: Final = GenerateJsonSchema.schema_dialect

_TRAVELS_ON: Final = {
    "session": "Travels on `session/{stream_id}`, from a device to the recorder.",
    "chart": "Travels on `chart/{stream_id}`, from a tool people use to the recorder.",
    "registry": "Travels on `registry/{stream_id}`, from a tool people use to the recorder.",
    "verdict": "Travels on `verdict/{stream_id}`, from the judge to the recorder.",
    "system": "Never travels: the recorder writes it into its own journal.",
    "outbox": "Travels on `outbox`, from every sender to the recorder.",
    "announcement": "Travels on `announcement`, retained, from a device to the recorder.",
    "status": "Travels on `status`, retained, from a device to the recorder.",
    "receipt": "Travels on `receipt`, from the recorder to the sender.",
    "rejection": "Travels on `rejection`, from the recorder to the sender.",
}


class _Plain(GenerateJsonSchema):
    """Leaves out what says nothing, and closes what the models close."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401  pydantic's signature
        """Never: a title that repeats the member's name is noise."""
        del schema
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ANN401  pydantic's signature
        """Leave null defaults out: absent and null both mean unknown."""
        rendered = super().default_schema(schema)
        if rendered.get("default", ...) is None:
            del rendered["default"]
        return rendered

    def dict_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ANN401  pydantic's signature
        """Refuse keys that do not match the pattern, as the model does."""
        rendered = super().dict_schema(schema)
        if "patternProperties" in rendered:
            rendered["additionalProperties"] = False
        return rendered


def schema_id(kind: str) -> str:
    """Return the `$id` of a document's schema."""
    return f"urn:dermatrace:v{CONTRACT_VERSION}:{kind}"


def file_name(kind: str) -> str:
    """Return the name of a document's schema file."""
    return f"{kind}.json"


def json_schema(document: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one document type."""
    kind = catalogue.kind_of(document)
    message_class = catalogue.class_of(kind)
    assert message_class is not None  # noqa: S101  every document of the catalogue has a class
    schema = document.model_json_schema(schema_generator=_Plain)
    described = f"{schema.pop('description')}\n\n{_TRAVELS_ON[message_class]}"
    return {
        "$schema": DIALECT,
        "$id": schema_id(kind),
        **schema,
        "title": kind,
        "description": described,
    }


def render_json_schema(document: type[BaseModel]) -> str:
    """Return the text of a document's schema file: the same models always give the same text."""
    schema = json_schema(document)
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def render_all() -> dict[str, str]:
    """Return the text of every schema file by its name."""
    return {
        file_name(catalogue.kind_of(document)): render_json_schema(document)
        for documents in catalogue.BY_CLASS.values()
        for document in documents
    }
