"""Hypothesis strategies made from a JSON Schema: any value that the schema allows, kept small."""

import re
from typing import Any

from hypothesis import strategies as st

LIST_EXTRA_ITEMS_MAX = 2
TEXT_LENGTH_MAX = 12
MAGNITUDE_MAX = 2**53

Schema = dict[str, Any]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def values_of(schema: Schema, definitions: Schema) -> st.SearchStrategy[Any]:
    """Return a strategy for the values one schema allows; `definitions` are the document's."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return st.deferred(lambda: values_of(definitions[name], definitions))
    if "anyOf" in schema:
        return st.one_of([values_of(choice, definitions) for choice in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    containers = {"array": _arrays, "object": _objects}
    if schema.get("type") in containers:
        return containers[schema["type"]](schema, definitions)
    return _scalars(schema) if "type" in schema else json_values


def _scalars(schema: Schema) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(
                schema.get("minimum", -MAGNITUDE_MAX), schema.get("maximum", MAGNITUDE_MAX)
            )
        case "number":
            return _numbers(schema)
        case "string":
            return _texts(schema)
    raise AssertionError(f"teach this module about {schema}")


def _numbers(schema: Schema) -> st.SearchStrategy[float]:
    above = schema.get("exclusiveMinimum")
    return st.floats(
        schema.get("minimum", above),
        schema.get("maximum"),
        exclude_min=above is not None,
        allow_nan=False,
        allow_infinity=False,
    )


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", TEXT_LENGTH_MAX)
    if "pattern" in schema:
        texts: st.SearchStrategy[str] = st.from_regex(re.compile(schema["pattern"]), fullmatch=True)
        if "minLength" not in schema and "maxLength" not in schema:
            return texts
        # Two demands at once, as for a salt: repeat what fits the pattern until it is long enough.
        return texts.map(lambda text: (text * (shortest // len(text) + 1))[:longest])
    return st.text(min_size=shortest, max_size=min(longest, shortest + TEXT_LENGTH_MAX))


def _arrays(schema: Schema, definitions: Schema) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", least + 2), least + LIST_EXTRA_ITEMS_MAX)
    return st.lists(values_of(schema["items"], definitions), min_size=least, max_size=most)


def _objects(schema: Schema, definitions: Schema) -> st.SearchStrategy[Schema]:
    if "patternProperties" in schema:
        ((pattern, value),) = schema["patternProperties"].items()
        return st.dictionaries(
            st.from_regex(pattern, fullmatch=True),
            values_of(value, definitions),
            min_size=schema.get("minProperties", 0),
            max_size=2,
        )
    members = {
        name: values_of(member, definitions) for name, member in schema["properties"].items()
    }
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: member for name, member in members.items() if name in required},
        optional={name: member for name, member in members.items() if name not in required},
    )
