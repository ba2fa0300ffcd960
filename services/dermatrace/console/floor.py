"""The floor as all pages share it: looked at once for everybody, told to each who follows."""

import asyncio
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Self, TypeAlias

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.console.floor_facts import FloorTile
from dermatrace.console.floor_state import FloorState
from dermatrace.console.floor_tiles import (
    READINGS_EVERY_MS,
    STALE_AFTER_MS,
    LiveSession,
)
from dermatrace.console.records import Records
from dermatrace.console.rendering import render
from dermatrace.errors import DermatraceError
from dermatrace.reading.visit_chart import Visit

LOOK_INTERVAL_MS: Final = 1_000
"""Between two looks at the record: a device tells something once a second."""
UNSENT_MAX: Final = 4
"""Looks that wait for one follower; whoever is slower is let go, and comes back by itself."""
JUDGE_BEHIND_MIN_MS: Final = 5_000
"""The judge writes down what it found once a second; after this long without, findings are said to
be missing."""
_AGES: Final = {"stale_after_ms": STALE_AFTER_MS, "old_after_ms": 2 * READINGS_EVERY_MS}
END_WAIT_MAX_S: Final = 10
"""For the look under way when the console ends; then it is left behind."""


_PIECES: Final = re.compile(r'([<>"])')
"""Where a line of HTML is cut, so that a number that moves is a piece of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class ShownTile:
    """One tile, made once for all who see it; another one as soon as anything on it is other."""

    tile: FloorTile
    html: str
    lines: tuple[list[str], ...]
    """The same line by line, each cut into pieces; pages cut it alike."""
    number: int = field(default_factory=itertools.count(1).__next__)
    _told: dict[int, str] = field(default_factory=dict)
    """What is sent of it, by the number of what is known: the same for all who follow."""

    @classmethod
    def of(cls, tile: FloorTile) -> Self:
        """Draw a tile."""
        html = render("floor_tile.html", {"tile": tile, **_AGES}).strip()
        return cls(tile, html, tuple(_PIECES.split(line) for line in html.split("\n")))

    def told(self, known: "ShownTile | None") -> str:
        """Return it as JSON for a page that has another one: its HTML, or what changed of it.

        That is a list of line, place and piece, or of line and text where a line has more or fewer
        pieces. A few numbers move each second; whole tiles would be ten times as much.
        """
        base = 0 if known is None else known.number
        if base not in self._told:
            whole = known is None or len(known.lines) != len(self.lines)
            told = self.html if known is None or whole else list(self._changes(known))
            self._told[base] = json.dumps(told, separators=(",", ":"))
        return self._told[base]

    def _changes(self, known: "ShownTile") -> Iterator[tuple[int | str, ...]]:
        for at, (line, before) in enumerate(zip(self.lines, known.lines, strict=True)):
            if len(line) != len(before):
                yield at, "".join(line)
            elif line != before:
                pairs = enumerate(zip(line, before, strict=True))
                yield from ((at, place, new) for place, (new, old) in pairs if new != old)


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything on the floor of every clinic at one look."""

    now_ms: int
    tiles: tuple[ShownTile, ...] = ()
    visits: tuple[Visit, ...] = ()
    """Of the day, attended or not."""
    sessions: tuple[LiveSession, ...] = ()
    """Read them only where the look is made."""
    judge_behind_ms: int | None = None
    """None: nothing has been judged yet."""

    @property
    def lacks_findings(self) -> bool:
        """Whether findings may be missing from it."""
        return self.judge_behind_ms is None or self.judge_behind_ms >= JUDGE_BEHIND_MIN_MS


AfterLook: TypeAlias = Callable[[Shown], None]


@dataclass(eq=False, slots=True)
class Following:
    """One stream of events that is told of every look."""

    loop: asyncio.AbstractEventLoop
    looks: asyncio.Queue[Shown | None] = field(
        default_factory=lambda: asyncio.Queue(maxsize=UNSENT_MAX + 1)
    )
    """None ends it."""
    has_ended: bool = False

    def offer(self, shown: Shown | None) -> None:
        """Take a look in, in the loop's own thread; end if too many have not been fetched."""
        if self.has_ended:
            return
        self.has_ended = shown is None or self.looks.qsize() >= UNSENT_MAX
        self.looks.put_nowait(None if self.has_ended else shown)


class Floor:
    """Looks when asked, and every second while anybody follows."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._state = FloorState()
        self._one_at_a_time = threading.Lock()
        self._shown: Shown | None = None
        self._looked_ms = 0
        self._followers: set[Following] = set()
        self._followers_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._after_look: AfterLook | None = None
        self._ending = threading.Event()
        self._log = logs.log("console")

    def shown(self) -> Shown:
        """Return the floor as of now. Raises WrongFile, JournalForked, StorageError."""
        with self._one_at_a_time:
            now_ms = self._clock.monotonic_ms()
            if self._shown is None or now_ms - self._looked_ms >= LOOK_INTERVAL_MS // 2:
                self._shown, self._looked_ms = self._look(self._shown), now_ms
            return self._shown

    def follow(self, loop: asyncio.AbstractEventLoop) -> Following:
        """Tell a stream of every look from now on."""
        following = Following(loop)
        with self._followers_lock:
            self._followers.add(following)
            self._start()
        return following

    def leave(self, following: Following) -> None:
        """Tell it no more."""
        with self._followers_lock:
            self._followers.discard(following)

    def stay(self, after_look: AfterLook) -> None:
        """Go on looking even while nobody follows, and call something after each look."""
        with self._followers_lock:
            self._after_look = after_look
            self._start()

    def close(self) -> None:
        """End every stream and the looking."""
        self._ending.set()
        thread = self._thread
        if thread is not None:
            thread.join(END_WAIT_MAX_S)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="console.floor", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """Look once a second, for as long as anybody follows or somebody wants it to stay."""
        while True:
            began_ms = self._clock.monotonic_ms()
            try:
                shown: Shown | None = None if self._ending.is_set() else self.shown()
                if shown is not None and self._after_look is not None:
                    self._after_look(shown)
            except DermatraceError as error:
                # Pages then say that they hear nothing, and ask again; the next one may succeed.
                self._log.warning("the floor cannot be read", **{logs.ERROR: str(error)})
                shown = None
            with self._followers_lock:
                for following in list(self._followers):
                    if not following.loop.is_closed():
                        following.loop.call_soon_threadsafe(following.offer, shown)
                if shown is None:
                    self._followers.clear()
                is_wanted = self._after_look is not None or bool(self._followers)
                if self._ending.is_set() or not is_wanted:
                    self._thread = None
                    return
            took_ms = self._clock.monotonic_ms() - began_ms
            self._ending.wait(max(LOOK_INTERVAL_MS // 2, LOOK_INTERVAL_MS - took_ms) / 1_000)

    def _look(self, before: Shown | None) -> Shown:
        known = {} if before is None else {one.tile.key: one for one in before.tiles}
        now_ms = self._clock.utc_ms()
        with self._records.open() as record:
            tiles = self._state.look(record, now_ms)
        return Shown(
            now_ms,
            tuple(_made(tile, known.get(tile.key)) for tile in tiles),
            tuple(self._state.visits),
            tuple(self._state.sessions.values()),
            self._state.judge_behind_ms(now_ms),
        )


def _made(tile: FloorTile, before: ShownTile | None) -> ShownTile:
    return before if before is not None and before.tile == tile else ShownTile.of(tile)
