"""Whatever is changed behind the recorder's back is found, and its place is named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dermatrace.errors import WrongFile
from dermatrace.journal.entry import Head
from dermatrace.journal.verify import FAULTS_LISTED_MAX, Fault, Report, verify
from dermatrace.sqlite import Connection
from dermatrace_schemas.digest import payload_sha256
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

Edit = Callable[[Connection], object]

SESSION_ENTRIES = 20
ERASED = CHART._replace(stream_id="c-erased")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a journal: entries 1-20 of a session, 21 an account, 22 erased by 23, said by 24."""
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(SESSION_ENTRIES)))
        scribe.account(SESSION, lost=[(20, 22)], last_seq=19)
        scribe.accept(ERASED, 0, b'{"seq":0,"kind":"chart.note"}')
        scribe.erase(ERASED, scribe.accept(CHART, 0, b'{"seq":0}'))
        scribe.complete(CHART)
    return path


def _rewrite_payload(connection: Connection, entry_id: int) -> None:
    connection.execute("UPDATE payloads SET payload = ? WHERE entry_id = ?", (b"x", entry_id))
    set_column(connection, "payload_sha256", payload_sha256(b"x"), entry_id)


def _first_fault(path: Path, edit: Edit, against: Head | None = None) -> Fault:
    with edited(path) as connection:
        edit(connection)
    report = verify(path, against=against)
    assert not report.is_intact
    return report.faults[0]


# --- an honest journal --------------------------------------------------------------------------


def test_untouched_journal_is_intact(path: Path) -> None:
    seen: list[int] = []
    report = verify(path, progress=seen.append)
    assert report.faults == []
    assert seen == list(range(1, 26))
    assert report.entry_count == 25
    assert report.erased_by_order == {23: 1}
    assert report.erased_count == 1
    assert verify(path, against=report.head).is_intact


def test_journal_in_use_is_verified_as_of_one_moment(path: Path) -> None:
    with Scribe(path) as scribe:
        grown = False

        def grow(_: int) -> None:
            nonlocal grown
            if not grown:
                scribe.accept(SESSION, 20, alive(20))
                grown = True

        report = verify(path, progress=grow)
    assert report.is_intact
    assert report.entry_count == 25


def test_every_earlier_head_is_on_the_chain(path: Path) -> None:
    with Scribe(path) as scribe:
        heads = [scribe.journal.entry_head(entry_id) for entry_id in (1, 12, 25)]
    assert all(verify(path, against=head).is_intact for head in heads)


def test_empty_journal_is_intact(tmp_path: Path) -> None:
    with Scribe(tmp_path / "journal.db"):
        pass
    assert verify(tmp_path / "journal.db") == Report()


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongFile):
        verify(tmp_path / "journal.db")


# --- one change at a time -----------------------------------------------------------------------

CHANGES: dict[str, tuple[Edit, int, str]] = {
    "a bit of a payload": (lambda c: flip_bit(c, "payloads", "payload", 7, 99), 7, "payload"),
    "a bit of a hash": (lambda c: flip_bit(c, "entries", "entry_hash", 7), 7, "hash"),
    "a bit of a payload's hash": (
        lambda c: flip_bit(c, "entries", "payload_sha256", 7, 255),
        7,
        "hash",
    ),
    "the time": (lambda c: set_column(c, "received_ms", 1, 7), 7, "hash"),
    "the outcome": (lambda c: set_column(c, "outcome", "conflict", 7), 7, "hash"),
    "the topic": (lambda c: set_column(c, "topic", "dermatrace/system", 7), 7, "hash"),
    "the number": (lambda c: set_column(c, "seq", 5, 7), 7, "hash"),
    "no number": (lambda c: set_column(c, "seq", None, 7), 7, "hash"),
    "a reason": (lambda c: set_column(c, "reason", "null", 7), 7, "hash"),
    "the stream of the index": (lambda c: set_column(c, "stream_key", 2, 7), 7, "is filed under"),
    "no stream of the index": (lambda c: set_column(c, "stream_key", None, 7), 7, "is filed under"),
    "the stream of a system entry": (
        lambda c: set_column(c, "stream_key", 1, 25),
        25,
        "is filed under",
    ),
    "deletion of the first": (lambda c: delete_entry(c, 1), 1, "is missing"),
    "deletion in the middle": (lambda c: delete_entry(c, 7), 7, "is missing"),
    "swap with the next": (lambda c: swap_entries(c, 7, 8), 7, "hash"),
    "swap far apart": (lambda c: swap_entries(c, 7, 18), 7, "hash"),
    "insertion": (lambda c: insert_before(c, 7), 8, "hash"),
    "removal of a payload": (lambda c: delete_payload(c, 7), 7, "no erasure of it was recorded"),
    "removal of the payload of an erasure": (lambda c: delete_payload(c, 24), 22, "no erasure"),
    "an entry before the first": (
        lambda c: c.execute(
            "INSERT INTO entries SELECT -3, received_ms, outcome, topic, seq, reason,"
            " payload_sha256, entry_hash, stream_key FROM entries WHERE entry_id = 1"
        ),
        -3,
        "no link of the chain",
    ),
    "a payload of no entry": (
        lambda c: c.execute("INSERT INTO payloads VALUES (99, x'00')"),
        99,
        "no link of the chain",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_names_the_first_bad_entry(path: Path, change: str) -> None:
    edit, entry_id, what = CHANGES[change]
    fault = _first_fault(path, edit)
    assert fault.entry_id == entry_id
    assert what in fault.what
    assert str(fault).startswith(f"entry {entry_id} ")


def test_rewritten_payload_with_its_hash_breaks_the_chain_there(path: Path) -> None:
    assert _first_fault(path, lambda c: _rewrite_payload(c, 7)).entry_id == 7


def test_cut_tail_is_found_only_against_a_head(path: Path) -> None:
    with Scribe(path) as scribe:
        head = scribe.journal.head

    def cut(connection: Connection) -> None:
        cut_tail(connection, 24)
        # A knowing hand corrects the index too.
        connection.execute("UPDATE streams SET completed_by = NULL")

    with edited(path) as connection:
        cut(connection)
    assert verify(path).is_intact
    report = verify(path, against=head)
    assert [(f.entry_id, f.what) for f in report.faults] == [
        (25, "is missing like all up to 25: the journal was cut short")
    ]


def test_chain_computed_anew_is_found_only_against_a_head(path: Path) -> None:
    with Scribe(path) as scribe:
        head = scribe.journal.head

    def rewrite(connection: Connection) -> None:
        _rewrite_payload(connection, 7)
        chain_anew(connection, 7)

    with edited(path) as connection:
        rewrite(connection)
    assert verify(path).is_intact
    fault = _first_fault(path, lambda _: None, against=head)
    assert fault.entry_id == head.entry_id
    assert "not the entry that was seen earlier" in fault.what


def test_erasure_excuses_no_later_entry(path: Path) -> None:
    with Scribe(path) as scribe:
        late = CHART._replace(stream_id="c-late")
        with scribe.journal.batch() as batch:
            batch.stream(late)
        scribe.erase(late, 23)
        scribe.accept(SESSION, 23, alive(23))
    with edited(path) as connection:
        delete_payload(connection, 27)
        payload = connection.execute("SELECT payload FROM payloads WHERE entry_id = 26").get
        forged = payload.replace(
            b'"entries":[]', b'"entries":[{"first_entry_id":1,"last_entry_id":99}]'
        )
        connection.execute("UPDATE payloads SET payload = ? WHERE entry_id = 26", (forged,))
        set_column(connection, "payload_sha256", payload_sha256(forged), 26)
        chain_anew(connection, 26)
    report = verify(path)
    assert [(fault.entry_id, fault.what) for fault in report.faults] == [
        (27, "has lost its payload, and no erasure of it was recorded")
    ]


def test_of_very_many_faults_the_first_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(b"%d" % seq for seq in range(300)))

    def spoil(connection: Connection) -> None:
        connection.execute("UPDATE payloads SET payload = x'00' WHERE entry_id > 50")
        delete_payload(connection, 3)

    with edited(path) as connection:
        spoil(connection)
    report = verify(path)
    assert report.fault_count == 251
    assert len(report.faults) == FAULTS_LISTED_MAX
    assert [fault.entry_id for fault in report.faults[:3]] == [3, 51, 52]
