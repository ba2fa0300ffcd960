"""The index may say neither more nor less than the entries."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from dermatrace.ingest.decode import decode
from dermatrace.ingest.open_streams import OpenStreams
from dermatrace.ingest.recorder import Recorder
from dermatrace.journal.verify import verify
from dermatrace.sqlite import Connection
from support.scribe import CHART, SESSION, Scribe, alive
from support.tampering import edited
from support.vectors import KINDS, class_of, example_bytes, with_changes

PAGE_BYTES = 128


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a journal: of a session 0-9 accepted, 10 rejected, 11-12 lost, 13 used twice."""
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(10)))
        scribe.refuse(SESSION, 10, b"broken")
        scribe.account(SESSION, lost=[(11, 12)])
        scribe.accept(SESSION, 13, alive(13))
        scribe.refuse(SESSION, 13, b"other bytes", "conflict")
        scribe.close_session(SESSION)
        scribe.accept(CHART, 0, b"{}")
        scribe.complete(CHART)
    return path


def _set_numbers(column: str, *numbers: int) -> Callable[[Connection], object]:
    bits = sum(1 << number for number in numbers).to_bytes(PAGE_BYTES, "little")
    query = f"UPDATE coverage SET {column} = ? WHERE stream_key = 1"  # noqa: S608  a test's own name
    return lambda connection: connection.execute(query, (bits,))


def _run(statement: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(statement)


LIES = {
    "settles more": (_set_numbers("settled", *range(15)), "14-14 recorded according to the index"),
    "settles less": (_set_numbers("settled", *range(13)), "13-13 in an entry, but not recorded"),
    "hides a rejection": (_set_numbers("rejected", 13), "10-10 rejected by an entry"),
    "invents a rejection": (_set_numbers("rejected", 5, 10, 13), "5-5 rejected according to the"),
    "hides a loss": (_set_numbers("lost", 12), "11-11 recorded according to the index"),
    "invents a loss": (_set_numbers("lost", 5, 11, 12), "5-5 lost according to the index"),
    "forgets a loss": (
        lambda c: (_set_numbers("lost", 11)(c), _set_numbers("settled", *range(12), 13)(c)),
        "12-12 declared lost, but not settled",
    ),
    "hides a conflict": (_run("UPDATE streams SET conflict_count = 0"), "number used twice: False"),
    "invents a conflict": (_run("UPDATE streams SET conflict_count = 1"), "c-1 number used twice"),
    "moves its start": (_run("UPDATE streams SET first_entry_id = 2"), "first entry: 2"),
    "moves its end": (_run("UPDATE streams SET last_entry_id = 2"), "last entry: 2"),
    "denies the closing": (_run("UPDATE streams SET closed_by = NULL"), "closed by entry: None"),
    "invents completeness": (_run("UPDATE streams SET completed_by = 1"), "completed by entry: 1"),
    "claims more in a row": (_run("UPDATE streams SET next_seq = 15"), "contiguous up to: 15"),
    "knows less": (_run("UPDATE streams SET known_last = 12"), "settled beyond the end"),
    "knows a stream of no entry": (
        _run(
            "INSERT INTO streams SELECT 9, clinic, sender, stream_class, 's-9', is_open,"
            " first_entry_id, last_entry_id, last_received_ms, known_last, end_seq, next_seq,"
            " 0, 0, 0, 0, NULL, NULL, NULL FROM streams WHERE stream_key = 1;"
            "INSERT INTO coverage SELECT 9, page, settled, rejected, lost FROM coverage"
            " WHERE stream_key = 1"
        ),
        "pen-7/session/s-9 0-10 recorded according to the index, but no entry has it",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_index_that_lies_is_found(path: Path, lie: str) -> None:
    edit, expected = LIES[lie]
    with edited(path) as connection:
        edit(connection)
    report = verify(path)
    assert report.faults
    assert {fault.entry_id for fault in report.faults} == {None}
    assert any(expected in fault.what for fault in report.faults), report.faults
    assert str(report.faults[0]).startswith("index: ")


def test_index_that_lost_a_stream_names_its_first_entry(path: Path) -> None:
    with edited(path) as connection:
        connection.execute("DELETE FROM streams WHERE stream_key = 1")
    assert verify(path).faults[0].entry_id == 1


def test_faults_of_the_chain_are_named_before_those_of_the_index(path: Path) -> None:
    with edited(path) as connection:
        _set_numbers("settled", 1)(connection)
        connection.execute("UPDATE entries SET received_ms = 0 WHERE entry_id = 9")
    faults = verify(path).faults
    assert faults[0].entry_id == 9
    assert faults[-1].entry_id is None


def test_erased_stream_needs_no_account_of_its_losses(path: Path) -> None:
    with Scribe(path) as scribe:
        scribe.erase(SESSION, 17)
        scribe.account(SESSION, lost=[(14, 20)])
    assert verify(path).faults == []


def _messages(random: Random) -> list[tuple[str, bytes]]:
    """Return what a careless fleet might send: doubles, conflicts, garbage, losses, late data."""
    messages: list[tuple[str, bytes]] = []
    for _ in range(60):
        kind = random.choice([kind for kind in KINDS if not kind.startswith("system.")])
        message_class = class_of(kind)
        if message_class in {"receipt", "rejection"}:
            continue
        stream_id = random.choice(["s-1", "s-2"]) if "." in kind else None
        sender = f"dermatrace/v1/north-clinic/{random.choice(['pen-7', 'pen-8'])}"
        topic = "/".join([sender, message_class, *([stream_id] if stream_id else [])])
        payload = example_bytes(kind)
        if stream_id is not None:
            payload = with_changes(kind, seq=random.randrange(12), uptime_ms=random.randrange(2))
        messages.append((topic, random.choice([payload, payload, payload, b'{"seq":3,', b"{"])))
    for sender in ("pen-7", "pen-8"):
        lost = [{"first_seq": 2, "last_seq": random.randrange(2, 9), "reason": "freed"}]
        told = {"stream_class": "session", "stream_id": "s-1", "first_seq": 9, "last_seq": 9}
        streams = [{**told, "ended": random.random() < 0.5, "lost": lost}]
        outbox = json.loads(example_bytes("outbox")) | {"streams": streams}
        place = random.randrange(len(messages))
        messages.insert(
            place, (f"dermatrace/v1/north-clinic/{sender}/outbox", json.dumps(outbox).encode())
        )
    return messages + random.choices(messages, k=20)


@pytest.mark.parametrize("seed", range(12))
def test_recorder_is_never_accused(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    with Scribe(tmp_path / "journal.db") as scribe:
        streams = OpenStreams(scribe.journal.open_streams(), scribe.clock)
        recorder = Recorder(streams, scribe.clock)
        messages = _messages(random)
        while messages:
            batch_size = random.randrange(1, 20)
            taken, messages = messages[:batch_size], messages[batch_size:]
            with scribe.journal.batch() as batch:
                recorder.take(batch, [decode(topic, payload) for topic, payload in taken])
            streams.committed()
            scribe.clock.advance(random.randrange(5_000))
    report = verify(tmp_path / "journal.db")
    assert report.faults == []
    assert report.entry_count > 20
