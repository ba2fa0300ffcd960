"""Plays a script on a device's sender: the one place of the simulator that acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from dermatrace.simulator.faults import continued_stream_id
from dermatrace.simulator.performance import (
    Lose,
    PublishBroken,
    PublishGarbage,
    Replay,
    Restart,
    Send,
    SendContinuation,
    Step,
)
from dermatrace.simulator.ports import DeviceSender, OutgoingStream, Pace, Power
from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.limits import CONTRACT_VERSION
from dermatrace_schemas.session import DeviceDescriptor
from dermatrace_schemas.topics import Topic

TellTime: TypeAlias = Callable[[int, int | None], None]
"""Takes (uptime_ms, wall_time_ms or None) of the device."""

BOOT_MS: Final = 2_000
"""Uptime of a restarted device when it goes on with the session."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Under what name and at what time a session begins."""

    stream_id: str
    """Never used before at this sender: a second session of that name would be a conflict."""
    uptime_ms: int
    wall_time_ms: int


class PowerNeededError(ValueError):
    """The steps restart the device, and the player was given no power switch."""

    def __init__(self) -> None:
        super().__init__("a session with a reboot needs a `power` to restart the device with")


class Player:
    """One pretend device, playing one session after the other.

    Attributes:
        sender: the sender of the current boot; a reboot replaces it.
    """

    def __init__(
        self,
        sender: DeviceSender,
        device: DeviceDescriptor,
        *,
        power: Power | None = None,
        tell_time: TellTime | None = None,
    ) -> None:
        """Play on `sender`; `tell_time` hears of the device's clocks whenever they move."""
        self._tell_time = tell_time
        self.sender = sender
        self._device = device
        self._power = power
        self._announced_boot_id: str | None = None

    def play(self, steps: tuple[Step, ...], opening: Opening, pace: Pace) -> tuple[str, ...]:
        """Take every step when it is due; return the ids of the streams it opened, in order.

        Raises PowerNeededError before the first step if one of them is a restart that cannot be
        made, and whatever the pace raises to interrupt.
        """
        if self._power is None and any(isinstance(step, Restart) for step in steps):
            raise PowerNeededError
        stream = self.sender.open_stream("session", opening.stream_id)
        run = _Run(opening, stream, [opening.stream_id], self._tell_time, opening.uptime_ms)
        self._report("in_session", run, opening.wall_time_ms)
        for step in steps:
            pace.wait_until_ms(step.at_ms)
            self._take(step, run)
        if run.stopped:
            self._report("online", run)
        return tuple(run.stream_ids)

    def _take(self, step: Step, run: "_Run") -> None:
        match step:
            case SendContinuation(_, document):
                run.send(step, {**document.facts, "continues": run.stream_ids[-2]})
            case Send(index, document):
                run.seqs[index] = run.send(step, document.facts)
            case Lose():
                run.stream.lose()
            case PublishBroken(_, document):
                # A document published broken was never stored whole: its number is declared lost,
                # and the bytes that arrive under it turn the loss into a rejection.
                self._publish_raw(run, broken_payload(run.stream.lose(), document.kind))
            case PublishGarbage(_, payload):
                self._publish_raw(run, payload)
            case Replay(_, first_index, last_index):
                self.sender.replay(run.stream_ids[-1], run.seqs[first_index], run.seqs[last_index])
            case Restart():
                self._restart(step, run)

    def _restart(self, step: Restart, run: "_Run") -> None:
        if self._power is None:
            raise PowerNeededError
        self.sender = self._power.restart(keeps_outbox=step.keeps_outbox)
        if not step.keeps_outbox:
            run.stream_ids.append(continued_stream_id(run.stream_ids[0], len(run.stream_ids)))
        run.stream = self.sender.open_stream("session", run.stream_ids[-1])
        run.uptime_at_zero_ms = BOOT_MS - step.at_ms
        self._report("in_session", run, run.opening.wall_time_ms + step.at_ms)

    def _publish_raw(self, run: "_Run", payload: bytes) -> None:
        topic = Topic(self.sender.clinic, self.sender.sender_id, "session", run.stream_ids[-1])
        self.sender.publish_raw(str(topic), payload)

    def _report(
        self, state: Literal["online", "in_session"], run: "_Run", wall_time_ms: int | None = None
    ) -> None:
        """Say what the device does, and before that what it is, once a boot."""
        boot_id = self.sender.boot_id
        if self._announced_boot_id != boot_id:
            self._announced_boot_id = boot_id
            announcement = Announcement(
                kind="announcement",
                boot_id=boot_id,
                wall_time_ms=wall_time_ms,
                device=self._device,
                contract_version=CONTRACT_VERSION,
            )
            self.sender.publish_report(announcement, retain=True)
        stream_id = run.stream_ids[-1] if state == "in_session" else None
        status = Status(kind="status", boot_id=boot_id, state=state, stream_id=stream_id)
        self.sender.publish_report(status, retain=True)


@dataclass(slots=True)
class _Run:
    """Where the player is in one session."""

    opening: Opening
    stream: OutgoingStream
    stream_ids: list[str]
    tell_time: TellTime | None
    uptime_at_zero_ms: int
    """Uptime of the current boot at the session's start; below nought after a reboot."""
    seqs: dict[int, int] = field(default_factory=dict)
    """Number each scripted document got, by its index."""
    stopped: bool = False

    def send(self, step: Send, facts: Mapping[str, JsonValue]) -> int:
        at_ms, kind = step.document.at_ms, step.document.kind
        if kind == "session.stopped" and self.stream.chain is not None:
            facts = {**facts, "chain": self.stream.chain}
        uptime_ms, script_ms = self.uptime_at_zero_ms + at_ms, self.opening.wall_time_ms + at_ms
        offset_ms = step.clock_offset_ms
        wall_time_ms = None if offset_ms is None else script_ms + offset_ms
        if self.tell_time is not None:
            self.tell_time(uptime_ms, wall_time_ms)
        write = self.stream.keep if step.held else self.stream.send
        seq = write(kind, facts, uptime_ms=uptime_ms, wall_time_ms=wall_time_ms)
        if kind == "session.stopped":
            self.stream.end()
            self.stopped = True
        return seq


def broken_payload(seq: int, kind: str) -> bytes:
    """Return a document that breaks off after its kind: its number can be read, nothing else."""
    return f'{{"seq":{seq},"kind":"{kind}","boot_id":"'.encode()
