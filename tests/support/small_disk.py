"""A real disk that is too small, and can be made larger while a server runs on it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

MIB = 1024**2


@dataclass(slots=True)
class SmallDisk:
    """A file system in memory at `folder` while the block lasts.

    Where nothing may be mounted, as in most containers, entering it skips the test.
    """

    folder: Path
    size_mib: int

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        answer = _mount("-t", "tmpfs", "-o", f"size={self.size_mib}m", "tmpfs", str(self.folder))
        if answer.returncode:
            pytest.skip(f"cannot mount a small disk here: {answer.stderr.strip()}")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Lazily: a server that a failed test left running must not hide why the test failed.
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, capture_output=True)

    @property
    def free_bytes(self) -> int:
        """How much still fits."""
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def resize(self, size_mib: int) -> None:
        """Make it larger or smaller under whoever writes there."""
        answer = _mount("-o", f"remount,size={size_mib}m", str(self.folder))
        if answer.returncode:
            raise OSError(f"cannot resize {self.folder}: {answer.stderr.strip()}")
        self.size_mib = size_mib


def _mount(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True)
