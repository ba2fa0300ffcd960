"""Documents of the registry on their way to the record, and what became of each."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic
from typing import Final, TypeAlias

from pydantic import JsonValue

from dermatrace.errors import StorageError
from dermatrace.mqtt import CONNECT_WAIT_S, BrokerAddress
from dermatrace.sender.answers import Outcome
from dermatrace.sender.sender import Sender
from dermatrace.settings import Settings
from dermatrace_schemas.limits import SEQ_MAX
from dermatrace_schemas.parse import parse

SENDER_DEFAULT: Final = "registry"
WAIT_DEFAULT_S: Final = 30.0
"""Wait for the recorder; what is not recorded by then stays in the outbox."""
WHY_WAIT_S: Final = 2.0
"""Wait for the reasons of what was rejected; later they stand only in the recorder's log."""

_LARGEST_ENVELOPE: Final[dict[str, JsonValue]] = {
    "seq": SEQ_MAX,
    "boot_id": "b" * 64,
    "uptime_ms": 2**48,
    "wall_time_ms": 253_402_300_799_999,
}
"""What a sender adds at most: a document that is accepted with it is accepted with any other."""

Document: TypeAlias = tuple[str, Mapping[str, JsonValue]]
"""Kind, and what it says beside what every document carries."""


@contextmanager
def tool_sender(
    settings: Settings, address: BrokerAddress, clinic: str, sender_id: str = SENDER_DEFAULT
) -> Iterator[Sender]:
    """Open the outbox of a tool on this computer, and connect: nothing is sent to nobody.

    Raises UsageError for an impossible name; BrokerUnavailable, AlreadyRunning, StorageError.
    """
    outbox, capacity_bytes = settings.outbox_file(clinic, sender_id), settings.outbox_capacity_bytes
    with Sender(address, clinic, sender_id, outbox, capacity_bytes=capacity_bytes) as sender:
        sender.wait_connected(CONNECT_WAIT_S)
        yield sender


def check_facts(kind: str, facts: Mapping[str, JsonValue]) -> None:
    """Make sure that a document will be accepted whoever sends it. Raises Unreadable."""
    whole = {**_LARGEST_ENVELOPE, "kind": kind, **facts}
    parse("registry", json.dumps(whole, separators=(",", ":")).encode())


def stream_id_of(what: str, utc_ms: int, *more: str) -> str:
    """Return a stream id that says what it is and when it was made."""
    moment = datetime.fromtimestamp(utc_ms / 1_000, UTC)
    time = f"{moment:%Y%m%dt%H%M%S}.{utc_ms % 1_000:03}z"
    return "-".join((what, time, *more))


def deliver(
    sender: Sender, stream_id: str, documents: Iterable[Document], *, wait_s: float
) -> list[Outcome]:
    """Send documents as one stream, wait, and return what became of each.

    Raises UsageError if one would be rejected; StorageError if the outbox could not take one: then
    those before it are on their way and those after it are not.
    """
    stream = sender.open_stream("registry", stream_id)
    seqs: list[int] = []
    try:
        for kind, facts in documents:
            uptime_ms, wall_time_ms = sender.device_time()
            seqs.append(stream.send(kind, facts, uptime_ms=uptime_ms, wall_time_ms=wall_time_ms))
            if stream.chain is None:
                raise StorageError(
                    f"document {len(seqs)} could not be stored before sending it",
                    remedy="Make room on the disk or raise outbox_capacity_bytes, then repeat.",
                )
    finally:
        stream.end()
    sender.wait_settled(wait_s)
    until_s = monotonic() + WHY_WAIT_S
    return [
        sender.outcome("registry", stream_id, seq, why_wait_s=max(0.0, until_s - monotonic()))
        for seq in seqs
    ]
