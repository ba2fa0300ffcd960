"""The whole path in one test: real broker, recorder, judge, console, and somebody who sends."""

import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from dermatrace.clock import SystemClock
from dermatrace.judge.sending import VerdictSender
from dermatrace.judge.service import JudgeService
from dermatrace.sender.sender import Sender
from dermatrace.settings import Settings
from support.broker import Mosquitto
from support.console_browser import LiveConsole
from support.ingest_thread import IngestThread
from support.judge_bench import Message
from support.waiting import wait_until

END_WAIT_MAX_S: Final = 20.0


class ConsoleStack:
    """Everything `dermatrace up` runs, in threads of the test."""

    def __init__(self, folder: Path, mosquitto: Mosquitto, console_port: int) -> None:
        self.folder = folder
        self._port = console_port
        self._broker_port = mosquitto.port
        self.settings = Settings(data=folder, broker_port=mosquitto.port)
        self._at_the_end = ExitStack()
        self.console: LiveConsole | None = None

    def __enter__(self) -> Self:
        address = self.settings.broker_address()
        self.folder.mkdir(parents=True, exist_ok=True)
        ingest = IngestThread(self.settings.journal_file, address)
        self._at_the_end.enter_context(ingest)
        ingest.wait_healthy()
        verdicts = VerdictSender(address, self.settings.outbox_file)
        judge = JudgeService(
            self.settings.journal_file, self.settings.index_file, verdicts, SystemClock()
        )
        thread = threading.Thread(target=judge.run, name="test.judge", daemon=True)
        thread.start()
        self._at_the_end.callback(thread.join, END_WAIT_MAX_S)
        self._at_the_end.callback(judge.stop)
        outbox = self.folder / "test-outbox.db"
        self._sender = Sender(address, "north-clinic", "test-sender", outbox)
        self._at_the_end.enter_context(self._sender)
        self._sender.wait_connected(END_WAIT_MAX_S)
        self.start_console()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_console()
        self._at_the_end.close()

    def start_console(self) -> LiveConsole:
        """Start the console, at the same address each time."""
        console = LiveConsole(self.folder, self._port, broker_port=self._broker_port)
        self.console = console.__enter__()
        return self.console

    def stop_console(self) -> None:
        """Stop it, if it runs."""
        if self.console is not None:
            self.console.close()
            self.console = None

    def publish(self, messages: Iterable[Message]) -> None:
        """Let messages arrive as they are; return when the broker has them."""
        for message in messages:
            self._sender.publish_raw(message.topic, message.payload)
        wait_until(lambda: self._sender.waiting_count == 0, what="the broker to take it all")
