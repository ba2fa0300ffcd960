"""How verdict streams are named: after the session they judge, and which judgement of it it is."""

import hashlib
from typing import Final

STREAM_ID_CHARACTERS_MAX: Final = 160
"""A longer id fits no topic; such a session's verdicts go under a digest of its name instead."""


def verdict_stream_id(device: str, session: str, generation: int) -> str:
    """Return the stream of one generation of judgement of one session."""
    name = f"{device}.{session}.g{generation}"
    if len(name) <= STREAM_ID_CHARACTERS_MAX:
        return name
    return f"{verdict_digest(device, session)}.g{generation}"


def verdict_digest(device: str, session: str) -> str:
    """Return the hexadecimal SHA-256 that stands for a session with a long name."""
    return hashlib.sha256(f"{device}.{session}".encode()).hexdigest()


def session_named_by(stream_id: str) -> tuple[str, str, int] | None:
    """Return device, session and generation as a name tells them, or None if it is a digest's."""
    device, _, rest = stream_id.partition(".")
    session, _, number = rest.rpartition(".g")
    if not session or not number.isdigit():
        return None
    return device, session, int(number)
