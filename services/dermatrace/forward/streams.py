"""The memories of streams at hand: those in use, the others from forward.db.

Reads through a connection of its own, since steps that are made are not committed yet: what is
remembered of them is kept here until they are.
"""

from typing import Final, TypeVar

from dermatrace.forward.memory import (
    Memory,
    SessionMemory,
    VerdictMemory,
    packed,
    unpacked_session,
    unpacked_verdict,
)
from dermatrace.forward.step import KeptMemory, RaisedFinding, Step
from dermatrace.forward.store import Store

CACHED_MAX: Final = 2_000
"""Streams, findings and facts each kept at hand; the longest unused are read again."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Cache(dict[_Key, tuple[int, _Value]]):
    """Values by key, each with the step that last changed it, the longest unused first."""

    def use(self, key: _Key) -> _Value | None:
        found = self.pop(key, None)
        if found is None:
            return None
        self[key] = found
        return found[1]

    def shrink(self, committed_number: int) -> None:
        """Drop the longest unused whose last change is committed."""
        surplus = len(self) - CACHED_MAX
        if surplus > 0:
            old = [key for key, (number, _) in self.items() if number <= committed_number]
            for key in old[:surplus]:
                del self[key]


class Streams:
    """What is remembered, as of the entries taken so far."""

    def __init__(self, store: Store) -> None:
        """Begin with what is committed; `store` is only read."""
        self._store = store
        self._memories: _Cache[int, Memory] = _Cache()
        self._findings: _Cache[tuple[int, int], RaisedFinding | None] = _Cache()
        self._known: _Cache[tuple[str, str], str | None] = _Cache()
        self._changed: set[int] = set()
        self.holding: dict[int, Memory] = {}
        """Streams of which entries are held."""
        for row, sort in store.holding_rows():
            memory = self.session(row) if sort == "session" else self.verdict(row)
            if memory is not None:
                self.holding[row] = memory

    def session(self, row: int) -> SessionMemory | None:
        """Return what is remembered of a session, or None."""
        found = self._memories.use(row)
        if found is None and (kept := self._store.memory(row, "session")) is not None:
            found = unpacked_session(kept)
            self._memories[row] = (0, found)
        return found if isinstance(found, SessionMemory) else None

    def verdict(self, row: int) -> VerdictMemory | None:
        """Return what is remembered of a verdict stream, or None."""
        found = self._memories.use(row)
        if found is None and (kept := self._store.memory(row, "verdict")) is not None:
            found = unpacked_verdict(kept)
            self._memories[row] = (0, found)
        return found if isinstance(found, VerdictMemory) else None

    def changed(self, memory: Memory, step: Step) -> None:
        """Keep a memory that was changed, or made."""
        self._memories[memory.row] = (step.number, memory)
        self._changed.add(memory.row)
        if memory.held.entry_ids:
            self.holding[memory.row] = memory
        else:
            self.holding.pop(memory.row, None)

    def finding(self, row: int, number: int, generation: int) -> RaisedFinding | None:
        """Return where a finding of a judgement stands, or None if nobody has raised it."""
        key = (row, number)
        if key not in self._findings:
            self._findings[key] = (0, self._store.finding(row, number))
        found = self._findings.use(key)
        # One of an earlier judgement is deleted by now, or will be before this step is written.
        return None if found is None or found.generation != generation else found

    def raise_finding(self, finding: RaisedFinding, step: Step) -> None:
        """Remember where a finding stands."""
        self._findings[finding.row, finding.number] = (step.number, finding)
        step.findings.append(finding)

    def known(self, kind: str, key: str) -> str | None:
        """Return a fact noted earlier, or None."""
        if (kind, key) not in self._known:
            self._known[kind, key] = (0, self._store.known(kind, key))
        return self._known.use((kind, key))

    def note(self, kind: str, key: str, fact: str, step: Step) -> None:
        """Note a fact."""
        self._known[kind, key] = (step.number, fact)
        step.known[kind, key] = fact

    def finish(self, step: Step, committed_number: int) -> None:
        """Put what was changed into the step, and let go of what is committed and unused."""
        for row in sorted(self._changed):
            memory = self._memories[row][1]
            sort = "session" if isinstance(memory, SessionMemory) else "verdict"
            is_holding = bool(memory.held.entry_ids)
            step.memories[row] = KeptMemory(sort, packed(memory), is_holding, memory.pending_count)
        self._changed.clear()
        for cache in (self._memories, self._findings, self._known):
            cache.shrink(committed_number)
