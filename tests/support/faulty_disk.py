"""A disk under SQLite that fills up or fails when a test says so.

A VFS laid over SQLite's own. While it is inserted, every database opened lies on it; the product
needs no switch for that.
"""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Literal

import apsw

DiskFault = Literal["full", "sync", "write", "read"]

_numbers = itertools.count(1)


class FaultyDisk(apsw.VFS):
    """Works until `fault` is set, and works again once that is None."""

    def __init__(self) -> None:
        self.name = f"faulty-{next(_numbers)}"
        self.fault: DiskFault | None = None
        super().__init__(self.name, "unix", makedefault=True)

    def xOpen(  # noqa: N802  apsw's name
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        """Open a file that asks this disk before it does anything."""
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(
        self, disk: FaultyDisk, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802  apsw's name
        """Read, or fail."""
        if self._disk.fault == "read":
            raise apsw.IOError("a read failed")
        return super().xRead(amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802  apsw's name
        """Write, or fail."""
        if self._disk.fault == "full":
            raise apsw.FullError("no space left")
        if self._disk.fault == "write":
            raise apsw.IOError("a write failed")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802  apsw's name
        """Sync, or fail."""
        if self._disk.fault == "sync":
            raise apsw.IOError("a sync failed")
        super().xSync(flags)


@contextlib.contextmanager
def faulty_disk() -> Iterator[FaultyDisk]:
    """Lay a faulty disk under every database opened inside."""
    disk = FaultyDisk()
    try:
        yield disk
    finally:
        apsw.set_default_vfs("unix")
        disk.unregister()
