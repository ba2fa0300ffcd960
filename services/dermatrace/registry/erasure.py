"""An order to erase: what it may name, and how it reaches the record."""

from collections.abc import Sequence

from pydantic import JsonValue

from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.registry.sending import check_facts, deliver, stream_id_of
from dermatrace.sender.answers import Outcome
from dermatrace.sender.sender import Sender
from dermatrace_schemas.parse import Unreadable

KIND = "registry.erasure"
_KEY = ("clinic", "sender", "stream_class", "stream_id")


def erasure_order(
    *, subject_id: str | None, streams: Sequence[str], reason: str, ordered_by: str
) -> dict[str, JsonValue]:
    """Return what an order says. A stream is written CLINIC/SENDER/CLASS/STREAM_ID.

    Raises UsageError if it names nothing, or anything that could not be a name.
    """
    order: dict[str, JsonValue] = {"reason": reason, "ordered_by": ordered_by}
    if subject_id is not None:
        order["subject_id"] = subject_id
    if streams:
        order["streams"] = [_stream_key(text) for text in streams]
    try:
        check_facts(KIND, order)
    except Unreadable as error:
        wrong = f"{error.path}: {error.detail}".removeprefix(": ")
        raise UsageError(
            f"this cannot be ordered: {wrong}",
            remedy="Name a --subject, or each --stream as CLINIC/SENDER/CLASS/STREAM_ID.",
        ) from None
    return order


def send_erasure(order: dict[str, JsonValue], sender: Sender, wait_s: float) -> Outcome:
    """Send an order and wait; once it is recorded it is also carried out, in the same step.

    Raises StorageError if the outbox cannot take it.
    """
    stream_id = stream_id_of("erasure", SystemClock().utc_ms())
    return deliver(sender, stream_id, [(KIND, order)], wait_s=wait_s)[0]


def _stream_key(text: str) -> JsonValue:
    levels = text.split("/")
    if len(levels) != len(_KEY):
        raise UsageError(f"{text!r} is no stream", remedy="Write CLINIC/SENDER/CLASS/STREAM_ID.")
    return dict(zip(_KEY, levels, strict=True))
