"""YAML that remembers its lines, and that never reads a text as something else.

Only what JSON knows is a number, true, false or null. The rest is text: `yes` is the word yes, a
version 1.10 in quotes stays 1.10, a date is read by who knows which time zone is meant.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

import yaml
from pydantic import JsonValue

DEPTH_MAX: Final = 40
"""Levels of nesting; no document needs ten. A deeper file is refused at that line."""

Path: TypeAlias = tuple[str | int, ...]
Complain: TypeAlias = Callable[[int, Path, str, str], None]
"""Takes line, field, what is wrong and what to do."""

_TAG: Final = "tag:yaml.org,2002:"
_JSON_TAG: Final = "tag:plain"
_JSON: Final = re.compile(
    r"^(?:null|~||true|false|-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,17})?(?:[eE][-+]?[0-9]{1,2})?)$"
)
"""What stands there without quotes and means what it means in JSON, or nothing."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One YAML document: its plain value, and the line of each of its parts."""

    value: JsonValue
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """Return where a part stands; of a part that is missing, where it should have been."""
        return next(
            self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines
        )


def read_marked(text: str, complain: Complain) -> list[Marked]:
    """Return the documents of one file as far as they can be read; complain of what cannot."""
    documents: list[Marked] = []
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            lines: dict[Path, int] = {(): node.start_mark.line + 1}
            value = _value(node, (), lines, complain)
            if value is not None:  # nothing follows the last `---`
                documents.append(Marked(value, lines))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        remedy = "Correct it there; what follows in this file was not read."
        complain(mark.line + 1 if mark else 1, (), error.problem or "this is not YAML", remedy)
    except yaml.YAMLError as error:
        complain(1, (), str(error).splitlines()[0], "Save it as plain text in UTF-8.")
    return documents


class _Loader(yaml.SafeLoader):
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401  as in PyYAML
        """Refuse what could make a small file large, or endless."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # not in the stubs
        is_alias = isinstance(event, yaml.AliasEvent)
        if is_alias or self._depth == DEPTH_MAX:
            problem = "aliases (*)" if is_alias else f"more than {DEPTH_MAX} levels"
            mark = event.start_mark
            raise yaml.MarkedYAMLError(problem=f"{problem} are not taken", problem_mark=mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(_JSON_TAG, _JSON, None)


def _value(node: yaml.Node, path: Path, lines: dict[Path, int], complain: Complain) -> JsonValue:
    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        return _members(node, path, lines, complain)
    if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        lines |= {(*path, n): item.start_mark.line + 1 for n, item in enumerate(node.value)}
        return [_value(item, (*path, n), lines, complain) for n, item in enumerate(node.value)]
    if node.tag == f"{_TAG}str":
        return str(node.value)
    if node.tag == _JSON_TAG:
        return None if node.value in {"~", ""} else cast("JsonValue", json.loads(node.value))
    complain(node.start_mark.line + 1, path, f"{node.tag} is not taken", "Write a plain value.")
    return None


def _members(
    node: yaml.MappingNode, path: Path, lines: dict[Path, int], complain: Complain
) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    for name, value in node.value:
        line = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode):
            complain(line, path, "a name must be a plain word", "Write `name: value`.")
            continue
        inner = (*path, name.value)
        if name.value in members:
            complain(line, inner, f"given twice, first in line {lines[inner]}", "Keep one of them.")
            continue
        lines[inner] = line
        members[name.value] = _value(value, inner, lines, complain)
    return members
