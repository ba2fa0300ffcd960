"""The broker's password file, in mosquitto's own form, for hosts without `mosquitto_passwd`.

name:$7$iterations$salt$hash        PBKDF2 with HMAC-SHA-512, salt and hash in base64
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

SCHEME: Final = "7"
ITERATIONS: Final = 1_000
"""Per log-in, some hundred microseconds of the broker. Passwords made here are random, which no
number of iterations improves on; it is there for those that people chose."""
SALT_BYTES: Final = 12
"""Mosquitto takes this length and no other but 64."""
HASH_BYTES: Final = 64


def hash_password(password: str, *, salt: bytes | None = None) -> str:
    """Return what stands behind a name in the password file."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    return _form(ITERATIONS, salt, _derive(password, salt, ITERATIONS))


def fits(password: str, hashed: str) -> bool:
    """Tell whether this is the password behind a hash; a form we do not know fits none."""
    try:
        nothing, scheme, iterations, salt, expected = hashed.split("$")
        if nothing or scheme != SCHEME:
            return False
        derived = _derive(password, base64.b64decode(salt, validate=True), int(iterations))
        return hmac.compare_digest(derived, base64.b64decode(expected, validate=True))
    except (ValueError, binascii.Error):
        return False


def render_passwords(passwords: Mapping[str, str], earlier: str = "") -> str:
    """Return a password file for these names; a line of the earlier one that still fits is kept.

    So a second run changes nothing, and whoever compares the files sees what has changed.
    """
    known = dict(line.split(":", 1) for line in earlier.splitlines() if ":" in line)
    lines = []
    for name, password in passwords.items():
        hashed = known.get(name, "")
        lines.append(f"{name}:{hashed if fits(password, hashed) else hash_password(password)}")
    return "\n".join(lines) + "\n"


def _derive(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, HASH_BYTES)


def _form(iterations: int, salt: bytes, derived: bytes) -> str:
    parts = (base64.b64encode(part).decode() for part in (salt, derived))
    return f"${SCHEME}${iterations}${'$'.join(parts)}"
