"""The judge with one protection taken out each, to see what that protection prevents.

Each double is the product's own service with one part replaced. `FAULTY_JUDGES` names them for the
launcher; all their senders' clocks run fast, as those of the devices do.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from dermatrace import logs
from dermatrace.clock import SystemClock
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.archive import Archive
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.paperwork import Verdict
from dermatrace.judge.registry_history import RegistryHistory, Taken
from dermatrace.judge.sending import VerdictSender
from dermatrace.judge.service import JudgeService
from dermatrace.sender.outbox import IN_MEMORY
from dermatrace.sender.sender import Sender
from dermatrace.settings import load_settings
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.registry import RegistryDocument
from support.faults_senders import Eager, FastClock

if TYPE_CHECKING:
    from dermatrace_schemas.references import RegistryKind

STORING_TAKES_S: Final = 0.5
"""From the cursor's move to the first verdict stored, where the damage is done in that time."""


class FastSender(VerdictSender):
    """Waits a minute in 3 s; sound otherwise."""

    def _make_sender(self, clinic: str) -> Sender:
        return Sender(
            self._address,
            clinic,
            JUDGE_SENDER,
            self._outbox_file(clinic, JUDGE_SENDER),
            capacity_bytes=self._capacity_bytes,
            client_id=f"{JUDGE_SENDER}.{clinic}",
            clock=FastClock(),
            random=Eager(1),
        )


class ForgetsSender(FastSender):
    """Keeps what it has to send in memory alone."""

    def open_clinic(self, clinic: str) -> None:
        """Open an outbox that a crash makes forget."""
        self._outbox_file = lambda clinic, sender: IN_MEMORY  # noqa: ARG005  whoever's it is
        super().open_clinic(clinic)


class OwnClockSender(FastSender):
    """Stamps verdicts with the time at which this process says them."""

    def send(self, verdict: Verdict) -> None:
        """Stamp, then store."""
        super().send(replace(verdict, wall_time_ms=SystemClock().utc_ms()))


class MovesFirst(Follower):
    """Moves its cursor over what it has judged, and stores the verdicts after that."""

    def __init__(
        self, reader: JournalReader, index: Index, send: Callable[[Verdict], None]
    ) -> None:
        self._unsaid: list[Verdict] = []
        self._say = send
        super().__init__(reader, index, self._unsaid.append)

    def catch_up(self) -> int:
        """Judge, commit, then store."""
        count = super().catch_up()
        if count:
            self.commit()
        if self._unsaid:
            time.sleep(STORING_TAKES_S)
        while self._unsaid:
            self._say(self._unsaid.pop(0))
        return count


class NewestHistory(RegistryHistory):
    """Lets what came last under a version stand."""

    def take(self, clinic: str, entry_id: int, document: RegistryDocument) -> Taken:
        """Put other content in the place of what the version had."""
        taken = super().take(clinic, entry_id, document)
        if taken == "conflict":
            kind = cast("RegistryKind", document.kind.removeprefix("registry."))
            thing = self._clinics[clinic].things[kind][document.registry_id]
            thing.versions = [
                replace(known, digest=document.digest, content=document.content)
                if known.version == document.version
                else known
                for known in thing.versions
            ]
        return taken


class BelievesTheLast(Follower):
    """Judges by what was imported last, whenever that was."""

    def __init__(
        self, reader: JournalReader, index: Index, send: Callable[[Verdict], None]
    ) -> None:
        super().__init__(reader, index, send)
        self._history = NewestHistory()
        self._archive = Archive(reader, index, self._history)


@dataclass(frozen=True, slots=True)
class JudgeParts:
    """Which part of the judge is replaced, and by what."""

    sender: type[VerdictSender] = FastSender
    follower: type[Follower] = Follower


FAULTY_JUDGES: Final = {
    "sound": JudgeParts(),
    "moves-first": JudgeParts(follower=MovesFirst),
    "forgets": JudgeParts(sender=ForgetsSender),
    "own-clock": JudgeParts(sender=OwnClockSender),
    "believes-the-last": JudgeParts(follower=BelievesTheLast),
}
"""`sound` is the product with a fast clock: a broker that was away makes it wait for 3 s, not for a
minute."""


class FaultyJudge(JudgeService):
    """The product's service with one part replaced."""

    parts = JudgeParts()

    def _make_follower(self, reader: JournalReader) -> Follower:
        return self.parts.follower(reader, self._index, self._sender.send)


def run_judge(name: str) -> None:
    """Do what `dermatrace judge` does, with one part replaced."""
    settings = load_settings()
    logs.set_up_logs(as_json=False)
    FaultyJudge.parts = FAULTY_JUDGES[name]
    sender = FaultyJudge.parts.sender(
        settings.broker_address(),
        settings.outbox_file,
        capacity_bytes=settings.outbox_capacity_bytes,
    )
    service = FaultyJudge(settings.journal_file, settings.index_file, sender, SystemClock())
    service.stop_on_signals()
    service.run()
