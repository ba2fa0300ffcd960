"""Whether InfluxDB keeps what it says yes to.

When its disk fails in the middle of a write, half an entry is left in InfluxDB's log. It goes on
behind that, says yes, and at its next start reads no further than the half. Then it cuts the log
off there, but goes on where it used to end: what it takes until the start after that lies behind a
gap, and is dropped as well. So from the failure on its yes is worth nothing until it has been
started twice.
"""

import contextlib
from pathlib import Path
from typing import Final

from dermatrace import logs

STARTS_MIN: Final = 2
"""So often InfluxDB has to be started after a failure of its disk before its yes counts again."""


class Trust:
    """Remembers, in a file of its own, since which start of InfluxDB its yes is worth nothing."""

    def __init__(self, file: Path) -> None:
        """Several may share the file; it is there as long as InfluxDB is not believed."""
        self._file = file
        self._unsaved: list[str] = []

    @property
    def is_lost(self) -> bool:
        """Whether InfluxDB is not believed."""
        return bool(self._starts())

    def lose(self, started: str) -> None:
        """Stop believing an InfluxDB that says since when it runs."""
        self._save([started])

    def starts_missing(self, started: str) -> int:
        """Return how often an InfluxDB that runs since `started` has to be started; 0: never."""
        starts = self._starts()
        if starts and started not in starts:
            starts.append(started)
            self._save(starts if len(starts) <= STARTS_MIN else [])
        return max(0, STARTS_MIN + 1 - len(starts)) if starts else 0

    def _starts(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return self._file.read_text(encoding="utf-8").split()
        return self._unsaved.copy()

    def _save(self, starts: list[str]) -> None:
        self._unsaved = []
        try:
            if starts:
                arriving = self._file.with_name(f"{self._file.name}.arriving")
                arriving.write_text("\n".join(starts), encoding="utf-8")
                arriving.replace(self._file)
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:  # perhaps it is the same disk: then at least this process knows
            self._unsaved = starts
            logs.log("forward").warning("not written down", **{logs.ERROR: str(error)})
