"""Forwarding of a finished journal, and of one that two busy clinics fill: what its faults hit."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

from dermatrace.journal.reader import JournalReader
from dermatrace.simulator.fleet import FleetDevice
from dermatrace_schemas.verdict_streams import session_named_by
from support.checker_points import PointJudgement, judge_points, read_account
from support.checker_verdicts import judge_verdicts
from support.faults_clinics import FEW_DEVICES
from support.faults_forward_gate import Gate
from support.faults_forward_process import PUBLISHED_WITHIN_S, ForwardProcess
from support.faults_judge_stand import JudgeProcess, JudgeStand
from support.faults_process import IngestProcess, Starter, wait_until
from support.influx import InfluxServer
from support.influx_org import InfluxOrg

MORE_ENTRIES: Final = 30
"""So many more have to be recorded, and judged, while a fault lasts."""
MOVING_WAIT_MAX_S: Final = 20.0
"""Longest wait for them; a second or two as a rule."""
NOBODY_PORT: Final = 9
"""Where there is no broker; forwarding asks none."""


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation in InfluxDB, and the server it is in."""

    server: InfluxServer
    org: InfluxOrg


class RecordedStand:
    """Forwarding in a folder with a finished journal; use as a context manager."""

    def __init__(
        self, data: Path, place: Place, start: Starter, *, broker_port: int = 1883
    ) -> None:
        """Take a folder and an organisation that is empty yet."""
        self.server, self.org = place.server, place.org
        self.gate = Gate(place.server.port)
        self.forward = ForwardProcess(data, broker_port, start, place.org, self.gate.port)
        self._at_the_end = ExitStack()

    def __enter__(self) -> Self:
        """Open the gate, and let forwarding into buckets of its own."""
        self._at_the_end.enter_context(self.gate)
        self._at_the_end.callback(self.forward.close)
        self._let_in()
        return self

    def __exit__(self, *_: object) -> None:
        self._at_the_end.close()

    def provision(self) -> str:
        """Run `dermatrace provision influxdb`, and return what it said."""
        return self.forward.do("provision", "influxdb")

    def _let_in(self) -> None:
        """Make the buckets and give forwarding a token, in a moment."""
        self.org.make_buckets()
        self.forward.give_token(self.org.token)

    def rebuild(self) -> str:
        """Run `dermatrace forward rebuild`, and return what it said."""
        return self.forward.do("forward", "rebuild", "--yes")

    def forward_all(self, forwarder: str = "") -> PointJudgement:
        """Forward everything with the product or a double, and judge what came of it."""
        if not self.forward.is_running:
            self.forward.start(forwarder)
            self.forward.wait_following()
        self.forward.wait_caught_up()
        shown = self._page_at_rest()
        self.forward.stop()
        return self.look(shown)

    def look(self, shown: dict[str, int] | None = None) -> PointJudgement:
        """Judge InfluxDB as a forwarder left it that does not run."""
        return judge_points(self.forward.journal, self.forward.file, self.org, shown)

    def _page_at_rest(self) -> dict[str, int]:
        """Return the account on the page, once it is up to date."""
        account = read_account(self.forward.file).whole()
        wait_until(
            lambda: self.forward.points_shown() == account,
            f"the page shows {account}",
            wait_max_s=PUBLISHED_WITHIN_S,
        )
        return self.forward.points_shown()


class ForwardStand(RecordedStand):
    """Everything from pretend devices to InfluxDB."""

    def __init__(self, judged: JudgeStand, place: Place) -> None:
        """Take a judge's stand and an organisation that is empty yet."""
        stand = judged.stand
        super().__init__(stand.ingest.data, place, stand.starter, broker_port=stand.broker.port)
        self.judged = judged
        self.random = judged.random
        self._pids: dict[str, int] = {}

    def _let_in(self) -> None:
        """Provision, as a person would."""
        self.provision()

    @property
    def ingest(self) -> IngestProcess:
        """The recorder."""
        return self.judged.stand.ingest

    @property
    def judge(self) -> JudgeProcess:
        """The judge."""
        return self.judged.judge

    def begin(self, forwarder: str = "") -> None:
        """Let the clinics play, and judge and forward follow."""
        self.judge.start()
        self.judged.clinics.begin()
        self.judge.wait_following()
        self.note_processes()
        self.forward.start(forwarder)
        self.forward.wait_following()

    def note_processes(self) -> None:
        """Note which processes recorder and judge are: in the end they have to be the same."""
        self._pids = self._pids_now()

    def pause(self, *, most_s: float) -> None:
        """Let some time pass, at most so much, so that what comes next strikes at random."""
        self.judged.stand.pause(most_s=most_s)

    def wait_others_go_on(self) -> None:
        """Wait until more has been recorded and judged, whatever forwarding does meanwhile."""
        head = self.ingest.head_entry_id() + MORE_ENTRIES
        wait_until(
            lambda: self.ingest.head_entry_id() >= head,
            f"{MORE_ENTRIES} more entries are recorded",
            wait_max_s=MOVING_WAIT_MAX_S,
        )
        wait_until(
            lambda: self.judge.cursor() >= head,
            f"{MORE_ENTRIES} more entries are judged",
            wait_max_s=MOVING_WAIT_MAX_S,
        )

    def wait_judged_anew(self) -> None:
        """Wait until some session has been judged once more, so that points must be deleted."""

        def is_judged_anew() -> bool:
            with JournalReader(self.ingest.journal) as reader:
                names = [session_named_by(s.key.stream_id) for s in reader.all_streams()]
            return any(name is not None and name[2] > 0 for name in names)

        wait_until(is_judged_anew, "a session is judged anew", wait_max_s=MOVING_WAIT_MAX_S)

    def conclude(self) -> PointJudgement:
        """Let everything end and arrive, and judge what stands in InfluxDB, and the others."""
        self.judged.clinics.finish()
        self.judge.wait_judged(self.judge.head_entry_id())
        self.judge.wait_recorded()
        is_undisturbed = self._pids == self._pids_now()
        self.judge.stop()
        self.ingest.stop()
        found = self.forward_all()
        verdicts = judge_verdicts(self.ingest.journal, self.ingest.data / "undisturbed.db")
        if not is_undisturbed:
            found.chain_faults.append("recorder or judge is another process than before the fault")
        if not verdicts.is_clean:
            found.chain_faults.append(f"verdicts: {verdicts}")
        return found

    def _pids_now(self) -> dict[str, int]:
        return {process.command: process.pid for process in (self.ingest, self.judge)}


class MakeForwardStand(Protocol):
    """Makes a stand whose forwarding is provisioned and not started; it ends with the test."""

    def __call__(
        self, place: Place | None = None, *, fleet: tuple[FleetDevice, ...] = FEW_DEVICES
    ) -> ForwardStand:
        """Return it; without a place in a new organisation of the InfluxDB that tests share.

        For the table every stand has the whole fleet.
        """
        ...


class MakeRecordedStand(Protocol):
    """Makes a stand of a finished journal, provisioned and not started; it ends with the test."""

    def __call__(self, place: Place | None = None, journal: Path | None = None) -> RecordedStand:
        """Return it; without a place in a new organisation of the InfluxDB that tests share.

        Without a journal it has the one that tests share.
        """
        ...
