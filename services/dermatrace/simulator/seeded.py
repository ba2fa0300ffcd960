"""Randomness that can be repeated: the only place of the simulator that makes a generator."""

from random import Random


def seeded(seed: int, purpose: str) -> Random:
    """Return a generator of its own for one purpose, so that one draw more shifts no other."""
    return Random(f"{seed}/{purpose}")  # noqa: S311  must be repeatable, nothing secret comes of it
