"""A whole fleet in one thread and one random number: senders, broker, recorder, and mishaps.

A run has three acts: documents are written while things break; everything is mended; then the world
must come to rest, with every number accounted for. What may never be is checked at every step.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

from dermatrace.journal.coverage import Coverage
from dermatrace.sender.in_flight import Key
from dermatrace.sender.settling import Settling
from dermatrace.sender.stream_state import StreamName, StreamState
from dermatrace_schemas.settling import Receipt
from support.settling_network import (
    DOCUMENT_MAX_BYTES,
    Account,
    Agenda,
    Broker,
    Document,
    Payload,
    Upward,
    digest,
    kind_of,
    size_bytes,
)
from support.settling_recorder import Batch, Journal, PretendRecorder, Stream
from support.settling_recorder import Witness as RecorderWitness
from support.settling_sender import PretendSender
from support.settling_sender import Witness as SenderWitness

WRITING_MS: Final = 25_000
"""First act: documents are written and things break."""
REST_WITHIN_MS: Final = 1_200_000
"""After mending, everything is at rest within this time, or never."""
LOOK_MS: Final = 2_000
STEPS_MAX: Final = 40_000
"""Ten times what the longest runs take."""
QUEUE_AMPLE: Final = 10_000

MakeSettling = Callable[[Random], Settling]
MakeStream = Callable[..., StreamState]
MakeCoverage = Callable[..., Coverage]
MakeRecorder = Callable[[Agenda, Broker, RecorderWitness, MakeCoverage], PretendRecorder]


class ViolationError(AssertionError):
    """Something happened that must never happen."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays; a twin without one of the protections may stand in."""

    settling: MakeSettling = Settling
    stream: MakeStream = StreamState
    coverage: MakeCoverage = Coverage
    recorder: MakeRecorder = PretendRecorder


@dataclass(slots=True)
class Truth:
    """What really became of one number."""

    payload: Payload
    stored: bool = True
    forged: bool = False
    """Somebody else used the number too: if their bytes came first, nobody asks for ours."""
    freed_under: int | None = None
    """Birth of the newest journal its sender had heard of when it freed it."""


class World(RecorderWitness, SenderWitness):
    """One run; the same seed is always the same run."""

    def __init__(self, seed: int, cast: Cast | None = None, *, keep_history: bool = False) -> None:
        cast = cast or Cast()
        self.random = Random(seed)
        self.agenda = Agenda(self.random, keep_history=keep_history)
        random = self.random
        self.broker = Broker(
            self.agenda,
            persistent=random.random() < 0.5,
            queue_max=random.choice([3, 8, QUEUE_AMPLE, QUEUE_AMPLE]),
        )
        self.truths: dict[tuple[str, Key], Truth] = {}
        self.finished: set[Stream] = set()
        self.planned: dict[Stream, int] = {}
        self.journals: dict[str, Journal] = {}
        self.heard: dict[str, int] = {}
        self.backups: list[Journal] = []
        self.recorder = cast.recorder(self.agenda, self.broker, self, cast.coverage)
        self.journals[self.recorder.journal.journal_id] = self.recorder.journal
        self.senders = [
            PretendSender(
                f"pen-{number}",
                self.agenda,
                self.broker,
                self,
                capacity=random.choice([2, 4, 7, 1_000]),
                make_settling=cast.settling,
                make_stream=cast.stream,
            )
            for number in range(random.choice([1, 1, 2, 3]))
        ]
        for sender in self.senders:
            self._write_streams(sender)

    # --- first act: writing -------------------------------------------------------------------

    def _write_streams(self, sender: PretendSender) -> None:
        random, at_ms = self.random, self.random.randint(0, 3_000)
        for number in range(random.choice([1, 1, 2])):
            name = ("session", f"run-{number}")
            self.agenda.at(at_ms, partial(sender.open, name))
            count = random.choice([1, 3, 6, 12, 20])
            pace_ms = random.choice([150, 700, 2_500])
            # A stream that never ends gets a number more than is ever written.
            self.planned[sender.sender_id, name] = count + (random.random() < 0.3)
            for _ in range(count):
                at_ms += random.randint(1, 2 * pace_ms)
                self.agenda.at(at_ms, partial(self._write, sender, name))

    def _write(self, sender: PretendSender, name: StreamName) -> None:
        if not sender.is_up:  # switched off: the treatment waits
            self.agenda.after(700, lambda: self._write(sender, name))
            return
        random, seq = self.random, sender.disk.streams[name].next_seq
        last = seq + 1 == self.planned[sender.sender_id, name]
        kind = random.choices(["plain", "invalid", "nameless", "huge"], [90, 4, 3, 3])[0]
        size = DOCUMENT_MAX_BYTES + 1 if kind == "huge" else random.choice([300, 900, 3_000, 9_000])
        kind = "stop" if last and random.random() < 0.6 else kind
        size = 300 if kind == "stop" else size
        number = "?" if kind == "nameless" else str(seq)
        payload = f"{number}|{kind}|{random.getrandbits(32):x}|{size}".encode()
        truth = self.truths[sender.sender_id, (name, seq)] = Truth(payload)
        if last:
            self.finished.add((sender.sender_id, name))
        truth.stored = sender.write(name, payload)
        self.agenda.note(sender.sender_id, "writes", name[1], payload, truth.stored)
        if last:
            sender.end(name)

    # --- what may never be --------------------------------------------------------------------

    def on_receipt(self, recorder: PretendRecorder, stream: Stream, receipt: Receipt) -> None:
        """Check that a receipt covers only what is durable."""
        record = recorder.journal.record(stream)
        self.agenda.note("receipt", receipt.journal_id, stream[0], receipt)
        if not record.erased:
            for seq in range(receipt.next_seq):
                if not record.has(seq):
                    raise ViolationError(f"a receipt covers {stream} {seq}, which is not durable")

    def on_puback(self, recorder: PretendRecorder, message: Upward) -> None:
        """Check that only what is durable is acknowledged."""
        if isinstance(message, Account):
            return
        journal, payload = recorder.journal, message.payload
        if payload.startswith(b"?"):
            durable = digest(payload) in journal.nameless
        else:
            record = journal.record((message.sender, message.stream))
            durable = record.erased or payload in record.kept.get(int(payload.split(b"|")[0]), {})
        if not durable:
            raise ViolationError(f"acknowledged before it was durable: {message}")

    def on_commit(self, recorder: PretendRecorder, batch: Batch) -> None:
        """Check that nothing is stored twice and that only what is complete is called complete."""
        self.agenda.note("commit", batch.kept)
        for stream, seq, _, _ in batch.kept:
            outcomes = list(recorder.journal.record(stream).kept[seq].values())
            if outcomes.count("accepted") > 1:
                raise ViolationError(f"{stream} {seq} was accepted twice")
        if len({(stream, seq, payload) for stream, seq, payload, _ in batch.kept}) < len(
            batch.kept
        ):
            raise ViolationError("the same bytes were stored twice")
        for stream in batch.touched:
            coverage = recorder.coverage(stream)
            if coverage.is_complete() and not coverage.erased:
                given_out = sum(1 for who, (name, _) in self.truths if (who, name) == stream)
                if stream not in self.finished or coverage.next_seq < given_out:
                    raise ViolationError(f"{stream} is called complete at {coverage.next_seq}")

    def on_heard(self, sender: PretendSender, journal_id: str) -> None:
        """Remember the newest journal a sender has heard of."""
        birth = self.journals[journal_id].birth
        self.heard[sender.sender_id] = max(birth, self.heard.get(sender.sender_id, -1))

    def on_freed(self, sender: PretendSender, key: Key) -> None:
        """Check that bytes go only if the newest journal heard of has them."""
        name, seq = key
        birth = self.heard.get(sender.sender_id, -1)
        self.agenda.note(sender.sender_id, "frees", key, birth)
        journal = self.journals.get(f"journal-{birth}")
        if journal is None or not journal.record((sender.sender_id, name)).has(seq):
            raise ViolationError(f"{sender.sender_id} freed {key}, which journal-{birth} lacks")
        self.truths[sender.sender_id, key].freed_under = birth

    def on_publish(self, sender: PretendSender, message: Upward) -> None:
        """Check that what is published under a number is always the same."""
        self.agenda.note(sender.sender_id, "publishes", message)
        if isinstance(message, Document):
            payload = message.payload
            if payload not in sender.disk.documents.values():
                raise ViolationError(
                    f"{sender.sender_id} published what it does not hold: {payload!r}"
                )

    # --- second and third act -----------------------------------------------------------------

    def mend(self) -> None:
        """Put everything in order again."""
        self.agenda.note("mended")
        self.broker.is_up, self.broker.refuses, self.broker.queue_max = True, False, QUEUE_AMPLE
        self.recorder.link_up = True
        if not self.recorder.is_up:
            self.recorder.start()
        for sender in self.senders:
            sender.link_up = True
            if not sender.is_up:
                sender.start()

    def run_until(self, until_ms: int) -> None:
        """Let time pass."""
        while self.agenda.step(until_ms):
            if self.agenda.step_count > STEPS_MAX:
                raise ViolationError(f"{STEPS_MAX} steps and no end: somebody asks without pause")
        self.agenda.now_ms = max(self.agenda.now_ms, until_ms)

    def come_to_rest(self) -> None:
        """Run until everything is accounted for. Raises ViolationError if that never happens."""
        deadline_ms = self.agenda.now_ms + REST_WITHIN_MS
        while self.agenda.now_ms < deadline_ms:
            self.run_until(self.agenda.now_ms + LOOK_MS)
            if self.is_at_rest():
                self._check_accounts()
                return
        raise ViolationError(
            "not at rest: " + "; ".join(self._unsettled()) + f" {self._positions()}"
        )

    def is_at_rest(self) -> bool:
        """Tell whether every sender is settled and the journal accounts for every number."""
        settled = all(sender.settling.all_settled() for sender in self.senders)
        return settled and not any(self._unsettled())

    def _unsettled(self) -> Iterator[str]:
        journal = self.recorder.journal
        for sender_id, (name, seq) in self.truths:
            if not journal.record((sender_id, name)).has(seq):
                yield f"{sender_id} {name[1]} {seq}"
        for stream in sorted(self.finished):
            if not self.recorder.coverage(stream).is_complete():
                yield f"the end of {stream}"

    def _positions(self) -> list[str]:
        return [
            f"{sender.sender_id}: {state.name[1]} {state.settled_seq} of {state.next_seq}"
            f"{' ended' if state.ended else ''}{' complete' if state.complete else ''}"
            for sender in self.senders
            for state in sender.settling.streams.values()
        ]

    def _check_accounts(self) -> None:
        for (sender_id, (name, seq)), truth in self.truths.items():
            record = self.recorder.journal.record((sender_id, name))
            if record.erased:
                continue
            kept, (_, rejected, lost) = record.kept.get(seq, {}), record.sets()
            where = f"{sender_id} {name[1]} {seq} {truth}"
            if seq in lost:
                if not self._is_true(record.reasons[seq], truth):
                    raise ViolationError(f"declared lost ({record.reasons[seq]}) but: {where}")
                with suppress(StopIteration):
                    raise ViolationError(f"lost and kept: {where} {next(iter(kept))!r}")
            elif truth.forged and kept:
                continue
            elif truth.payload not in kept:
                raise ViolationError(f"its bytes are not kept: {where}, {kept}")
            elif kept[truth.payload] != "accepted" and seq not in rejected:
                raise ViolationError(f"neither accepted nor rejected: {where}")

    def _is_true(self, reason: str, truth: Truth) -> bool:
        match reason:
            case "not_stored":
                return not truth.stored
            case "freed":
                birth = self.recorder.journal.birth
                return truth.freed_under is not None and truth.freed_under < birth
            case "rejected":
                return kind_of(truth.payload) == "nameless"
            case _:
                return size_bytes(truth.payload) > DOCUMENT_MAX_BYTES
