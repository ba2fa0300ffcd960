"""A folder's documents onto one clinic's record, as one stream.

To import a folder again is harmless: a second stream says the same under the same digests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.registry.references import FolderDocument
from dermatrace.registry.sending import deliver, stream_id_of
from dermatrace.sender.answers import Outcome
from dermatrace.sender.sender import Sender

DIGEST_PREFIX_DIGITS: Final = 12
"""Enough for a person to see that two imports brought the same."""


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a folder's documents at one clinic."""

    clinic: str
    stream_id: str
    outcomes: Sequence[tuple[FolderDocument, Outcome]]

    @property
    def is_recorded(self) -> bool:
        """Whether all of it is on record."""
        return all(outcome.state == "recorded" for _, outcome in self.outcomes)


def import_documents(documents: Sequence[FolderDocument], sender: Sender, wait_s: float) -> Import:
    """Send documents, in this order, and wait until the recorder has them.

    Raises UsageError if there are none; StorageError if the outbox cannot take them.
    """
    clinic = sender.clinic
    if not documents:
        raise UsageError(f"nothing to import for {clinic}", remedy="Check --clinic and the folder.")
    digest = sha256("\n".join(document.digest for document in documents).encode()).hexdigest()
    stream_id = stream_id_of("import", SystemClock().utc_ms(), digest[:DIGEST_PREFIX_DIGITS])
    told = [(f"registry.{document.kind}", document.facts) for document in documents]
    outcomes = deliver(sender, stream_id, told, wait_s=wait_s)
    return Import(clinic, stream_id, list(zip(documents, outcomes, strict=True)))
