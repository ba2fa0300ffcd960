"""What was known of a session at an earlier entry, though the index only knows today."""

from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import SessionId
from dermatrace.judge.hindsight import Hindsight
from dermatrace.judge.index import Index
from dermatrace.judge.past_state import Past, had_ended, past_of
from dermatrace.judge.verdict_reading import Generation, read_generations
from dermatrace_schemas.verdict import VerdictClosed
from support.explained import BEGINS_MS
from support.judge_bench import RUN, JudgeBench, device_messages, registry_messages, session_of
from support.judge_runs import close_by_silence

SESSION = session_of(0, minutes=0.2)
HELD_BACK = 3
"""A document that only comes after the session has been taken for ended."""


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> tuple[JudgeBench, int, int]:
    """Return a session that lacked a document and its end, and both entries that ended it."""
    bench = JudgeBench(tmp_path_factory.mktemp("late"))
    bench.record(registry_messages(), step_ms=1)
    *documents, account = device_messages(SESSION, BEGINS_MS)
    told = [n for n, message in enumerate(documents) if b'"seq":' in message.payload]
    held_back = [documents[told[HELD_BACK]], documents[-1], account]
    bench.record(message for message in documents if message not in held_back)
    close_by_silence(bench)
    bench.judge()
    bench.record(held_back)
    bench.judge()
    bench.close()
    ends = [c for c in _closed(bench) if c.outcome == "confirmed"]
    return bench, ends[0].as_of_entry_id, ends[-1].as_of_entry_id


def _closed(bench: JudgeBench) -> list[VerdictClosed]:
    return [g.closed for g in _generations(bench) if g.closed is not None]


def _generations(bench: JudgeBench) -> list[Generation]:
    device = SESSION.device
    with JournalReader(bench.bench.path) as reader:
        session = SessionId(device.clinic, device.sender_id, SESSION.stream_id(RUN))
        return read_generations(reader, session)


def _past(bench: JudgeBench, as_of: int) -> Past:
    with JournalReader(bench.bench.path) as reader, Index(_index(bench), read_only=True) as index:
        kept = index.file(_row(reader))
        assert kept is not None
        return past_of(reader, kept, as_of)


def _row(reader: JournalReader) -> int:
    (stream,) = reader.streams_named("session", SESSION.stream_id(RUN))
    return stream.row


def _index(bench: JudgeBench) -> Path:
    return bench.folder / "index.db"


def test_gap_that_has_been_filled_since_is_a_gap_again(late: tuple[JudgeBench, int, int]) -> None:
    bench, first_end, last_end = late
    then, now = _past(bench, first_end), _past(bench, last_end)
    assert (HELD_BACK in then.coverage.settled, HELD_BACK in now.coverage.settled) == (False, True)
    assert (then.coverage.end_seq, now.coverage.end_seq) == (None, len(SESSION.script) - 1)
    assert (then.state.is_by_silence, now.state.is_by_silence) == (True, False)


def test_session_was_running_before_it_was_taken_for_ended(
    late: tuple[JudgeBench, int, int],
) -> None:
    bench, first_end, last_end = late
    assert not _past(bench, first_end - 1).state.is_closed
    with JournalReader(bench.bench.path) as reader:
        row = _row(reader)
        ended = [had_ended(reader, row, n) for n in (first_end - 1, first_end, last_end)]
    assert ended == [False, True, True]


def test_hindsight_of_the_past_judges_what_was_there(late: tuple[JudgeBench, int, int]) -> None:
    bench, first_end, last_end = late
    with JournalReader(bench.bench.path) as reader, Index(_index(bench), read_only=True) as index:
        found = []
        for as_of in (first_end, last_end, None):
            judged = Hindsight(reader, index, up_to_entry_id=as_of).judge(_row(reader))
            assert judged is not None
            found.append({f.rule for f in judged.judge.state.findings} & {"data.gap"})
    assert found == [{"data.gap"}, set(), set()]


def test_hindsight_of_a_running_session_judges_nothing_of_its_end(
    late: tuple[JudgeBench, int, int],
) -> None:
    bench, first_end, _ = late
    with JournalReader(bench.bench.path) as reader, Index(_index(bench), read_only=True) as index:
        judged = Hindsight(reader, index, up_to_entry_id=first_end - 1).judge(_row(reader))
    assert judged is not None
    assert not judged.is_closed
    assert "data.gap" not in {f.rule for f in judged.judge.state.findings}
