"""A thousand random changes to a journal of a few hundred entries: every one is found."""

import contextlib
from pathlib import Path
from random import Random
from typing import Final

import pytest

from dermatrace.journal.entry import Head
from dermatrace.journal.verify import verify
from dermatrace.sqlite import Connection
from support.scribe import CHART, SESSION, Scribe, alive
from support.tampering import (
    chain_anew,
    cut_tail,
    delete_entry,
    delete_payload,
    edited,
    flip_bit,
    insert_before,
    set_column,
    swap_entries,
)

ENTRIES: Final = 250
EDITS_PER_SEED: Final = 100
BLOBS: Final = (("payloads", "payload"), ("entries", "payload_sha256"), ("entries", "entry_hash"))


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Head]:
    """Return a journal as bytes, and its head as somebody noted it outside."""
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    with Scribe(path) as scribe:
        for first_seq in range(0, ENTRIES - 10, 20):
            scribe.accept(SESSION, first_seq, *(alive(first_seq + n) for n in range(20)))
        scribe.accept(CHART, 0, *(b'{"seq":%d}' % seq for seq in range(ENTRIES - 240 - 1)))
        head = scribe.journal.head
    with contextlib.closing(Connection(str(path))) as connection:
        connection.pragma("journal_mode", "delete")  # all of it in one file
    assert verify(path, against=head).is_intact
    return path.read_bytes(), head


def _change(connection: Connection, random: Random) -> str:
    """Change something and say what."""
    entry_id, other_id = sorted(random.sample(range(1, ENTRIES), 2))
    match random.randrange(11):
        case 0 | 1 | 2:
            table, column = random.choice(BLOBS)
            flip_bit(connection, table, column, entry_id, random.randrange(8_000))
        case 3:
            column = random.choice(["received_ms", "seq", "stream_key"])
            set_column(connection, column, random.randrange(2**40, 2**41), entry_id)
        case 4:
            column = random.choice(["outcome", "topic", "reason"])
            set_column(connection, column, f"{random.random()}", entry_id)
        case 5:
            delete_entry(connection, entry_id)
        case 6:
            swap_entries(connection, entry_id, other_id)
        case 7:
            insert_before(connection, entry_id)
        case 8:
            cut_tail(connection, entry_id)
        case 9:
            delete_payload(connection, entry_id)
        case _:
            set_column(connection, "received_ms", random.randrange(2**40, 2**41), entry_id)
            chain_anew(connection, entry_id)
    return f"entry {entry_id}"


@pytest.mark.parametrize("seed", range(10))
def test_every_random_change_is_found(
    tmp_path: Path, journal: tuple[bytes, Head], seed: int
) -> None:
    content, head = journal
    path = tmp_path / "journal.db"
    random = Random(seed)
    for number in range(EDITS_PER_SEED):
        path.write_bytes(content)
        with edited(path) as connection:
            changed = _change(connection, random)
        assert not verify(path, against=head).is_intact, (
            f"change {number} of seed {seed}: {changed}"
        )
