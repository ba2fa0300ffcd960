"""Until when a command goes on: until it is asked to end."""

import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final

from dermatrace.settings import load_settings

SERVICES: Final = frozenset({"ingest", "judge", "forward", "console"})
"""Commands that run for good. Only these wait for a person: in front of the rest there is one."""
LOOK_INTERVAL_S: Final = 0.25
"""A signal that another thread took is noticed this late at most."""


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def wait_for_a_person(arguments: Sequence[str]) -> None:
    """Stay, doing nothing, until asked to end, if this is a service and the settings say so.

    A supervisor that cannot be told which exit codes mean "not again" would otherwise start it
    again for ever: two recorders on one broker would throw each other out all day.
    """
    is_service = SERVICES.intersection(arguments[:1]) and not _names_more(arguments[1:])
    if not is_service or load_settings().needs_a_person == "exit":
        return
    stopping = stop_event()
    sys.stderr.write("waiting for a person: put it right, then start this again\n")
    sys.stderr.flush()
    while not stopping.wait(LOOK_INTERVAL_S):
        pass


def _names_more(arguments: Sequence[str]) -> bool:
    """Tell whether a command of the service is meant, such as `forward rebuild`."""
    return not all(word.startswith("-") for word in arguments[:1])
