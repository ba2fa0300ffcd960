"""Broker first, recorder next, then the judge, then whoever only reads; at the end in reverse."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal, Self

from dermatrace import logs
from dermatrace.clock import Clock
from dermatrace.errors import DermatraceError, NeedsAPerson, ServerUnavailable, UsageError
from dermatrace.health import ask_health
from dermatrace.mqtt import BrokerAddress
from dermatrace.settings import Settings
from dermatrace.supervisor.broker import (
    amqtt_command,
    answers,
    find_mosquitto,
    free_port,
    log_of,
    mosquitto_command,
)
from dermatrace.supervisor.child import Child, our_command

BrokerKind = Literal["mosquitto", "amqtt", "external"]

READY_WAIT_S: Final = 30.0
"""Longest wait for a process to be ready; then the start is given up with its last words."""
ASK_INTERVAL_S: Final = 0.05
ASIDE: Final = frozenset({"forward", "console"})
"""Processes that others do without: whatever becomes of them, recording and judging go on."""
PERSON_WAIT_S: Final = 60.0
"""How long such a one stays away when it needs a person. What is done about it (a rebuild holds the
file meanwhile) ends without a word to us, so it is tried again; if it still must not go on, that
changes nothing."""


class Supervisor:
    """Runs the processes of one data folder."""

    def __init__(
        self,
        settings: Settings,
        broker: BrokerKind,
        clock: Clock,
        *,
        any_port: bool = False,
        forwards: bool = False,
        serves: bool = False,
    ) -> None:
        """Prepare; `start` starts. With `external` the broker of the settings is used.

        `any_port` lets a demonstration move aside where real devices would look for the broker.
        `forwards` also keeps InfluxDB up to the record, `serves` also runs the console.
        Raises UsageError if the port is taken.
        """
        self.broker_kind = broker
        self._any_port = any_port
        self._forwards = forwards
        self._serves = serves
        self._clock = clock
        self._log = logs.log("supervisor")
        self.settings = self._with_own_broker(settings) if broker != "external" else settings
        ports = ("health_port", "judge_health_port", "forward_health_port", "console_port")
        if any_port and answers("127.0.0.1", self.settings.console_port):
            self.settings = self.settings.model_copy(update={"console_port": 0})
        self.settings = self.settings.model_copy(
            update={name: getattr(self.settings, name) or free_port() for name in ports}
        )
        self.children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> BrokerAddress:
        """Where senders find the broker."""
        address = self.settings.broker_address()
        # Sessions without a user name are not kept by the PyPI broker; any name will do.
        return replace(address, username="demo") if self.broker_kind == "amqtt" else address

    @property
    def health_url(self) -> str:
        """Where ingest tells how it is."""
        return f"http://127.0.0.1:{self.settings.health_port}"

    @property
    def forward_health_url(self) -> str | None:
        """Where forwarding tells how it is, if anything is forwarded."""
        port = self.settings.forward_health_port
        return f"http://127.0.0.1:{port}" if self._forwards else None

    def start(self) -> None:
        """Start broker, recorder, judge, each ready before the next, and who only reads if wanted.

        Raises DermatraceError with the last words of the one that did not become ready, unless
        it is one that the others do without.
        """
        try:
            if self.broker_kind != "external":
                self._start("broker", self._broker_command(), self._broker_answers)
            self._start("ingest", our_command("ingest"), self._ingest_is_healthy)
            self._start("judge", our_command("judge"), self._judge_has_index)
            if self._forwards:
                self._start("forward", our_command("forward"), self._forward_is_ready)
            if self._serves:
                self._start("console", our_command("console"), self._console_answers)
        except BaseException:
            self.stop()
            raise

    def attend(self) -> None:
        """Restart what has ended.

        Raises NeedsAPerson if one ended for a person to look, unless the others do without it.
        """
        for child in self.children.values():
            if child.attend():
                what = f"{child.name} needs a person:\n{child.last_words()}"
                if child.name not in ASIDE:
                    raise NeedsAPerson(what)
                self._log.error("the others go on without it", **{logs.REASON: what})
                child.start_later(PERSON_WAIT_S)

    def stop(self) -> None:
        """End everything, the broker last: the recorder still acknowledges what it has."""
        for child in reversed(self.children.values()):
            child.stop()

    def kill(self, name: str, *, down_s: float) -> None:
        """Kill one process; `attend` starts it again once it has been down for `down_s`."""
        self.children[name].kill(down_s)

    def is_healthy(self) -> bool:
        """Tell whether the recorder says it is well."""
        return self._ingest_is_healthy()

    def _with_own_broker(self, settings: Settings) -> Settings:
        changes: dict[str, object] = {"broker_host": "127.0.0.1"}
        if answers("127.0.0.1", settings.broker_port):
            if not self._any_port:
                raise UsageError(
                    f"port {settings.broker_port} is taken",
                    remedy="If it is a broker, use it: --broker external. Or set broker_port.",
                )
            changes["broker_port"] = free_port()
        if self.broker_kind == "amqtt":
            changes |= {"broker_protocol": "3.1.1", "broker_username": "demo"}
        return settings.model_copy(update=changes)

    def _broker_command(self) -> list[str]:
        port = self.settings.broker_port
        program = find_mosquitto()
        if self.broker_kind == "mosquitto" and program is not None:
            return mosquitto_command(program, self.settings, port)
        return amqtt_command(port)

    def _start(self, name: str, command: list[str], is_ready: Callable[[], bool]) -> None:
        child = Child(
            name,
            command,
            environment={**os.environ, **self.settings.as_environment()},
            log_file=log_of(self.settings.data, name),
            clock=self._clock,
        )
        self.children[name] = child
        child.start()
        deadline_ms = self._clock.monotonic_ms() + int(READY_WAIT_S * 1_000)
        while not is_ready():
            if child.pid is None or self._clock.monotonic_ms() > deadline_ms:
                if name in ASIDE:
                    return  # `attend` sees to it
                raise DermatraceError(f"{name} did not start:\n{child.last_words()}")
            time.sleep(ASK_INTERVAL_S)

    def _broker_answers(self) -> bool:
        return answers(self.settings.broker_host, self.settings.broker_port)

    def _judge_has_index(self) -> bool:
        """Tell whether this very judge holds the index; an older one may have left it behind."""
        index_file = self.settings.index_file
        lock = index_file.with_name(index_file.name + ".lock")
        if not (index_file.exists() and lock.exists()):
            return False
        return lock.read_text(encoding="utf-8").strip() == f"process {self.children['judge'].pid}"

    def _ingest_is_healthy(self) -> bool:
        try:
            return ask_health(self.health_url).is_healthy
        except ServerUnavailable:
            return False

    def _console_answers(self) -> bool:
        port = self.settings.console_port
        if self.settings.console_tls_certificate_file is not None:
            return answers("127.0.0.1", port)  # its certificate names another address than ours
        try:
            return ask_health(f"http://127.0.0.1:{port}").is_healthy
        except ServerUnavailable:
            return False

    def _forward_is_ready(self) -> bool:
        # Not "healthy": InfluxDB may be away for as long as it likes, and nobody waits for it.
        try:
            return ask_health(self.forward_health_url or "").ready
        except ServerUnavailable:
            return False
