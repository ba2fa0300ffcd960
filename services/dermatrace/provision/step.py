"""What provisioning says of each thing it looked at."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

Outcome: TypeAlias = Literal["unchanged", "made", "changed", "replaced"]
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing, and what became of it."""

    what: str
    outcome: Outcome
    detail: str = ""


Steps: TypeAlias = Generator[Step, None, Found]
"""Steps as they are taken, so that those before an error can be told; then what was found."""
