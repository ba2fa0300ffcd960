"""Tokens on disk: a file each, whole or not there, readable by nobody who need not."""

import os
import stat
from pathlib import Path
from typing import Final

from dermatrace.errors import UsageError

MODE_DEFAULT: Final = 0o600
"""Only who made it may read it."""
_READABLE: Final = 0o444


class TokenFolder:
    """The folder of tokens. Raises UsageError where it cannot be read or written."""

    def __init__(self, path: Path, *, mode: int = MODE_DEFAULT) -> None:
        self.path = path
        self._mode = mode

    def prepare(self) -> None:
        """Make the folder unless it is there; may be looked into by whom its files are meant for.

        Called before anything is asked of a server: a token that cannot be kept is not made.
        """
        enter = (self._mode & _READABLE) >> 2
        try:
            self.path.mkdir(
                parents=True, exist_ok=True, mode=0o700 | self._mode & _READABLE | enter
            )
        except OSError as error:
            raise _unusable(self.path, error) from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise _unusable(self.path, "this user may not write there")

    def file_of(self, name: str) -> Path:
        """Return where the token of this name is, or will be."""
        return self.path / name

    def read(self, name: str) -> str | None:
        """Return a token; None if there is no such file or nothing in it."""
        try:
            lines = self.file_of(name).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _unusable(self.file_of(name), error) from error
        return lines[0] if lines and lines[0] else None

    def write(self, name: str, token: str) -> None:
        """Put a token in place of an earlier one; whoever reads finds the one or the other."""
        path = self.file_of(name)
        new = path.with_name(f".{name}.new")
        try:
            new.unlink(missing_ok=True)
            # Closed to others from its first moment, not only after a chmod.
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE_DEFAULT)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(f"{token}\n")
                file.flush()
                os.fchmod(file.fileno(), self._mode)
                os.fsync(file.fileno())
            new.replace(path)
        except OSError as error:
            raise _unusable(path, error) from error

    def correct_mode(self, name: str) -> bool:
        """Give a file the mode it should have; tell whether it had another."""
        path = self.file_of(name)
        try:
            if stat.S_IMODE(path.stat().st_mode) == self._mode:
                return False
            path.chmod(self._mode)
        except OSError as error:
            raise _unusable(path, error) from error
        return True


def _unusable(path: Path, why: object) -> UsageError:
    return UsageError(
        f"{path} cannot be used for tokens: {why}",
        remedy="Set influxdb_tokens to a folder this user may write, or give them this one.",
    )
