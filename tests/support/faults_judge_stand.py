"""A stand with a judge process and two busy clinics: what faults of the judge hit."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol, Self

from dermatrace import sqlite
from dermatrace.errors import DermatraceError
from dermatrace.journal.entry import EMPTY
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.mqtt import BrokerAddress
from dermatrace.simulator.fleet import FLEET, FleetDevice
from dermatrace_schemas.identifiers import JUDGE_SENDER
from support.checker_verdicts import VerdictJudgement, judge_verdicts, verdict_entries
from support.faults_clinics import SETTLE_WAIT_MAX_S, BusyClinics
from support.faults_launcher import JUDGE_VARIABLE
from support.faults_process import START_WAIT_MAX_S, ServiceProcess
from support.faults_stand import Stand

SIDE_FILES: Final = ("", "-wal", "-shm")


class JudgeProcess(ServiceProcess):
    """`dermatrace judge`."""

    command = "judge"

    @property
    def index(self) -> Path:
        """The file it remembers in."""
        return self.data / "index.db"

    @property
    def outboxes(self) -> list[Path]:
        """The files of its senders."""
        return sorted((self.data / "outbox").glob(f"*.{JUDGE_SENDER}.db"))

    def start(self, judge: str = "") -> None:
        """Start it: the product, or the double of this name."""
        self.launch(**{JUDGE_VARIABLE: judge} if judge else {})

    def wait_following(self) -> None:
        """Wait until this process says that it follows the journal."""
        self.wait_for(
            lambda: "] ready" in self.words, "the judge follows", wait_max_s=START_WAIT_MAX_S
        )

    def cursor(self) -> int:
        """Return the entry up to which the index has taken everything in."""
        try:
            with Index(self.index, read_only=True) as index:
                return index.cursor()[0].entry_id
        except DermatraceError:
            return EMPTY.entry_id  # not made yet

    def wait_judged(self, entry_id: int) -> None:
        """Wait until everything up to an entry is judged, and that is written down."""
        self.wait_for(
            lambda: self.cursor() >= entry_id,
            f"entry {entry_id} is judged",
            wait_max_s=SETTLE_WAIT_MAX_S,
        )

    def wait_recorded(self) -> None:
        """Wait until everything in its outboxes is on record."""
        self.wait_for(
            lambda: self.held() <= self.recorded(),
            "all verdicts are recorded",
            wait_max_s=SETTLE_WAIT_MAX_S,
        )

    def held(self) -> set[tuple[str, int]]:
        """Return stream and number of each verdict in its outboxes."""
        return {key for outbox in self.outboxes for key in _documents_in(outbox)}

    def recorded(self) -> set[tuple[str, int]]:
        """Return stream and number of each verdict on record."""
        with JournalReader(self.journal) as reader:
            return {
                (entry.topic.rpartition("/")[2], entry.seq)
                for entry in verdict_entries(reader)
                if entry.seq is not None
            }

    def forget(self, *files: Path) -> None:
        """Delete databases of a judge that does not run."""
        assert not self.is_running
        for file in files:
            for suffix in SIDE_FILES:
                file.with_name(file.name + suffix).unlink(missing_ok=True)


class JudgeStand:
    """A recorder, a judge, and clinics that keep both busy; use as a context manager."""

    def __init__(self, stand: Stand, fleet: tuple[FleetDevice, ...] = FLEET) -> None:
        self.stand = stand
        self.random = stand.random
        self.judge = JudgeProcess(stand.ingest.data, stand.broker.port, stand.starter)
        self._fleet = fleet
        self._at_the_end = ExitStack()

    def __enter__(self) -> Self:
        """Start the recorder and put the clinics' registry on record."""
        self.stand.ingest.start()
        self.stand.ingest.wait_connected()
        address = BrokerAddress(host=self.stand.broker.host, port=self.stand.broker.port)
        folder = self.stand.ingest.data / "devices"
        with ExitStack() as if_it_fails:
            if_it_fails.callback(self.judge.close)
            self.clinics = BusyClinics(address, folder, self._fleet)
            if_it_fails.callback(self.clinics.stop)
            self.clinics.import_registry()
            self._at_the_end = if_it_fails.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._at_the_end.close()

    def wait_verdicts(self, count: int) -> None:
        """Wait until so many verdicts are on record."""
        self.judge.wait_for(
            lambda: len(self.judge.recorded()) >= count,
            f"{count} verdicts are recorded",
            wait_max_s=SETTLE_WAIT_MAX_S,
        )

    def conclude(self) -> VerdictJudgement:
        """Let every session end, the judge say all it has to say, and judge what is on record."""
        self.clinics.finish()
        self.judge.wait_following()
        self.judge.wait_judged(self.judge.head_entry_id())
        self.judge.wait_recorded()
        self.judge.stop()
        self.stand.ingest.stop()
        return judge_verdicts(self.stand.ingest.journal, self.judge.data / "undisturbed.db")


class MakeJudgeStand(Protocol):
    """Makes a stand with a judge that is not started yet; it ends with the test."""

    def __call__(self, fleet: tuple[FleetDevice, ...] = FLEET) -> JudgeStand:
        """Return it; the clinics are on record and do not play yet."""
        ...


def _documents_in(outbox: Path) -> set[tuple[str, int]]:
    connection = sqlite.open_reader(outbox)
    try:
        return set(
            connection.execute(
                "SELECT stream_id, seq FROM documents JOIN streams USING (stream_row)"
            )
        )
    finally:
        connection.close()
