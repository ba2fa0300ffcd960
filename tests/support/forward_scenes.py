"""Journals for forwarding: drawn visits, recorded in batches, with a judge that follows live."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Final

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.paperwork import Verdict
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.topics import Topic
from support.judge_bench import JudgeBench, Message, payload_of, registry_messages
from support.judge_runs import close_by_silence
from support.pipeline_bench import FakeArrival

BATCH_MESSAGES: Final = 12
STEP_MS: Final = 1_000
"""From one batch to the next, by the recorder's clock."""


def record_at_once(bench: JudgeBench, messages: Iterable[Message], step_ms: int = 0) -> None:
    """Let messages arrive together: they share one commit and one time of arrival."""
    bench.bench.clock.advance(step_ms)
    bench.bench.pipeline.look()
    arrivals = [FakeArrival(message.topic, message.payload) for message in messages]
    if arrivals:
        bench.bench.run(*arrivals)


def make_clinics(folder: Path) -> Path:
    """Record the registry of the sample clinics, to be copied for each journal."""
    bench = JudgeBench(folder)
    record_at_once(bench, registry_messages())
    bench.close()
    return folder


@contextmanager
def opened(clinics: Path) -> Iterator[JudgeBench]:
    """Offer a journal of one's own in which the sample clinics are on record."""
    with TemporaryDirectory() as folder:
        copytree(clinics, folder, dirs_exist_ok=True)
        bench = JudgeBench(Path(folder))
        try:
            yield bench
        finally:
            bench.close()


def play(bench: JudgeBench, messages: Sequence[Message], *, step_ms: int = STEP_MS) -> None:
    """Let messages arrive batch by batch, judged as they come; then everything ends."""
    said: list[Verdict] = []
    with (
        JournalReader(bench.bench.path) as reader,
        Index(bench.folder / "index.db") as index,
    ):
        follower = Follower(reader, index, said.append)

        def follow() -> None:
            while follower.catch_up():
                told, said[:] = [_message_of(verdict) for verdict in said], []
                record_at_once(bench, told)

        for first in range(0, len(messages), BATCH_MESSAGES):
            record_at_once(bench, messages[first : first + BATCH_MESSAGES], step_ms)
            follow()
        close_by_silence(bench)
        follow()
        follower.commit()


def everything_sent(bench: JudgeBench) -> list[Message]:
    """Return all that has come over the broker, verdicts included, in the order of record."""
    return [
        Message(entry.topic, entry.payload)
        for entry in bench.bench.entries()
        if entry.outcome != "system" and entry.payload is not None
    ]


def _message_of(verdict: Verdict) -> Message:
    topic = Topic(verdict.clinic, JUDGE_SENDER, "verdict", verdict.stream_id)
    return Message(str(topic), payload_of(verdict))
