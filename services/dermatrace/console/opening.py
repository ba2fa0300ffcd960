"""A link that opens the floor, for whoever starts everything on one machine."""

from contextlib import closing
from typing import Final

from dermatrace.clock import Clock
from dermatrace.console.installation import address_of
from dermatrace.console.people import People
from dermatrace.console.store import Store
from dermatrace.settings import Settings

VISITOR: Final = "demo-director"
"""Who looks at a demonstration; a real installation names its own people."""


def floor_link(settings: Settings, clock: Clock, name: str = VISITOR) -> str:
    """Return an address that signs a director of every clinic in, once, and shows the floor.

    The console may be running already, or be started afterwards. Raises StorageError, WrongFile.
    """
    with closing(Store(settings.console_file, serve=False)) as store:
        people = People(store, clock)
        if people.user(name) is None:
            people.add(name, "director")
        return f"{address_of(settings)}/enter?token={people.issue('link', name)}&to=/"
