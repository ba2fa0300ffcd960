"""Deletes by itself the images of what was erased, whether or not anybody asks for one."""

import threading
from typing import Final

from dermatrace import logs
from dermatrace.console.installation import Installation
from dermatrace.errors import DermatraceError

FORGOTTEN_WITHIN_S: Final = 60.0
"""How long an image may outlive, while the console runs, the erasure of what was told of it. The
next start of a console that did not run looks at once."""


class Forgetting:
    """Looks in a thread of its own: with many images it takes longer than the floor may wait."""

    def __init__(self, here: Installation, interval_s: float = FORGOTTEN_WITHIN_S) -> None:
        self._here = here
        self._interval_s = interval_s
        self._ending = threading.Event()
        self._log = logs.log("console")
        self._thread = threading.Thread(target=self._run, name="console.forgetting", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._look()
            except (DermatraceError, OSError) as error:
                # A file that cannot be deleted now is still known, and is tried again.
                self._log.warning("images not forgotten", **{logs.ERROR: str(error)})
            self._ending.wait(self._interval_s)

    def _look(self) -> None:
        with self._here.records.open() as record:
            gone = 0 if record.journal is None else self._here.photos.forget_erased(record.journal)
        if gone:
            self._log.info("images of what was erased are deleted", count=gone)
