"""Forwarding with one protection taken out, to show that the tests see what it prevents."""

import queue
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from dermatrace import sqlite
from dermatrace.errors import PointsRefused
from dermatrace.forward.delivery import Delivery
from dermatrace.forward.forwarder import HAND_OVER_S, Forwarder
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.rendering_sessions import SessionDesk
from dermatrace.forward.step import Group, Outcome, Step
from dermatrace.journal.entry import Entry
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.topics import Topic
from support.forward_runs import AuditedStore, KilledError

_STARTS = count()


class AdvancesFirst(Forwarder):
    """Moves the cursor, and sends the points after that."""

    def _forward_next(self) -> None:
        try:
            step = self._steps.get(timeout=HAND_OVER_S)
        except queue.Empty:
            return
        self._store.commit(step, Outcome(), self._clock.utc_ms())
        self._delivery.deliver(step)
        self.head = step.head


class CountsApart(AuditedStore):
    """Keeps the account in one transaction and moves the cursor in the next."""

    def commit(self, step: Step, outcome: Outcome, now_ms: int) -> None:
        """Commit in two pieces; a kill may come between them."""
        is_last = self._commits_left == 1
        super().commit(replace(step, head=self.place().head), outcome, now_ms)
        if is_last:
            raise KilledError
        with sqlite.transaction(self._connection, self.path):
            self._move(step.head)


class TimesPoints(Renderer):
    """Has the time of a point depend on which start of the process made it."""

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401  handed on
        super().__init__(*arguments)
        self._start_ns = next(_STARTS)

    def add(self, entry: Entry, lines: list[str], **how: Any) -> None:  # noqa: ANN401  handed on
        """Write another time under each line."""
        told = [line.rpartition(" ") for line in lines]
        again = [f"{line} {int(at_ns) + self._start_ns}" for line, _, at_ns in told]
        super().add(entry, again, **how)


class KeepsOlderVerdicts(Renderer):
    """Does not delete what the judgement before has said."""

    def take_steps(self, *, unfinished: bool) -> list[Step]:
        """Return the steps without what deletes in them."""
        steps = super().take_steps(unfinished=unfinished)
        for step in steps:
            step.deletions = [one for one in step.deletions if one.fate == "erased"]
        return steps


class ForgetsWhatStandsOnce(Renderer):
    """Does not remember where summaries stand, which do not carry the session as a tag."""

    def take_steps(self, *, unfinished: bool) -> list[Step]:
        """Return the steps without these places."""
        steps = super().take_steps(unfinished=unfinished)
        for step in steps:
            step.deletions = [replace(one, standing=()) for one in step.deletions]
        return steps


class KeepsErased(Renderer):
    """Does not delete what was erased."""

    def take_steps(self, *, unfinished: bool) -> list[Step]:
        """Return the steps without what deletes in them."""
        steps = super().take_steps(unfinished=unfinished)
        for step in steps:
            step.deletions = [one for one in step.deletions if one.fate == "superseded"]
        return steps


class WaitsForNothing(Renderer):
    """Tells documents before the first of their session as soon as they come."""

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401  handed on
        super().__init__(*arguments)
        self._sessions = _HastyDesk(self)


class _HastyDesk(SessionDesk):
    def take(self, entry: Entry, topic: Topic, document: StreamDocument) -> None:
        assert entry.stream_key is not None
        assert topic.stream_id is not None
        memory = self.memory(entry.stream_key, topic.clinic, topic.sender, topic.stream_id)
        memory.is_begun = True
        self._renderer.streams.changed(memory, self._renderer.step)
        super().take(entry, topic, document)


class DropsRefused(Delivery):
    """Lets a request that was refused go, with a word in the log."""

    def _write_apart(
        self, bucket: Bucket, groups: Sequence[tuple[int, Group]], outcome: Outcome
    ) -> None:
        """Try once."""
        lines = [text for _, group in groups for text in group.lines]
        try:
            self._points.write(bucket, "\n".join(lines).encode())
        except PointsRefused as error:
            self._log.warning("points dropped", words=error.words, count=len(outcome.refused))
