"""Forwarding with one protection taken out each, to see what that protection prevents.

Each double is the product's own service with one part replaced. `FAULTY_FORWARDERS` names them for
the launcher.
"""

import contextlib
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Final

from dermatrace import logs
from dermatrace.backoff import Backoff
from dermatrace.clock import SystemClock
from dermatrace.errors import InfluxUnavailable, PointsRefused
from dermatrace.forward.delivery import RETRY_FIRST_S, RETRY_MAX_S, Delivery
from dermatrace.forward.forwarder import READ_ENTRIES_MAX, Forwarder
from dermatrace.forward.influx import Influx, InfluxAddress
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.point_store import BucketFacts
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.service import ForwardService
from dermatrace.forward.step import Counting, Outcome
from dermatrace.forward.store import Store
from dermatrace.journal.entry import Entry, Head
from dermatrace.journal.reader import JournalReader
from dermatrace.settings import load_settings

WRITING_TAKES_S: Final = 0.5
"""From the cursor's move to the write, where the damage is done in that time."""
POISONED_SESSION: Final = "-pen-north-1-1"
"""The one session, by the end of its name, of which a window is made unreadable."""
POISONED_SEQ: Final = 30


class _NeverAgain(Influx):
    """Sends everything once, whatever InfluxDB says; takes some answers for a yes."""

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Store these lines, or not."""
        with self._taken_for_a_yes():
            super().write(bucket, body)

    def delete(self, bucket: Bucket, predicate: str, at_ns: int | None = None) -> None:
        """Delete, or not."""
        with self._taken_for_a_yes():
            super().delete(bucket, predicate, at_ns)

    @contextlib.contextmanager
    def _taken_for_a_yes(self) -> Iterator[None]:
        raise NotImplementedError


class NoAnswerIsAYes(_NeverAgain):
    """What got no answer is not sent again."""

    @contextlib.contextmanager
    def _taken_for_a_yes(self) -> Iterator[None]:
        with contextlib.suppress(InfluxUnavailable):
            yield


class DropsOnRefusedToken(_NeverAgain):
    """Takes a refused token for a refusal of the points."""

    def facts(self, bucket: Bucket) -> BucketFacts:
        """Return what is known of a bucket; without a token, nothing."""
        with self._taken_for_a_yes():
            return super().facts(bucket)
        return BucketFacts("unknown", 0)

    @contextlib.contextmanager
    def _taken_for_a_yes(self) -> Iterator[None]:
        try:
            yield
        except InfluxUnavailable as error:
            if f"({HTTPStatus.UNAUTHORIZED.value})" not in str(error):
                raise


class SkipsRefused(_NeverAgain):
    """Goes on over what InfluxDB refuses, and keeps nothing of it."""

    @contextlib.contextmanager
    def _taken_for_a_yes(self) -> Iterator[None]:
        with contextlib.suppress(PointsRefused):
            yield


class BelievesAfterAll(Influx):
    """Takes every yes for one, also of an InfluxDB whose disk has failed."""

    def _check_trust(self, bucket: Bucket) -> None:
        """Check nothing."""


class MovesFirst(Forwarder):
    """Moves its cursor, and writes after that."""

    def _forward_next(self) -> None:
        try:
            step = self._steps.get(timeout=0.1)
        except queue.Empty:
            return
        self._store.commit(step, Outcome(), self._clock.utc_ms())
        self._renderer.committed_number, self.head = step.number, step.head
        time.sleep(WRITING_TAKES_S)
        self._delivery.deliver(step)


class ReadsAhead(Forwarder):
    """Reads on however far InfluxDB is behind."""

    def __init__(
        self,
        renderer: Renderer,
        read_after: Callable[[int], list[Entry]],
        delivery: Delivery,
        store: Store,
        clock: SystemClock,
    ) -> None:
        super().__init__(renderer, read_after, delivery, store, clock)
        self._steps = queue.Queue()


class OwnClock(Renderer):
    """Gives points the time at which they are made."""

    def add(
        self,
        entry: Entry,
        lines: list[str],
        *,
        row: int | None = None,
        bucket: Bucket = "raw",
        counting: Counting = "kept",
    ) -> None:
        """Add an entry's lines with other times."""
        at_ns = time.time_ns()
        starts = (line.rpartition(" ")[0] for line in lines)
        told = [f"{start} {at_ns + place}" for place, start in enumerate(starts)]
        super().add(entry, told, row=row, bucket=bucket, counting=counting)


class Poisonous(Renderer):
    """Makes one line that nobody can read, as if escaping had failed."""

    def add(
        self,
        entry: Entry,
        lines: list[str],
        *,
        row: int | None = None,
        bucket: Bucket = "raw",
        counting: Counting = "kept",
    ) -> None:
        """Add an entry's lines, perhaps with a bad one."""
        if is_poisoned(entry):
            lines = [lines[0].replace(" seq=", ' seq="'), *lines[1:]]
        super().add(entry, lines, row=row, bucket=bucket, counting=counting)


def is_poisoned(entry: Entry) -> bool:
    """Tell whether the first window of an entry is made unreadable."""
    return (
        entry.topic.endswith(POISONED_SESSION)
        and entry.seq == POISONED_SEQ
        and b'"needling.windows"' in (entry.payload or b"")
    )


class TrustingReader(JournalReader):
    """Believes that the journal is the one it has been following."""

    def follow_from(self, seen: Head) -> None:
        """Check nothing."""


@dataclass(frozen=True, slots=True)
class ForwardParts:
    """Which part of forwarding is replaced, and by what."""

    points: type[Influx] = Influx
    forwarder: type[Forwarder] = Forwarder
    renderer: type[Renderer] = Renderer
    reader: type[JournalReader] = JournalReader
    retry_max_s: float = RETRY_MAX_S

    @property
    def is_whole(self) -> bool:
        """Whether everything that follows the journal is the product's."""
        parts = self.forwarder, self.renderer, self.reader
        return parts == (Forwarder, Renderer, JournalReader)


FAULTY_FORWARDERS: Final = {
    "sound": ForwardParts(),
    "hasty": ForwardParts(retry_max_s=0.3),
    "moves-first": ForwardParts(forwarder=MovesFirst),
    "believes-after-all": ForwardParts(points=BelievesAfterAll),
    "no-answer-is-a-yes": ForwardParts(points=NoAnswerIsAYes),
    "drops-on-refused-token": ForwardParts(points=DropsOnRefusedToken),
    "skips-refused": ForwardParts(points=SkipsRefused),
    "poisonous": ForwardParts(renderer=Poisonous),
    "poisonous-skips-refused": ForwardParts(points=SkipsRefused, renderer=Poisonous),
    "own-clock": ForwardParts(renderer=OwnClock),
    "trusts-the-journal": ForwardParts(reader=TrustingReader),
    "reads-ahead": ForwardParts(forwarder=ReadsAhead),
}
"""`sound` is the product, where the machine under it is not. `hasty` is the product, but asks an
InfluxDB that is away again and again: for runs too short to wait."""


class FaultyForward(ForwardService):
    """The product's service with one part replaced."""

    parts = ForwardParts()

    def _make_forwarder(self, reader: JournalReader, reading: Store) -> Forwarder:
        parts = self.parts
        if parts.is_whole:
            made = super()._make_forwarder(reader, reading)
            self.delivery._backoff = _backoff(parts.retry_max_s)  # noqa: SLF001  replaced
            return made
        place = self._store.place()
        with parts.reader(reader.path) as checking:
            checking.follow_from(place.head)
        renderer = parts.renderer(reader, reading, None, place.rebuilt_to_entry_id)
        self._forwarder = parts.forwarder(
            renderer,
            lambda entry_id: reader.read_after(entry_id, limit=READ_ENTRIES_MAX),
            self.delivery,
            self._store,
            self._clock,
        )
        return self._forwarder


def _backoff(most_s: float) -> Backoff:
    return Backoff(Random(1), first_s=min(RETRY_FIRST_S, most_s), max_s=most_s)


def run_forwarder(name: str) -> None:
    """Do what `dermatrace forward` does, with one part replaced."""
    settings = load_settings()
    logs.set_up_logs(as_json=False)
    FaultyForward.parts = FAULTY_FORWARDERS[name]
    with FaultyForward.parts.points(InfluxAddress.of(settings)) as points:
        service = FaultyForward(settings.journal_file, settings.forward_file, points, SystemClock())
        health = service.serve_health(settings.health_host, settings.forward_health_port)
        service.stop_on_signals()
        with contextlib.closing(health):
            service.run()
