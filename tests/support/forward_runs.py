"""One journal forwarded in several ways: in one go, in steps of any size, killed and started again.

Whatever the way, after every commit the account must hold and say what stands in InfluxDB.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from dermatrace.forward.account import Account
from dermatrace.forward.delivery import Delivery
from dermatrace.forward.forwarder import Forwarder
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.step import Outcome, Step
from dermatrace.forward.store import Store
from support.forward_bench import ForwardBench
from support.point_shelf import Asked, PointKey, PointShelf

Content = dict[PointKey, dict[str, Any]]


class KilledError(Exception):
    """Stands for a kill."""


class Life(NamedTuple):
    """From one start of forwarding to its death."""

    entries: int
    """How many it reads at a time."""
    requests: int
    """How many requests InfluxDB answers before the kill."""
    where: Literal["before", "after"] = "before"
    """Whether the request after those is lost on the way, or only its answer."""
    commits: int = 1_000_000
    """How many steps are committed before the kill, if it gets that far."""


class AuditedStore(Store):
    """Checks the books with every commit; dies instead of the commit after `commits_left`."""

    def __init__(self, path: Path, way: "Way", commits_left: int) -> None:
        super().__init__(path)
        self._way, self._commits_left = way, commits_left

    def commit(self, step: Step, outcome: Outcome, now_ms: int) -> None:
        """Commit, and hold the account against what is there."""
        if self._commits_left == 0:
            raise KilledError
        self._commits_left -= 1
        super().commit(step, outcome, now_ms)
        account = self.account()
        assert account.difference_count == 0, str(account)
        # After a kill InfluxDB may have more than the account knows of yet.
        is_known = self._way.was_killed or account.forwarded_count == self._way.shelf.counted()
        assert is_known, str(account)


@dataclass
class Way:
    """A way to forward the journal of a folder, with parts of the product or twins of them."""

    folder: Path
    shelf: PointShelf = field(default_factory=PointShelf)
    make_delivery: Callable[..., Delivery] = Delivery
    make_store: Callable[..., Store] = AuditedStore
    make_renderer: Callable[..., Renderer] = Renderer
    make_forwarder: Callable[..., Forwarder] = Forwarder
    was_killed: bool = False

    def begin(self) -> None:
        """Begin anew, with an InfluxDB that is empty."""
        self.bench(1).forward_file.unlink(missing_ok=True)

    def bench(self, entries: int, commits: int = 1_000_000) -> ForwardBench:
        """Return a bench that reads so many entries at a time and dies after so many commits."""
        return ForwardBench(
            self.folder,
            self.shelf,
            make_delivery=self.make_delivery,
            make_store=lambda path: self.make_store(path, self, commits),
            make_renderer=self.make_renderer,
            make_forwarder=self.make_forwarder,
            fewest_entries=entries,
        )

    def go(self, entries: int = 500) -> Account:
        """Forward all there is; return the account."""
        return self.bench(entries).catch_up()

    def go_with_kills(self, lives: Iterable[Life]) -> Account:
        """Forward the same, dying again and again; the last life reaches the end."""
        for life in lives:
            self.shelf.before, self.shelf.after = _killer(life)
            try:
                self.bench(life.entries, life.commits).catch_up()
            except KilledError:
                self.was_killed = True
            finally:
                self.shelf.before = self.shelf.after = _nothing
        return self.go()

    @property
    def content(self) -> Content:
        """What stands in InfluxDB."""
        return {key: dict(told) for key, told in self.shelf.points.items()}


def in_one_go(folder: Path) -> tuple[Content, Account]:
    """Return what stands in InfluxDB and the account if nothing happens on the way."""
    way = Way(folder)
    way.begin()
    account = way.go()
    assert way.shelf.written_over == [], "no two points share a place"
    return way.content, account


def _killer(life: Life) -> tuple[Callable[[Asked], None], Callable[[Asked], None]]:
    answered = 0

    def count(_: Asked) -> None:
        nonlocal answered
        if answered >= life.requests:
            raise KilledError
        answered += 1

    return (count, _nothing) if life.where == "before" else (_nothing, count)


def _nothing(_: Asked) -> None:
    """Let it pass."""
