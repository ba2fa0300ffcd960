"""The store of images: outside the record, by their SHA-256; the record holds that there is one."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermatrace.clock import Clock
from dermatrace.console.store import Store
from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey

PHOTO_BYTES_MAX: Final = 20 * 1024 * 1024
"""Of one image; a larger one is refused before it is read whole."""
_MAGIC: Final = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"WEBP", 8, "image/webp"),
)
"""How an image begins, from which byte, and what it then is; a name or header proves nothing."""


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """One image of a clinic."""

    photo_sha256: str
    media_type: str
    photo_bytes: int


class PhotoStore:
    """Images in files, and in console.db what each is and whose visit it belongs to."""

    def __init__(self, folder: Path, store: Store, clock: Clock, sender: str) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock
        self._sender = sender

    def keep(self, clinic: str, visit_id: str, content: bytes) -> StoredPhoto:
        """Store an image so that a power cut does not lose it.

        Raises UsageError if it is no JPEG, PNG or WebP.
        """
        media_type = media_type_of(content)
        if media_type is None:
            raise UsageError("this is no image", remedy="JPEG, PNG and WebP can be kept.")
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(clinic, digest)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                part.chmod(0o600)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        values = (clinic, digest, media_type, len(content), visit_id, self._clock.utc_ms())
        self._store.write(("INSERT OR IGNORE INTO photos VALUES (?, ?, ?, ?, ?, ?)", values))
        return StoredPhoto(digest, media_type, len(content))

    def find(self, clinic: str, digest: str) -> tuple[StoredPhoto, Path] | None:
        """Return an image and where it lies, or None; what was erased is not found."""
        rows = self._store.rows(
            "SELECT photo_sha256, media_type, photo_bytes FROM photos"
            " WHERE clinic = ? AND photo_sha256 = ?",
            (clinic, digest),
        )
        path = self._path(clinic, digest)
        return (StoredPhoto(*rows[0]), path) if rows and path.exists() else None

    def forget_erased(self, journal: JournalReader) -> int:
        """Delete the images of visits of which everything told here has been erased; say how many.

        The order to erase stands in the record; images follow it.
        """
        gone = 0
        rows = self._store.rows("SELECT DISTINCT clinic, visit_id FROM photos")
        for clinic, visit_id in rows:
            if self._is_erased(journal, clinic, visit_id):
                gone += self._forget(clinic, visit_id)
        return gone

    def _is_erased(self, journal: JournalReader, clinic: str, visit_id: str) -> bool:
        told = self._store.rows(
            "SELECT stream_id, seq FROM told WHERE clinic = ? AND about = ?"
            " AND kind = 'chart.photo'",
            (clinic, visit_id),
        )
        for stream_id, seq in told:
            stream = journal.stream(StreamKey(clinic, self._sender, "chart", stream_id))
            if stream is None:
                continue
            entries = journal.read_stream(stream.row, seq, seq)
            if stream.erased_by is not None or any(entry.payload is None for entry in entries):
                return True
        return False

    def _forget(self, clinic: str, visit_id: str) -> int:
        rows = self._store.rows(
            "SELECT photo_sha256 FROM photos WHERE clinic = ? AND visit_id = ?", (clinic, visit_id)
        )
        for (digest,) in rows:
            others = "SELECT 1 FROM photos WHERE clinic = ? AND photo_sha256 = ? AND visit_id != ?"
            if not self._store.rows(others, (clinic, digest, visit_id)):
                self._path(clinic, digest).unlink(missing_ok=True)
        # The files first: one that is not known any more would never be deleted.
        delete = "DELETE FROM photos WHERE clinic = ? AND visit_id = ?"
        self._store.write((delete, (clinic, visit_id)))
        return len(rows)

    def _path(self, clinic: str, digest: str) -> Path:
        return self._folder / clinic / digest


def media_type_of(content: bytes) -> str | None:
    """Return what an image is by its first bytes; None if it is none that we keep."""
    fitting = (kind for magic, at, kind in _MAGIC if content[at : at + len(magic)] == magic)
    return next(fitting, None)
