"""One visit played piece by piece, and what the judge says and keeps of it."""

import json
from pathlib import Path
from typing import Any, Final, Self

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import Index, Kept
from dermatrace.judge.verdict_reading import Generation, read_generations
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_message,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)
from support.manual_clock import NOON_MS

BEGINS_MS: Final = NOON_MS + 3_600_000
AFTERWARDS_MS: Final = BEGINS_MS + 3_600_000
"""When people enter what they say of the record."""
INDEX: Final = "index.db"


class Visit:
    """A session of a pen in medical needling, its chart, and a judge."""

    def __init__(self, folder: Path, *, device_number: int = 0, begins_ms: int = BEGINS_MS) -> None:
        self.bench = JudgeBench(folder)
        self.bench.record(registry_messages(), step_ms=1)
        self._asides = 0
        self.play(device_number=device_number, begins_ms=begins_ms)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bench.close()

    def play(self, *, device_number: int = 0, number: int = 1, begins_ms: int = BEGINS_MS) -> None:
        """Take up a session: what is recorded and asked from here on is about it."""
        self.session = session = session_of(device_number, minutes=0.1, number=number)
        chart = chart_messages(session, begins_ms)
        self.early = [m for m in chart if told(m)["entered_ms"] <= begins_ms]
        """What is entered before it begins."""
        self.late = chart[len(self.early) :]
        *self.documents, self.account = device_messages(session, begins_ms)
        self.id = SessionId(session.device.clinic, session.device.sender_id, session.stream_id(RUN))
        self.key = {"sender": self.id.sender, "stream_id": self.id.stream_id}

    @property
    def contact_seq(self) -> int:
        """The first document with needles on skin."""
        return next(n for n, m in enumerate(self.documents) if b"needling.windows" in m.payload)

    def whole(self) -> None:
        """Let everything come in order, and judge it."""
        self.hear(*self.early, *self.documents, self.account, *self.late)

    def hear(self, *messages: Message, step_ms: int = 100) -> None:
        """Let messages come, and judge."""
        self.bench.record(messages, step_ms=step_ms)
        self.bench.judge()

    def say(
        self,
        kind: str,
        *,
        entered_ms: int = AFTERWARDS_MS,
        **facts: Any,  # noqa: ANN401  JSON
    ) -> Message:
        """Let somebody enter a fact, and judge; return what was entered."""
        self._asides += 1
        message = chart_message(
            self.id.clinic, kind, sitting=f"aside-{self._asides}", entered_ms=entered_ms, **facts
        )
        self.hear(message)
        return message

    def correct(self, message: Message, **facts: Any) -> None:  # noqa: ANN401  JSON
        """Let somebody say that a document is not to be gone by."""
        _, _, _, sender, stream_class, stream_id = message.topic.split("/")
        earlier = {"sender": sender, "stream_class": stream_class, "stream_id": stream_id}
        earlier["seq"] = told(message)["seq"]
        self.say("chart.correction", earlier=earlier, reason="It was wrong.", **facts)

    def generations(self) -> list[Generation]:
        """Return what was said, generation by generation."""
        with JournalReader(self.bench.bench.path) as reader:
            return read_generations(reader, self.id)

    def causes(self) -> list[str]:
        """Return why each generation was opened."""
        return [g.opened.cause for g in self.generations() if g.opened is not None]

    def rules(self, generation: int = -1) -> list[str]:
        """Return the rules that a generation says were broken, each once, by name."""
        findings = self.generations()[generation].findings
        return sorted({told.finding.rule for told in findings})

    def kept(self) -> Kept:
        """Return the session's file as the index keeps it."""
        with Index(self.bench.folder / INDEX, read_only=True) as index:
            row = index.row_of_session(self.id)
            kept = None if row is None else index.file(row)
        assert kept is not None, f"the index has no {self.id}"
        return kept

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return the session's rows of a table of the index."""
        with Index(self.bench.folder / INDEX, read_only=True) as index:
            row = index.row_of_session(self.id)
            query = f"SELECT * FROM {name} WHERE stream_row = ?"  # noqa: S608  a test's own
            cursor = index.connection.execute(query, (row,))
            return [
                dict(zip((column for column, *_ in cursor.getdescription()), values, strict=True))
                for values in cursor
            ]


def told(message: Message) -> dict[str, Any]:
    """Return what a message says."""
    document: dict[str, Any] = json.loads(message.payload)
    return document
