"""Takes one step to InfluxDB, whole: waits for the server's yes, sets aside what it refuses.

Never skips: while InfluxDB is away, busy or refuses our token, the same is sent again, later and
later. Only an answer that is about the points themselves (400, 413, 422) makes the lines be sent in
ever smaller parts, until the refused ones stand alone.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from random import Random
from typing import Final, NamedTuple

from dermatrace import logs
from dermatrace.backoff import Backoff
from dermatrace.clock import Clock
from dermatrace.errors import InfluxUnavailable, PointsRefused
from dermatrace.forward.line import NS_PER_MS
from dermatrace.forward.measurement import BUCKETS, Bucket
from dermatrace.forward.measurements import JUDGED, OF_SESSION
from dermatrace.forward.measurements_device import DEVICE_STATE
from dermatrace.forward.point_store import PointStore
from dermatrace.forward.step import STEP_LINES_MAX, Deletion, Group, Outcome, Refused, Step

RETRY_FIRST_S: Final = 0.5
RETRY_MAX_S: Final = 30.0
"""Longest wait before InfluxDB is asked again: so late at most is it noticed that it is back."""
RETRY_AFTER_MAX_S: Final = 300.0
"""Longest wait the server may ask for; a longer one is not believed."""
PARTS_MAX: Final = 200
"""Requests one refused request may take to find the refused lines. Two bad lines of 5,000 take
about fifty. What is still together after so many is set aside together: by then in small parts,
since the largest are divided first."""
OUTSIDE_RETENTION: Final = "outside retention policy"
"""In InfluxDB's words for a point that has become too old by its own clock."""
_DROPPED: Final = re.compile(r"\bdropped=(\d+)")
"""How many it did not store, in its words for a request of which it stored the rest."""
MS_PER_S: Final = 1_000
NEVER_NS: Final = -(2**63)
"""Older than any point."""

Wait = Callable[[float], bool]
"""Waits some seconds; tells whether forwarding is to stop."""


class Stopped(Exception):
    """Forwarding was told to stop while it waited."""


class _Line(NamedTuple):
    group: int
    text: str
    replaces: bool
    """Whether it says more of a point that an earlier line has made."""


@dataclass(slots=True)
class Trouble:
    """Why InfluxDB does not get anything at the moment; empty if it does."""

    what: str = ""
    since_ms: int = 0


class Delivery:
    """Knows how to get a step into InfluxDB."""

    def __init__(self, points: PointStore, clock: Clock, random: Random, wait: Wait) -> None:
        """Deliver to `points`."""
        self._points = points
        self._clock = clock
        self._wait = wait
        self._backoff = Backoff(random, first_s=RETRY_FIRST_S, max_s=RETRY_MAX_S)
        self._retention_s: dict[Bucket, int] = {}
        self._log = logs.log("forward")
        self.trouble = Trouble()
        self.bucket_ids: dict[str, str] = {}
        """Of the buckets as they were last looked at."""
        self._must_look = True

    def look(self) -> None:
        """Ask InfluxDB for its buckets, until it answers. Raises Stopped."""
        self._must_look = False
        for bucket in BUCKETS:
            self._look_at(bucket)

    def deliver(self, step: Step) -> Outcome:
        """Bring a step to InfluxDB; return what it did not take. Raises Stopped."""
        if self._must_look:
            self.look()
        for deletion in step.deletions:
            self._delete(deletion)
        outcome = Outcome()
        for bucket in BUCKETS:
            groups = [(at, one) for at, one in enumerate(step.groups) if one.bucket == bucket]
            for part in _requests(groups):
                if not self._write_at_once(bucket, part):
                    self._write_apart(bucket, part, outcome)
        return outcome

    def delete(self, bucket: Bucket, predicate: str, at_ns: int | None = None) -> None:
        """Delete what a predicate fits, waiting for InfluxDB if need be. Raises Stopped."""
        self._ask(partial(self._points.delete, bucket, predicate, at_ns))

    def _write_at_once(self, bucket: Bucket, groups: Sequence[tuple[int, Group]]) -> bool:
        """Write everything, as long as nothing is expired; return whether that was all."""
        if min(group.oldest_ns for _, group in groups) <= self._expired_until_ns(bucket):
            return False
        texts = chain.from_iterable(group.lines for _, group in groups)
        return self._try(bucket, texts) is None

    def _write_apart(
        self, bucket: Bucket, groups: Sequence[tuple[int, Group]], outcome: Outcome
    ) -> None:
        """Write what the bucket keeps; set aside what it refuses."""
        # Perhaps it keeps less than it did, or time has passed while it was away.
        self._look_at(bucket)
        lines = [
            _Line(at, text, group.counting == "replacing")
            for at, group in groups
            for text in group.lines
        ]
        kept = self._unexpired(bucket, lines, outcome)
        words = self._try(bucket, _texts(kept)) if kept else None
        if words is None:
            return
        self._log.warning("points refused", bucket=bucket, lines=len(kept), words=words)
        refused: set[_Line] = set()
        for part, why in self._refused(bucket, kept, words):
            refused.update(part)
            is_expired = OUTSIDE_RETENTION in why and _is_whole(part, why)
            for line in part:
                if is_expired:
                    outcome.expired[line.group] += 1
                else:
                    outcome.refused.setdefault(line.group, []).append(Refused(line.text, why))
        # Parts were not written in the order of their lines: once more what must come last.
        last = [line for line in kept if line.replaces and line not in refused]
        if last:
            self._try(bucket, _texts(last))

    def _refused(
        self, bucket: Bucket, lines: Sequence[_Line], words: str
    ) -> Iterator[tuple[Sequence[_Line], str]]:
        """Yield the refused ones among lines that were refused together, each with why."""
        parts, asked_count = deque([(lines, words)]), 0
        while parts:
            part, why = parts.popleft()
            if asked_count >= PARTS_MAX or _is_whole(part, why):
                yield part, why
                continue
            for smaller in _divided(part):
                asked_count += 1
                said = self._try(bucket, _texts(smaller))
                if said is not None:
                    parts.append((smaller, said))

    def _try(self, bucket: Bucket, texts: Iterable[str]) -> str | None:
        """Write lines; return the server's words if it refuses some of them."""
        body = "\n".join(texts).encode()
        try:
            self._ask(lambda: self._points.write(bucket, body))
        except PointsRefused as error:
            return error.words
        return None

    def _unexpired(
        self, bucket: Bucket, lines: Sequence[_Line], outcome: Outcome
    ) -> Sequence[_Line]:
        """Return the lines the bucket still keeps; count the others as expired."""
        until_ns = self._expired_until_ns(bucket)
        kept = [line for line in lines if int(line.text.rpartition(" ")[2]) > until_ns]
        if len(kept) < len(lines):
            outcome.expired.update(line.group for line in lines)
            outcome.expired.subtract(line.group for line in kept)
        return kept

    def _expired_until_ns(self, bucket: Bucket) -> int:
        """Return the time up to which points are older than the bucket keeps."""
        retention_s = self._retention_s.get(bucket, 0)
        if not retention_s:
            return NEVER_NS
        return (self._clock.utc_ms() - retention_s * MS_PER_S) * NS_PER_MS

    def _delete(self, deletion: Deletion) -> None:
        """Delete what was judged of a session in InfluxDB, or everything it has there.

        Its findings are deleted by its name, which is one of their tags; what stands once a session
        by its place.
        """
        own = f'clinic="{deletion.clinic}" AND device="{deletion.device}"'
        own += f' AND session="{deletion.session}"'
        # What the recorder noted about the session stays, as it does in the record.
        for one in OF_SESSION if deletion.whole else JUDGED:
            if "session" in one.tags:
                self.delete(one.bucket, f'_measurement="{one.name}" AND {own}')
        for standing in deletion.standing:
            self.delete("sessions", *standing)
        if deletion.started_ns is not None:
            # Other sessions of the device have theirs at other times.
            told = f'_measurement="{DEVICE_STATE.name}" AND clinic="{deletion.clinic}"'
            told += f' AND device="{deletion.device}" AND source="session"'
            self.delete(DEVICE_STATE.bucket, told, deletion.started_ns)

    def _look_at(self, bucket: Bucket) -> None:
        def look() -> None:
            facts = self._points.facts(bucket)
            self._retention_s[bucket] = facts.retention_s
            self.bucket_ids[bucket] = facts.bucket_id

        self._ask(look)

    def _ask(self, ask: Callable[[], None]) -> None:
        """Ask until there is an answer. Raises Stopped, or PointsRefused if that is the answer."""
        while True:
            try:
                ask()
            except InfluxUnavailable as error:
                self._await_return(error)
            else:
                self._answered()
                return

    def _answered(self) -> None:
        if self.trouble.what:
            self._log.info("InfluxDB answers again")
            self.trouble = Trouble()
            # A bucket may have been deleted meanwhile and made again, with another retention.
            self._must_look = True
        self._backoff.reset()

    def _await_return(self, error: InfluxUnavailable) -> None:
        if self.trouble.what != str(error):
            self._log.warning("InfluxDB unavailable", **{logs.ERROR: str(error)})
            since_ms = self.trouble.since_ms or self._clock.utc_ms()
            self.trouble = Trouble(str(error), since_ms)
        wait_s = self._backoff.next_s()
        if error.retry_after_s is not None:
            wait_s = max(wait_s, min(error.retry_after_s, RETRY_AFTER_MAX_S))
        if self._wait(wait_s):
            raise Stopped


def _requests(
    groups: Iterable[tuple[int, Group]],
) -> Iterator[list[tuple[int, Group]]]:
    """Yield groups together as far as one request takes them."""
    part: list[tuple[int, Group]] = []
    line_count = 0
    for at, group in groups:
        part.append((at, group))
        line_count += len(group.lines)
        if line_count >= STEP_LINES_MAX:
            yield part
            part, line_count = [], 0
    if part:
        yield part


def _is_whole(part: Sequence[_Line], why: str) -> bool:
    """Tell whether all of a refused part is refused: nothing else is in it, or the server says so.

    In a conflict of types InfluxDB stores the others. Set aside with them, they would stand in both
    places.
    """
    dropped = _DROPPED.search(why)
    return len(part) == 1 or (dropped is not None and int(dropped[1]) == len(part))


def _divided(lines: Sequence[_Line]) -> list[Sequence[_Line]]:
    """Return the lines of each measurement, since types are in conflict there; of one, its halves.

    Readings and events lie side by side: halves alone would be divided down to every line.
    """
    by_measurement: dict[str, list[_Line]] = {}
    for line in lines:
        by_measurement.setdefault(line.text.partition(",")[0], []).append(line)
    middle = len(lines) // 2
    if len(by_measurement) > 1:
        return list(by_measurement.values())
    return [lines[:middle], lines[middle:]]


def _texts(lines: Iterable[_Line]) -> Iterator[str]:
    return (line.text for line in lines)
