"""Journals full of sessions, made by the recorder's own code but without a broker."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from benchmarks import documents, visits
from dermatrace.clock import Clock, SystemClock
from dermatrace.ingest.decode import Message, decode
from dermatrace.ingest.open_streams import OpenStreams
from dermatrace.ingest.recorder import Recorder
from dermatrace.journal.streams import StreamKey
from dermatrace.journal.writer import Journal
from dermatrace_schemas.digest import payload_sha256
from dermatrace_schemas.parse import parse
from dermatrace_schemas.topics import Topic

AT_ONCE: Final = 20
"""Sessions that run at the same time, so that their entries lie between one another as they do
where a clinic is busy."""
BATCH_SEQS: Final = 100
"""Documents of each session in one commit: filling is not what is measured."""
BATCH_MESSAGES: Final = 2_000
"""Messages in one commit where they are of many streams."""

NOW: Final = SystemClock()


def session_key(number: int) -> StreamKey:
    """Return the name of a session by its number."""
    return StreamKey(documents.CLINIC, f"pen-{number % AT_ONCE}", "session", f"session-{number}")


def messages_of(
    numbers: range, seqs: range, document_count: int, *, ended: bool = True
) -> Iterator[Message]:
    """Yield documents of several sessions in turn, as if they had just been decoded."""
    keys = [session_key(number) for number in numbers]
    names = [(str(Topic(*key)), Topic(*key), key) for key in keys]
    for seq in seqs:
        payload, document = _document(seq, document_count, ended=ended)
        digest = payload_sha256(payload)
        for text, topic, key in names:
            yield Message(text, payload, digest, topic, key, seq, document, None)


def fill(
    path: Path,
    sessions: range,
    document_count: int,
    *,
    ended: bool = True,
    clock: Clock = NOW,
) -> None:
    """Append sessions to a journal, twenty at a time; those not `ended` stay open."""
    with contextlib.closing(Journal(path, clock)) as journal:
        streams = OpenStreams((), clock)
        recorder = Recorder(streams, clock)
        for first in range(sessions.start, sessions.stop, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, sessions.stop))
            for seq in range(0, document_count, BATCH_SEQS):
                seqs = range(seq, min(seq + BATCH_SEQS, document_count))
                with journal.batch() as batch:
                    recorder.take(batch, messages_of(numbers, seqs, document_count, ended=ended))
                streams.committed()


def record(path: Path, published: Iterable[visits.Message], clock: Clock = NOW) -> None:
    """Append messages to a journal, decoded one by one, in the order they are given."""
    with contextlib.closing(Journal(path, clock)) as journal:
        streams = OpenStreams((), clock)
        recorder = Recorder(streams, clock)
        left = iter(published)
        while messages := [decode(*one) for one in itertools.islice(left, BATCH_MESSAGES)]:
            with journal.batch() as batch:
                recorder.take(batch, messages)
            streams.committed()


def _document(seq: int, document_count: int, *, ended: bool) -> tuple[bytes, BaseModel]:
    if seq == 0:
        return documents.started(), _STARTED
    if ended and seq == document_count - 1:
        return documents.stopped(seq), parse("session", documents.stopped(seq))
    # The recorder looks only at the kind of a document in the middle: one stands for all.
    return documents.windows(seq), _WINDOWS


_STARTED: Final = parse("session", documents.started())
_WINDOWS: Final = parse("session", documents.windows(1))
