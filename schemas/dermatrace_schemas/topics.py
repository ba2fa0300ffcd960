"""The topic grammar: built and parsed here and nowhere else.

    dermatrace/v1/{clinic}/{sender}/session/{stream_id}
    dermatrace/v1/{clinic}/{sender}/outbox

A topic level is taken at its word only if it matches its pattern; nothing is trimmed, folded or
repaired, so that two different topics never mean the same stream.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

from dermatrace_schemas.identifiers import (
    CLINIC_PATTERN,
    RECORDER_SENDER,
    SENDER_PATTERN,
    STREAM_PATTERN,
    StreamClass,
)
from dermatrace_schemas.limits import CONTRACT_VERSION

ROOT: Final = "dermatrace"
VERSION_LEVEL: Final = f"v{CONTRACT_VERSION}"

ReportClass = Literal["outbox", "announcement", "status"]
"""Messages without a number, journalled when their content changes."""
MessageClass = Literal[
    "session", "chart", "registry", "verdict", "outbox", "announcement", "status"
]

TopicFault = Literal["topic", "unknown_version", "reserved_sender"]
"""The rejection reasons that concern the topic alone."""

STREAM_CLASSES: Final = frozenset[str](get_args(StreamClass))
REPORT_CLASSES: Final = frozenset[str](get_args(ReportClass))
RETAINED_CLASSES: Final = frozenset({"announcement", "status"})

SUBSCRIPTIONS: Final = (
    *(f"{ROOT}/+/+/+/{name}/#" for name in sorted(STREAM_CLASSES)),
    *(f"{ROOT}/+/+/+/{name}" for name in sorted(REPORT_CLASSES)),
)
"""What the recorder listens to: every version, so that a newer sender's bytes are kept too."""

_CLINIC = re.compile(CLINIC_PATTERN)
_SENDER = re.compile(SENDER_PATTERN)
_STREAM = re.compile(STREAM_PATTERN)
_VERSION = re.compile(r"^v[1-9][0-9]{0,3}$")


class TopicError(ValueError):
    """The topic is not one of ours; the message says which level is wrong and why."""

    def __init__(self, message: str, *, reason: TopicFault = "topic") -> None:
        super().__init__(message)
        self.reason: TopicFault = reason


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic understood: who speaks, about what."""

    clinic: str
    sender: str
    message_class: MessageClass
    stream_id: str | None = None

    @property
    def is_stream(self) -> bool:
        """Whether messages on it are numbered."""
        return self.stream_id is not None

    def __str__(self) -> str:
        last = "" if self.stream_id is None else f"/{self.stream_id}"
        return f"{sender_root(self.clinic, self.sender)}/{self.message_class}{last}"


def sender_root(clinic: str, sender: str) -> str:
    """Return the part of the topic that belongs to one sender alone."""
    return f"{ROOT}/{VERSION_LEVEL}/{clinic}/{sender}"


def receipt_topic(clinic: str, sender: str) -> str:
    """Return where the recorder tells this sender what it has."""
    return f"{sender_root(clinic, sender)}/receipt"


def rejection_topic(clinic: str, sender: str) -> str:
    """Return where the recorder tells this sender what it could not understand."""
    return f"{sender_root(clinic, sender)}/rejection"


def parse_topic(text: str) -> Topic:
    """Take a topic apart.

    Raises TopicError if a level is missing, too many or misspelt; its `reason` is
    `unknown_version` for another major version and `reserved_sender` for the recorder's own name.
    """
    levels = text.split("/")
    if len(levels) < 5 or levels[0] != ROOT:  # noqa: PLR2004  root, version, clinic, sender, class
        raise TopicError("expected dermatrace/v1/{clinic}/{sender}/{class}[/{stream_id}]")
    _, version, clinic, sender, message_class, *rest = levels
    if version != VERSION_LEVEL:
        known = _VERSION.match(version) is not None
        raise TopicError(
            f"version {version[:20]!r} is not {VERSION_LEVEL}",
            reason="unknown_version" if known else "topic",
        )
    for name, pattern, value in (("clinic", _CLINIC, clinic), ("sender", _SENDER, sender)):
        if pattern.fullmatch(value) is None:
            raise TopicError(f"{name} {value[:80]!r} does not match {pattern.pattern}")
    if sender == RECORDER_SENDER:
        raise TopicError(f"sender {sender!r} is the recorder itself", reason="reserved_sender")
    return Topic(clinic, sender, *_class_and_stream(message_class, rest))


def sender_of(text: str) -> tuple[str, str] | None:
    """Return (clinic, sender) of a topic of any version, however wrong its rest; None if unclear.

    A rejection goes back there: the broker lets only that sender publish under the two levels.
    """
    levels = text.split("/", 4)
    if len(levels) < 5 or levels[0] != ROOT or levels[3] == RECORDER_SENDER:  # noqa: PLR2004
        return None
    clinic, sender = levels[2], levels[3]
    if _CLINIC.fullmatch(clinic) is None or _SENDER.fullmatch(sender) is None:
        return None
    return clinic, sender


def _class_and_stream(message_class: str, rest: list[str]) -> tuple[MessageClass, str | None]:
    if message_class in REPORT_CLASSES:
        if rest:
            raise TopicError(f"{message_class} takes no further level")
        return cast("MessageClass", message_class), None
    if message_class not in STREAM_CLASSES:
        raise TopicError(f"class {message_class[:40]!r} is none of {sorted(STREAM_CLASSES)}")
    if len(rest) != 1 or _STREAM.fullmatch(rest[0]) is None:
        raise TopicError(f"stream id {'/'.join(rest)[:80]!r} does not match {_STREAM.pattern}")
    return cast("MessageClass", message_class), rest[0]
