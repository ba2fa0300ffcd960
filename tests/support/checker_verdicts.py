"""One judge of judges: the verdicts on record against what an undisturbed judge says.

Every byte of a verdict follows from the journal. So a judge that reads the whole journal once, from
an empty index and without a fault, says what must be on record: each document once, and no other.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.journal.verify import verify
from dermatrace.judge.archive import Archive
from dermatrace.judge.file_state import Told
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.paperwork import Verdict
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.parse import parse
from dermatrace_schemas.topics import Topic
from dermatrace_schemas.verdict import VerdictClosed
from dermatrace_schemas.verdict_streams import verdict_stream_id
from support.checker import SHOWN_MAX, Key
from support.judge_bench import payload_of

VERDICTS = f"/{JUDGE_SENDER}/verdict/"
"""Part of every topic of a verdict, and of no other."""


@dataclass(slots=True, repr=False)
class VerdictJudgement:
    """What the checker found of the verdicts on record."""

    session_count: int = 0
    """Sessions that have ended."""
    verdict_count: int = 0
    """Documents that an undisturbed judge says, and others that are on record."""
    lost: set[Key] = field(default_factory=set)
    """Said by an undisturbed judge, and not on record."""
    doubled: set[Key] = field(default_factory=set)
    """Numbers with more than one entry: stored twice, or used for two contents."""
    different: set[Key] = field(default_factory=set)
    """On record with other bytes than an undisturbed judge says, or though it says nothing."""
    unconfirmed: set[str] = field(default_factory=set)
    """Ended sessions whose newest generation on record does not end confirmed."""
    chain_faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether everything was said, once, as by an undisturbed judge."""
        damage = self.lost or self.doubled or self.different or self.unconfirmed
        return not (damage or self.chain_faults)

    def __repr__(self) -> str:
        parts = [f"{self.verdict_count} verdicts on {self.session_count} sessions"]
        for name in ("lost", "doubled", "different", "unconfirmed"):
            keys = sorted(getattr(self, name))
            if keys:
                parts.append(f"{len(keys)} {name}, first {keys[:SHOWN_MAX]}")
        return "; ".join([*parts, *self.chain_faults[:SHOWN_MAX]])


def judge_verdicts(journal: Path, index_file: Path) -> VerdictJudgement:
    """Judge a whole journal once more and compare; `index_file` must not exist yet."""
    found = VerdictJudgement(chain_faults=[str(fault) for fault in verify(journal).faults])
    with JournalReader(journal) as reader, Index(index_file) as index:
        said = _said_undisturbed(reader, index)
        arrivals, recorded = _on_record(reader)
        sessions = list(_newest_streams(index))
        found.unconfirmed = {str(key) for key in sessions if not _is_confirmed(reader, key)}
    found.session_count, found.verdict_count = len(sessions), len(said.keys() | recorded)
    found.lost = said.keys() - recorded.keys()
    found.doubled = {key for key, count in arrivals.items() if count > 1}
    found.different = {key for key, payload in recorded.items() if said.get(key) != payload}
    return found


def verdict_entries(reader: JournalReader, after_entry_id: int = 0) -> Iterator[Entry]:
    """Yield the entries, of whatever outcome, that came as verdicts of the judge."""
    while entries := reader.read_after(after_entry_id):
        after_entry_id = entries[-1].entry_id
        yield from (entry for entry in entries if VERDICTS in entry.topic)


class Undisturbed(Follower):
    """Says everything, as if there were no verdict on record yet."""

    def __init__(
        self, reader: JournalReader, index: Index, send: Callable[[Verdict], None]
    ) -> None:
        super().__init__(reader, index, send)
        self._archive = _NothingTold(reader, index, self._history)


class _NothingTold(Archive):
    def told(self, clinic: str, stream_id: str, as_of: int) -> Told:  # noqa: ARG002  of none
        return "no"


def _said_undisturbed(reader: JournalReader, index: Index) -> dict[Key, bytes]:
    said: dict[Key, bytes] = {}

    def hear(verdict: Verdict) -> None:
        topic = Topic(verdict.clinic, JUDGE_SENDER, "verdict", verdict.stream_id)
        key, payload = (str(topic), verdict.seq), payload_of(verdict)
        assert said.setdefault(key, payload) == payload, f"{key} was said in two ways"

    follower = Undisturbed(reader, index, hear)
    while follower.catch_up():
        pass
    follower.commit()
    return said


def _on_record(reader: JournalReader) -> tuple[Counter[Key], dict[Key, bytes]]:
    """Return how many entries each number has, and the bytes that count."""
    arrivals: Counter[Key] = Counter()
    recorded: dict[Key, bytes] = {}
    for entry in verdict_entries(reader):
        if entry.seq is None:
            continue
        key = entry.topic, entry.seq
        arrivals[key] += 1
        if entry.outcome == "accepted" and entry.payload is not None:
            recorded[key] = entry.payload
    return arrivals, recorded


def _newest_streams(index: Index) -> Iterator[StreamKey]:
    """Yield, of each session that has ended, the stream of its newest generation."""
    rows = index.connection.execute(
        "SELECT clinic, sender, stream_id, generation FROM sessions"
        " WHERE is_open = 0 AND generation >= 0"
    )
    for clinic, sender, stream_id, generation in rows:
        name = verdict_stream_id(sender, stream_id, generation)
        yield StreamKey(clinic, JUDGE_SENDER, "verdict", name)


def _is_confirmed(reader: JournalReader, key: StreamKey) -> bool:
    stream = reader.stream(key)
    if stream is None:
        return False
    entries = reader.read_stream(stream.row, stream.coverage.known_last)
    documents = (parse("verdict", entry.payload or b"{}") for entry in entries)
    return any(isinstance(d, VerdictClosed) and d.outcome == "confirmed" for d in documents)
