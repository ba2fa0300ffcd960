"""Commands that are imported when they are asked for.

Some bring libraries that take longer to import than a recorder takes to start; nobody but who asks
for those should wait for them.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command


class Commands(MutableMapping[str, Any]):
    """Commands by name; each is made from `module:attribute` of this package on first use."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  typer keeps the type to itself
        if name not in self._made:
            self._made[name] = _command(name, self._places[name])
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401  as above
        self._places.setdefault(name, "")
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._made.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def group_of(places: Mapping[str, str]) -> type[TyperGroup]:
    """Return a group with these commands, in this order, for `Typer(cls=...)`."""

    class Group(TyperGroup):
        def __init__(self, **given: Any) -> None:  # noqa: ANN401  typer's own
            super().__init__(**given)
            self.commands = Commands(places)

    return Group


def _command(name: str, place: str) -> Any:  # noqa: ANN401  as above
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"{__package__}.{module}"), attribute)
    if isinstance(found, typer.Typer):
        command = get_command(found)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        alone.command()(found)
        command = get_command(alone)
    command.name = name
    return command
