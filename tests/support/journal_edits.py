"""Changing a journal behind its back, as bit rot or a person would."""

from pathlib import Path

from dermatrace.sqlite import Connection


def flip_payload_bit(path: Path, *, entry_id: int) -> None:
    """Change one bit in the middle of one entry's payload."""
    connection = Connection(str(path))
    ((payload,),) = connection.execute(
        "SELECT payload FROM payloads WHERE entry_id = ?", (entry_id,)
    )
    changed = bytearray(payload)
    changed[len(changed) // 2] ^= 1
    connection.execute(
        "UPDATE payloads SET payload = ? WHERE entry_id = ?", (bytes(changed), entry_id)
    )
    connection.close()
