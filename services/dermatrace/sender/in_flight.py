"""Documents the broker has not answered yet, and those it seems to choke on."""

from typing import Final, TypeAlias

from dermatrace.sender.stream_state import StreamName
from dermatrace.seqset import Span
from dermatrace_schemas.limits import DISCONNECTS_PER_DOCUMENT_MAX

Key: TypeAlias = tuple[StreamName, int]
"""One document: its stream and its number."""

SUSPECT_MIN_BYTES: Final = 2_048
"""No broker worth the name refuses a packet this small; a smaller document is never given up."""


class InFlight:
    """What was published and not answered, at most `window_max` documents.

    A broker ends the connection on a packet too large for it and says no more. So a document larger
    than any it has taken, in flight when a connection was lost, is suspected: from then on one
    document is in flight at a time, and each connection lost on a suspect alone counts against it.
    """

    def __init__(self) -> None:
        self.window_max = 0
        self.largest_accepted_bytes = SUSPECT_MIN_BYTES
        self._sizes_bytes: dict[Key, int] = {}
        self._suspects: dict[Key, int] = {}

    def __len__(self) -> int:
        return len(self._sizes_bytes)

    @property
    def has_room(self) -> bool:
        """Whether one more document may be published."""
        return len(self) < (1 if self._suspects else self.window_max)

    def add(self, key: Key, size_bytes: int) -> None:
        """Take note that a document was published."""
        self._sizes_bytes[key] = size_bytes

    def accepted(self, key: Key) -> None:
        """Take note of the broker's success; an answer to nothing we know changes nothing."""
        size_bytes = self._sizes_bytes.pop(key, 0)
        self._suspects.pop(key, None)
        self.largest_accepted_bytes = max(self.largest_accepted_bytes, size_bytes)

    def refused(self, key: Key) -> None:
        """Take note of any other answer."""
        self._sizes_bytes.pop(key, None)

    def cut(self) -> list[Key]:
        """Take note of a lost connection; return the documents to give up as too large."""
        alone = len(self) == 1
        for key, size_bytes in self._sizes_bytes.items():
            if size_bytes > self.largest_accepted_bytes:
                self._suspects[key] = self._suspects.get(key, 0) + alone
        self._sizes_bytes.clear()
        return [key for key, cuts in self._suspects.items() if cuts >= DISCONNECTS_PER_DOCUMENT_MAX]

    def forget(self, name: StreamName, span: Span) -> None:
        """Drop all suspicion against documents that are no longer held."""
        for key in [key for key in self._suspects if key[0] == name]:
            if span[0] <= key[1] <= span[1]:
                del self._suspects[key]
