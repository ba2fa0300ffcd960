"""What the recorder itself knows and writes into its own journal.

Not numbered: the journal's entry ids number them. They never travel over MQTT, and no sender can
write them, because the recorder's sender id is refused to everybody else.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import LongText, Sha256Hex, ShortText, UtcMs
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.references import EntryId, StreamKey
from dermatrace_schemas.session import Count
from dermatrace_schemas.settling import RejectionReason

ENTRY_RANGES_PER_ERASED_MAX = 200
"""Ranges one `system.erased` lists; what is left takes another document for the same order."""


class SystemDocument(Closed):
    """One fact the recorder states."""

    kind: str
    at_ms: UtcMs
    """The recorder's clock."""


class SystemOpened(SystemDocument):
    """The journal was opened for writing."""

    kind: Literal["system.opened"]
    journal_id: ShortText
    software_version: ShortText
    contract_version: Annotated[int, Field(ge=1, le=1_000)]


class SystemRestored(SystemDocument):
    """The journal is a backup put back in service; what followed the backup may be gone."""

    kind: Literal["system.restored"]
    journal_id: ShortText
    """New, so that every sender offers again what it still holds."""
    previous_journal_id: ShortText
    as_of_entry_id: EntryId
    as_of_entry_hash: Sha256Hex


class SystemConnected(SystemDocument):
    """The recorder reached the broker."""

    kind: Literal["system.connected"]
    broker: ShortText
    session_present: bool
    """Whether the broker still held our subscriptions and what had come meanwhile."""


class SystemLost(SystemDocument):
    """The recorder lost the broker."""

    kind: Literal["system.lost"]
    reason: LongText


class SystemSilent(SystemDocument):
    """Nothing has come from a running stream for longer than it may be quiet."""

    kind: Literal["system.silent"]
    stream: StreamKey
    last_received_ms: UtcMs


class SystemClosed(SystemDocument):
    """A stream is taken for ended although its last document never came."""

    kind: Literal["system.closed"]
    stream: StreamKey
    reason: Literal["silence"]


class SystemReopened(SystemDocument):
    """A stream taken for ended got another document after all."""

    kind: Literal["system.reopened"]
    stream: StreamKey
    by_entry_id: EntryId


class SystemAnchor(SystemDocument):
    """The journal's head at this moment; copied elsewhere it dates everything before it."""

    kind: Literal["system.anchor"]
    entry_id: EntryId
    entry_hash: Sha256Hex


class SystemStreamComplete(SystemDocument):
    """A stream has ended and is settled throughout."""

    kind: Literal["system.stream_complete"]
    stream: StreamKey
    next_seq: Annotated[int, Field(ge=0, le=SEQ_MAX + 1)]
    chain: Sha256Hex | None
    """Stream chain over every document; null if a loss or rejection keeps it from being known."""


class SystemReadmitted(SystemDocument):
    """A newer decoder can read what was once rejected; the old entry counts from here on."""

    kind: Literal["system.readmitted"]
    entry_id: EntryId
    reason_before: RejectionReason


class EntryRange(Closed):
    """Journal entries from `first_entry_id` to `last_entry_id`, both included."""

    first_entry_id: EntryId
    last_entry_id: EntryId

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.last_entry_id < self.first_entry_id:
            raise ValueError(f"last_entry_id {self.last_entry_id} is before {self.first_entry_id}")
        return self


class SystemErased(SystemDocument):
    """An order to erase has been carried out."""

    kind: Literal["system.erased"]
    order_entry_id: EntryId
    """Where the order stands."""
    erased_stream_count: Count
    erased_payload_count: Count
    entries: Annotated[list[EntryRange], Field(max_length=ENTRY_RANGES_PER_ERASED_MAX)]
    """The entries whose payload is gone; a verifier accepts the absence of these and no others."""
