"""Delivery on a bench: steps made of lines, a clock that stands still, waits that take no time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from dermatrace.errors import InfluxUnavailable
from dermatrace.forward.delivery import Delivery
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.point_store import PointStore
from dermatrace.forward.step import Counting, Deletion, Group, Outcome, Step
from dermatrace.journal.entry import EMPTY
from support.manual_clock import NOON_MS, ManualClock
from support.point_shelf import Asked, PointShelf

NS_PER_MS: Final = 1_000_000


def lines_of(count: int, measurement: str = "thing", at_ms: int = NOON_MS) -> list[str]:
    """Return so many points, one a nanosecond."""
    return [f"{measurement},a=b n={n} {at_ms * NS_PER_MS + n}" for n in range(count)]


def step_of(*groups: Group, deletions: Iterable[Deletion] = ()) -> Step:
    """Return a step."""
    step = Step(1, EMPTY, list(deletions))
    for group in groups:
        step.add(group)
    return step


def group_of(
    lines: list[str], bucket: Bucket = "raw", counting: Counting = "kept", entry_id: int = 1
) -> Group:
    """Return the lines of one entry."""
    return Group(entry_id, 1, bucket, counting, lines)


@dataclass
class DeliveryBench:
    """A delivery to a shelf, what it waits for, and when it is told to stop."""

    shelf: PointShelf = field(default_factory=PointShelf)
    clock: ManualClock = field(default_factory=ManualClock)
    waits_s: list[float] = field(default_factory=list)
    stops_after: int | None = None
    """Waits after which forwarding is told to stop."""
    points: PointStore | None = None
    """Where points go instead of to the shelf."""
    delivery: Delivery = field(init=False)

    def __post_init__(self) -> None:
        self.shelf.now_ms = self.clock.utc_ms
        self.delivery = Delivery(self.points or self.shelf, self.clock, Random(1), self._wait)
        self.delivery.look()
        self.shelf.asked.clear()

    def deliver(self, *groups: Group, deletions: Iterable[Deletion] = ()) -> Outcome:
        """Bring a step to the shelf."""
        return self.delivery.deliver(step_of(*groups, deletions=deletions))

    def fail(self, times: int, error: InfluxUnavailable) -> None:
        """Let the next requests fail."""
        left = times

        def fail(_: Asked) -> None:
            nonlocal left
            if left > 0:
                left -= 1
                raise error

        self.shelf.before = fail

    @property
    def writes(self) -> list[Asked]:
        """Requests to write."""
        return [asked for asked in self.shelf.asked if asked.what == "write"]

    def _wait(self, seconds: float) -> bool:
        self.waits_s.append(seconds)
        self.clock.advance(int(seconds * 1_000))
        return self.stops_after is not None and len(self.waits_s) >= self.stops_after
