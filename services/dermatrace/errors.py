"""Everything that can go wrong, drawn by who can act.

DermatraceError
  UsageError            the person at the keyboard: a wrong path, a bad file. Exit 2
    ServerRefused       InfluxDB or Grafana understood what was asked, and says no
    NotHere             there is no such thing, or not for whoever asks
    NotYours            it is not for whoever asks
    SignInNeeded        nobody knows who asks
  NeedsAPerson          a machine must not go on by itself. Exit 3, never restarted
    AlreadyRunning      another process holds the file
    JournalDamaged      the record does not match its own hashes
    JournalForked       a follower's cursor is not on this journal
    WrongFile           not a journal, or from a newer version
    TakenOver           another recorder uses our broker session
  StorageError          the disk: stop, acknowledge nothing, exit 1, be restarted
    StorageFull         no room
    StorageFailed       a read, write or sync failed
    JournalReplaced     another file lies where the one was that is being read
  BrokerUnavailable     the network: keep trying
  InfluxUnavailable     InfluxDB is away, busy, or has neither token nor bucket of ours: keep trying
  PointsRefused         InfluxDB does not take these points: others may be fine
  ServerUnavailable     InfluxDB, Grafana or a process of ours is away or failing: keep trying

Each says what happened, where, and in `remedy` what to do.
"""

from pathlib import Path
from typing import ClassVar


class DermatraceError(Exception):
    """Base of all our errors."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n{self.remedy}" if self.remedy else text


class UsageError(DermatraceError):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


class NotHere(UsageError):
    """There is no such thing, or whoever asks may not know that there is."""


class NotYours(UsageError):
    """Whoever asks may not do that."""


class SignInNeeded(UsageError):
    """Nobody knows who is asking."""

    def __init__(self) -> None:
        super().__init__(
            "sign in first", remedy="An access token goes into `Authorization: Bearer`."
        )


class NeedsAPerson(DermatraceError):
    """Going on could do harm; a supervisor does not restart a process that ends with this."""

    exit_code = 3


class AlreadyRunning(NeedsAPerson):
    """Another process is the one writer of a file."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(
            f"{path} is in use by {holder or 'another process'}",
            remedy="One process writes it at a time: stop that one, or choose another --data.",
        )


class JournalDamaged(NeedsAPerson):
    """An entry does not match its hash, or the index does not match the entries."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"{path}: {what}",
            remedy="Run `dermatrace verify` on it, keep the file, and restore a backup.",
        )


class JournalForked(NeedsAPerson):
    """A follower has seen an entry that this journal does not have."""

    def __init__(self, path: Path, entry_id: int) -> None:
        super().__init__(
            f"{path} is not the journal this follower was reading: entry {entry_id} differs",
            remedy="A backup was restored. Delete the follower's file; it is rebuilt.",
        )


class WrongFile(NeedsAPerson):
    """The file is not what its name says, or a newer version wrote it."""


class TakenOver(NeedsAPerson):
    """The broker gave our session to another client with the same id."""

    def __init__(self, client_id: str) -> None:
        super().__init__(
            f"another client connected to the broker as {client_id!r}",
            remedy="Two recorders on one broker would both answer every sender: run only one.",
        )


class StorageError(DermatraceError):
    """The disk did not do what it was told; nothing of the batch counts as stored."""


class StorageFull(StorageError):
    """There is no room for one more entry."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no room left to write {path}",
            remedy="Free space on that disk. Nothing is acknowledged until then, nothing is lost.",
        )


class StorageFailed(StorageError):
    """A read, write or sync of the file failed."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(
            f"cannot read or write {path}: {detail}",
            remedy="Check the disk. Opened again, the file holds everything up to the last commit.",
        )


class JournalReplaced(StorageError):
    """Another file lies where the journal was, as after a restore: what is read ends here."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is another file than the one that is being read",
            remedy="A backup was restored. Started again, this goes on, or says what it needs.",
        )


class BrokerUnavailable(DermatraceError):
    """The broker cannot be reached or refuses us."""


class ServerUnavailable(DermatraceError):
    """A server cannot be reached, or fails by itself; trying again may help."""

    def __init__(self, server: str, url: str, detail: str) -> None:
        super().__init__(
            f"{server} at {url}: {detail}",
            remedy=f"Is {server} running there? Its own log says why it does not answer.",
        )


class ServerRefused(UsageError):
    """InfluxDB or Grafana understood what was asked, and says no."""

    def __init__(
        self, server: str, url: str, detail: str, *, status: int = 0, remedy: str = ""
    ) -> None:
        super().__init__(f"{server} at {url}: {detail}", remedy=remedy)
        self.status = status


class InfluxUnavailable(DermatraceError):
    """InfluxDB does not take anything at the moment; nothing is wrong with what was sent."""

    def __init__(self, message: str, *, remedy: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
        """How long the server asks to be left alone, if it says."""


class PointsRefused(DermatraceError):
    """InfluxDB does not take at least one of these points, and says why in `words`."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"InfluxDB refused points with {status}: {words}")
        self.status = status
        self.words = words
