"""A link into the console for whoever started it on this machine."""

from contextlib import closing
from typing import Final

from dermatrace.clock import Clock
from dermatrace.console.installation import address_of
from dermatrace.console.people import People
from dermatrace.console.store import Store
from dermatrace.settings import Settings

DEMO_USER: Final = "demo"
"""Of a demonstration: a director, who may see every clinic, enter, acknowledge and sign."""


def demo_link(settings: Settings, clock: Clock) -> str:
    """Return a link that signs the demonstration's user in, once; the user is made if need be."""
    with closing(Store(settings.console_file, serve=False)) as store:
        people = People(store, clock)
        if people.user(DEMO_USER) is None:
            people.add(DEMO_USER, "director")
        return f"{address_of(settings)}/enter?token={people.issue('link', DEMO_USER)}"
