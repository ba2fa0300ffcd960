"""Disks that lose power, fill up and fail: VFSs laid over SQLite's own, in the recorder's process.

A `DiskFault` travels to the process as JSON in DERMATRACE_FAULT_DISK; `lay_over` puts it in force
for every database that the process opens from then on.
"""

import json
import os
import signal
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Literal, NoReturn

import apsw

DISK_VARIABLE = "DERMATRACE_FAULT_DISK"
CUT_SIGNAL = signal.SIGUSR1
CUT_EXIT_CODE = 99
SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class DiskFault:
    """What is wrong with the disk of one process."""

    kind: Literal["power", "full", "sync"]
    seed: int = 0
    torn_sector_bytes: int = 0
    """power: of what was not synced a random part survives, in pieces of this size; 0: nothing."""
    cut_at_write: int = 0
    """power: cut in the middle of this write; 0: only at CUT_SIGNAL."""
    room_bytes: int = 0
    """full: the files may grow by this much in all."""
    fail_at_sync: int = 0
    """sync: this sync fails, and all after it."""

    def as_text(self) -> str:
        """Return it as the environment carries it."""
        return json.dumps(asdict(self))


def fault_from_environment() -> DiskFault | None:
    """Return the fault this process was given, if any."""
    text = os.environ.get(DISK_VARIABLE)
    return None if text is None else DiskFault(**json.loads(text))


def lay_over(fault: DiskFault) -> apsw.VFS:
    """Put the faulty disk under every database opened from now on; keep what is returned."""
    match fault.kind:
        case "power":
            power = _Power(fault)
            signal.signal(CUT_SIGNAL, lambda *_: power.cut())
            return _Vfs("powercut", power)
        case "full":
            return _Vfs("full", _Room(fault.room_bytes))
        case "sync":
            return _Vfs("badsync", _Syncs(fault.fail_at_sync))


class _Disk:
    """What a file asks before it does something; does nothing by itself."""

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def before_write(self, file: "_File", size_bytes: int, offset: int) -> None:
        """Called with the lock held; may raise."""

    def before_truncate(self, file: "_File", size_bytes: int) -> None:
        """Called with the lock held."""

    def before_sync(self) -> None:
        """Called with the lock held; may raise."""

    def after_sync(self, file: "_File") -> None:
        """Called with the lock held."""

    def after_delete(self, path: Path) -> None:
        """Called when a file is gone."""


class _File(apsw.VFSFile):
    """A file of SQLite's own VFS, watched by a disk."""

    def __init__(self, name: str | apsw.URIFilename, flags: list[int], disk: _Disk) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self.path = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  apsw's name
        """Write, if the disk lets it happen."""
        with self._disk.lock:
            self._disk.before_write(self, len(data), offset)
            super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  apsw's name
        """Set the size."""
        with self._disk.lock:
            self._disk.before_truncate(self, newsize)
            super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802  apsw's name
        """Make durable what was written."""
        with self._disk.lock:
            self._disk.before_sync()
            super().xSync(flags)
            self._disk.after_sync(self)


class _Vfs(apsw.VFS):
    """Opens watched files instead of plain ones."""

    def __init__(self, name: str, disk: _Disk) -> None:
        super().__init__(name, "unix", makedefault=True)
        self._disk = disk

    def xOpen(  # noqa: N802  apsw's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open a file under watch; a temporary one has no name and nothing to lose."""
        if name is None:
            return apsw.VFSFile("unix", name, flags)
        return _File(name, flags, self._disk)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802  apsw's signature
        """Delete a file."""
        super().xDelete(filename, syncdir)
        self._disk.after_delete(Path(filename))


class _Unsynced:
    """What one file held before the writes that no sync has followed yet."""

    def __init__(self, path: Path) -> None:
        # Never closed: closing it would drop the locks SQLite holds on the same file.
        self._descriptor = os.open(path, os.O_RDWR)
        self._sectors: dict[int, bytes] = {}
        self._size_bytes = os.fstat(self._descriptor).st_size

    def remember(self, first_byte: int, end_byte: int) -> None:
        first, last = first_byte // SECTOR_BYTES, (end_byte - 1) // SECTOR_BYTES
        for sector in range(first, last + 1):
            if sector not in self._sectors:
                former = os.pread(self._descriptor, SECTOR_BYTES, sector * SECTOR_BYTES)
                self._sectors[sector] = former.ljust(SECTOR_BYTES, b"\0")

    def remember_size(self, size_bytes: int) -> None:
        now_bytes = os.fstat(self._descriptor).st_size
        if size_bytes < now_bytes:
            self.remember(size_bytes, now_bytes)

    def synced(self) -> None:
        self._sectors.clear()
        self._size_bytes = os.fstat(self._descriptor).st_size

    def undo(self, random: Random, torn_sector_bytes: int) -> None:
        """Put back what was there at the last sync; torn, only here and there."""
        now_bytes = os.fstat(self._descriptor).st_size
        survives: dict[int, bool] = {}
        for sector, former in self._sectors.items():
            if torn_sector_bytes:
                piece = sector * SECTOR_BYTES // torn_sector_bytes
                if survives.setdefault(piece, random.random() < 0.5):
                    continue
            os.pwrite(self._descriptor, former, sector * SECTOR_BYTES)
        kept_bytes = self._size_bytes
        if torn_sector_bytes:
            # The folder may know of the new size while the data never came: then zeros are read.
            kept_bytes = random.choice((kept_bytes, max(kept_bytes, now_bytes)))
        os.ftruncate(self._descriptor, kept_bytes)


class _Power(_Disk):
    """Remembers what no sync has made durable, and takes it back when the power fails."""

    def __init__(self, fault: DiskFault) -> None:
        super().__init__()
        self._fault = fault
        self._random = Random(fault.seed)
        self._files: dict[Path, _Unsynced] = {}
        self._write_count = 0

    def before_write(self, file: _File, size_bytes: int, offset: int) -> None:
        """Remember what will be overwritten."""
        self._file(file).remember(offset, offset + size_bytes)
        self._write_count += 1
        if self._write_count == self._fault.cut_at_write:
            self.cut()

    def before_truncate(self, file: _File, size_bytes: int) -> None:
        """Remember what will be cut off."""
        self._file(file).remember_size(size_bytes)

    def after_sync(self, file: _File) -> None:
        """Forget: it is durable."""
        self._file(file).synced()

    def after_delete(self, path: Path) -> None:
        """Forget the file: a new one of that name begins anew."""
        with self.lock:
            self._files.pop(path, None)

    def cut(self) -> NoReturn:
        """Lose the power: nothing of this process runs any further."""
        with self.lock:
            for unsynced in self._files.values():
                unsynced.undo(self._random, self._fault.torn_sector_bytes)
            os._exit(CUT_EXIT_CODE)

    def _file(self, file: _File) -> _Unsynced:
        unsynced = self._files.get(file.path)
        if unsynced is None:
            unsynced = self._files[file.path] = _Unsynced(file.path)
        return unsynced


class _Room(_Disk):
    """Lets files grow until there is no room; overwriting always works, as on a real disk."""

    def __init__(self, room_bytes: int) -> None:
        super().__init__()
        self._room_bytes = room_bytes

    def before_write(self, file: _File, size_bytes: int, offset: int) -> None:
        """Raise apsw.FullError if the file would have to grow beyond the room there is."""
        growth_bytes = max(0, offset + size_bytes - file.xFileSize())
        if growth_bytes > self._room_bytes:
            self._room_bytes = 0  # whoever fills the disk takes the last of it too
            raise apsw.FullError
        self._room_bytes -= growth_bytes


class _Syncs(_Disk):
    """Fails at one sync and ever after, as a disk does that has gone."""

    def __init__(self, fail_at_sync: int) -> None:
        super().__init__()
        self._left = fail_at_sync

    def before_sync(self) -> None:
        """Raise apsw.IOError when the time has come."""
        self._left -= 1
        if self._left <= 0:
            raise apsw.IOError
