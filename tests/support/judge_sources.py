"""Sources of a session's file without journal and index."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dermatrace.judge.context import SessionContext
from dermatrace.judge.file_state import ChainStanding, FileState, Told
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.session import SessionStopped
from support.visit_cases import ORDERLY


@dataclass
class FakeSources:
    """Knows one context, some documents, and what was told before."""

    now: SessionContext = ORDERLY
    told_before: dict[int, Told] = field(default_factory=dict)
    on_record: list[StreamDocument] = field(default_factory=list)

    def context(self, state: FileState, as_of: int) -> SessionContext:  # noqa: ARG002  always the same
        """Return it."""
        return self.now

    def documents(self, row: int, before_seq: int, as_of: int) -> Iterable[StreamDocument]:  # noqa: ARG002
        """Yield what was accepted so far."""
        return sorted((d for d in self.on_record if d.seq < before_seq), key=lambda d: d.seq)

    def chain(self, row: int, stop: SessionStopped | None, as_of: int) -> ChainStanding:  # noqa: ARG002
        """Know nothing of chains."""
        return "cannot_be_checked"

    def told(self, clinic: str, stream_id: str, as_of: int) -> Told:  # noqa: ARG002  whenever
        """Return what was told under this number."""
        return self.told_before.get(int(stream_id.rpartition(".g")[2]), "no")
