"""Helper: follow a journal and note when each finding on a reading is on record and receipted.

Prints a line once it watches, and the findings when as many sessions as it was told are judged.
Times are those of the machine's monotonic clock, which all its processes share.
"""

import argparse
import json
import select
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.stack import HELPER_MAX_S
from benchmarks.wire import PUBLISH, Link, topic_and_payload
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.rule_set import RULE_SET
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.topics import TopicError, parse_topic, receipt_topic

LOOK_INTERVAL_S: Final = 0.002
"""How often the journal is read: bounds how exactly a finding can be timed."""
BANDS: Final = frozenset(rule.id for rule in RULE_SET.bands)
"""Rules whose findings name as their last document the very one that raised them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding, the document that raised it, and when it was there."""

    session: str
    seq: int
    recorded_s: float
    verdict: str
    """The stream of its own document."""
    verdict_seq: int


class Watcher:
    """Collects findings until all sessions are judged and every finding has its receipt."""

    def __init__(self, link: Link, session_count: int) -> None:
        self._link = link
        self._left_count = session_count
        self._seen: list[Seen] = []
        self._receipts: dict[str, list[tuple[int, float]]] = {}
        """By verdict stream: below which number all was settled, and since when."""

    def watch(self, reader: JournalReader) -> list[dict[str, object]]:
        """Look until nothing more is to come; return what there was."""
        last_id = reader.head().entry_id
        print("ready", flush=True)
        while self._left_count or not all(map(self._receipted_s, self._seen)):
            if select.select([self._link.socket], [], [], LOOK_INTERVAL_S)[0]:
                self._take_receipts()
            for entry in reader.read_after(last_id):
                self._take(entry, time.monotonic())
                last_id = entry.entry_id
        return [asdict(one) | {"receipted_s": self._receipted_s(one)} for one in self._seen]

    def _take(self, entry: Entry, now_s: float) -> None:
        try:
            topic = parse_topic(entry.topic)
        except TopicError:
            return  # the recorder's own
        if topic.message_class != "verdict" or entry.payload is None:
            return
        told = json.loads(entry.payload)
        self._left_count -= told["kind"] == "verdict.closed"
        finding = told.get("finding")
        if told["kind"] == "verdict.finding_raised" and finding["rule"] in BANDS:
            session, seq = finding["session"]["stream_id"], finding["seq_range"]["last_seq"]
            self._seen.append(Seen(session, seq, now_s, topic.stream_id or "", told["seq"]))

    def _take_receipts(self) -> None:
        for kind, body in self._link.packets():
            if kind & 0xF0 == PUBLISH:
                receipt = json.loads(topic_and_payload(body)[1])
                covered = self._receipts.setdefault(receipt["stream_id"], [])
                covered.append((receipt["next_seq"], time.monotonic()))

    def _receipted_s(self, one: Seen) -> float | None:
        """Return when the first receipt came that covers a finding; it may be seen before it."""
        covered = self._receipts.get(one.verdict, ())
        return next((at_s for next_seq, at_s in covered if next_seq > one.verdict_seq), None)


def main() -> None:
    """Run as a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("journal", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("clinic")
    parser.add_argument("sessions", type=int)
    given = parser.parse_args()
    signal.alarm(int(HELPER_MAX_S))
    link = Link(given.port, "watcher")
    link.subscribe(receipt_topic(given.clinic, JUDGE_SENDER))
    watcher = Watcher(link, given.sessions)
    with JournalReader(given.journal) as reader:
        found = watcher.watch(reader)
    link.close()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
