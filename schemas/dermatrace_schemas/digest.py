"""The three digests of the contract: payload, stream chain, registry content."""

import hashlib
from typing import Final

import rfc8785
from pydantic import JsonValue

CHAIN_PREFIX: Final = b"dermatrace/v1\n"


def payload_sha256(payload: bytes) -> bytes:
    """Return SHA-256 of the bytes exactly as they were sent."""
    return hashlib.sha256(payload).digest()


def chain_start(stream_id: str) -> bytes:
    """Return h(-1) = SHA-256("dermatrace/v1" LF stream id): where a stream's chain begins."""
    return hashlib.sha256(CHAIN_PREFIX + stream_id.encode()).digest()


def chain_next(previous: bytes, payload_digest: bytes) -> bytes:
    """Return h(n) = SHA-256(h(n-1) || SHA-256(payload n))."""
    return hashlib.sha256(previous + payload_digest).digest()


def registry_digest(content: JsonValue) -> str:
    """Return SHA-256 of `content` in RFC 8785 form, as hex: the identity of a registry version.

    Raises ValueError if `content` holds a number that RFC 8785 cannot express.
    """
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()
