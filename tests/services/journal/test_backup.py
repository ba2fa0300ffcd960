"""A backup is a true beginning of the journal; a restored one is a journal of its own."""

from pathlib import Path

import pytest

from dermatrace.errors import (
    AlreadyRunning,
    JournalDamaged,
    StorageFull,
    UsageError,
    WrongFile,
)
from dermatrace.journal.backup import back_up, restore
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.verify import verify
from dermatrace.sender.outbox import Outbox
from support.faulty_disk import faulty_disk
from support.scribe import SESSION, Scribe, alive
from support.tampering import edited, flip_bit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a journal of three entries."""
    path = tmp_path / "data" / "journal.db"
    with Scribe(path) as scribe:
        scribe.accept(SESSION, 0, *(alive(seq) for seq in range(3)))
    return path


@pytest.fixture
def backup(path: Path, tmp_path: Path) -> Path:
    """Return a backup of it."""
    back_up(path, tmp_path / "backup.db")
    return tmp_path / "backup.db"


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


# --- backing up ---------------------------------------------------------------------------------


def test_backup_is_one_file_and_verified(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "monday.db"
    target.parent.mkdir()
    report = back_up(path, target)
    assert report.entry_count == 3
    assert _names(target.parent) == {"monday.db"}
    assert verify(target).head == report.head == verify(path).head


def test_backup_taken_while_ingest_writes_is_a_beginning_of_the_journal(
    path: Path, tmp_path: Path
) -> None:
    heads = []
    with Scribe(path) as scribe:
        for number in range(5):
            scribe.accept(SESSION, 3 + number, alive(3 + number))
            heads.append(back_up(path, tmp_path / f"{number}.db").head)
        scribe.accept(SESSION, 8, alive(8))
    assert [head.entry_id for head in heads] == [4, 5, 6, 7, 8]
    assert all(verify(path, against=head).is_intact for head in heads)


def test_backup_does_not_overwrite_a_backup(path: Path, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(UsageError, match="exists already"):
        back_up(path, backup)
    assert backup.read_bytes() == before


def test_half_a_backup_of_a_crash_is_no_obstacle(path: Path, tmp_path: Path) -> None:
    (tmp_path / "backup.db.arriving").write_bytes(b"half of it")
    back_up(path, tmp_path / "backup.db")
    assert "backup.db.arriving" not in _names(tmp_path)


def test_backup_onto_a_full_disk_leaves_nothing(path: Path, tmp_path: Path) -> None:
    with faulty_disk() as disk, Scribe(path):
        disk.fault = "full"
        with pytest.raises(StorageFull):
            back_up(path, tmp_path / "backup.db")
        disk.fault = None
    assert _names(tmp_path) == {"data"}


def test_damaged_journal_makes_no_backup(path: Path, tmp_path: Path) -> None:
    with edited(path) as connection:
        flip_bit(connection, "payloads", "payload", 2)
    with pytest.raises(JournalDamaged, match="entry 2 has another payload"):
        back_up(path, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_only_a_journal_is_backed_up(tmp_path: Path) -> None:
    Outbox(tmp_path / "outbox.db", "north-clinic/pen-7").close()
    with pytest.raises(WrongFile):
        back_up(tmp_path / "outbox.db", tmp_path / "backup.db")


def test_empty_journal_is_no_backup(tmp_path: Path) -> None:
    with Scribe(tmp_path / "journal.db"):
        pass
    with pytest.raises(UsageError, match="holds no entry"):
        back_up(tmp_path / "journal.db", tmp_path / "backup.db")


# --- restoring ----------------------------------------------------------------------------------


def test_restored_journal_takes_a_new_name_and_says_so(path: Path, backup: Path) -> None:
    with Scribe(path) as scribe:
        journal_id = scribe.journal.journal_id
        scribe.accept(SESSION, 3, alive(3))
    head = restore(backup, path)
    assert head.entry_id == 3
    with Scribe(path) as scribe:
        assert scribe.journal.journal_id != journal_id
        scribe.accept(SESSION, 3, alive(3))
    with JournalReader(path) as reader:
        entries = reader.read_after(3)
    assert entries[0].payload is not None
    assert b'"kind":"system.restored"' in entries[0].payload
    assert entries[1].seq == 3
    assert verify(path, against=head).is_intact


def test_backup_can_be_opened_in_place_of_a_journal_by_hand(backup: Path, path: Path) -> None:
    with JournalReader(path) as reader:
        journal_id = reader.journal_id
    with Scribe(backup) as scribe:
        assert scribe.journal.journal_id != journal_id
        assert scribe.journal.head.entry_id == 4


def test_plain_copy_of_a_journal_file_restores_as_a_copy_too(path: Path, tmp_path: Path) -> None:
    with JournalReader(path) as reader:
        journal_id = reader.journal_id
    (tmp_path / "by-hand.db").write_bytes(path.read_bytes())
    restore(tmp_path / "by-hand.db", path)
    with Scribe(path) as scribe:
        assert scribe.journal.journal_id != journal_id


def test_former_file_is_kept_each_time_with_all_its_entries(path: Path, backup: Path) -> None:
    for seq in (3, 4):
        with Scribe(path) as scribe:
            scribe.accept(SESSION, seq, alive(seq))
            expected = scribe.journal.head
        restore(backup, path)
        assert verify(path.with_name(f"journal.db.before-restore-{seq - 2}")).head == expected
    assert backup.exists()


def test_broken_former_file_is_kept_as_it_is(path: Path, backup: Path) -> None:
    path.write_bytes(b"this was a journal once" * 1_000)
    before = path.read_bytes()
    restore(backup, path)
    assert path.with_name("journal.db.before-restore-1").read_bytes() == before
    assert verify(path).is_intact


def test_restore_where_no_journal_was(tmp_path: Path, backup: Path) -> None:
    path = tmp_path / "new machine" / "journal.db"
    restore(backup, path)
    assert _names(path.parent) == {"journal.db", "journal.db.lock"}
    assert verify(path).entry_count == 3


def test_restore_while_ingest_runs_is_refused(path: Path, backup: Path) -> None:
    with Scribe(path) as scribe:
        with pytest.raises(AlreadyRunning):
            restore(backup, path)
        scribe.accept(SESSION, 3, alive(3))
    assert verify(path).entry_count == 4


def test_damaged_backup_is_refused_and_the_journal_stays(path: Path, backup: Path) -> None:
    with edited(backup) as connection:
        flip_bit(connection, "entries", "entry_hash", 2)
    with pytest.raises(JournalDamaged, match="entry 2 has a hash"):
        restore(backup, path)
    assert verify(path).entry_count == 3
    assert not list(path.parent.glob("*before-restore*"))


def test_full_disk_leaves_the_journal_in_place(path: Path, backup: Path) -> None:
    with faulty_disk() as disk, Scribe(backup.with_name("other.db")):
        disk.fault = "full"
        with pytest.raises(StorageFull):
            restore(backup, path)
        disk.fault = None
    assert verify(path).entry_count == 3
    assert not list(path.parent.glob("*before-restore*"))
