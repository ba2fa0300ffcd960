"""The visits of the day, each read again only when something of it may be other."""

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.chart import Fact
from dermatrace.judge.index import Index
from dermatrace.judge.search import FoundSession
from dermatrace.reading.visit_chart import Visit, read_visit
from dermatrace_schemas.chart import ChartAttach

VISIT_KEPT_MS: Final = 24 * 3_600_000
"""A visit of which nobody has told anything for longer leaves the list of the day."""
IN_TURN_LOOKS: Final = 60
"""Within so many looks each visit is read again whatever happens: a session that has left the floor
is judged anew by another rule set, or by what was told of another visit of its series."""

Key: TypeAlias = tuple[str, str]
"""Clinic and visit."""


@dataclass(slots=True)
class FloorVisits:
    """A clinic has hundreds of them a day; reading all at each look would be most of the work."""

    by_key: dict[Key, Visit] = field(default_factory=dict)
    _heard: dict[Key, int] = field(default_factory=dict)
    """Visits spoken of, with when the recorder heard of them last."""
    _unread: dict[Key, int] = field(default_factory=dict)
    """Visits told of, with the entry the judge must have filed before they are read for good."""
    _unread_all: int = 0
    """The same, where a fact may speak of any visit."""
    _has_news: bool = False
    """Whether anything was told since they were read; if not, and the judge has not got on, what
    waits for the judge need not be read once more."""
    _judged: int = 0
    _looks: int = 0

    def hear(self, clinic: str, fact: Fact, received_ms: int) -> None:
        """Note what somebody has told."""
        visit_id, self._has_news = fact.document.visit_id, True
        if visit_id is None or isinstance(fact.document, ChartAttach):
            self._unread_all = max(self._unread_all, fact.entry_id)
        if visit_id is not None:
            key = clinic, visit_id
            self._heard[key] = max(self._heard.get(key, 0), received_ms)
            self._unread[key] = max(self._unread.get(key, 0), fact.entry_id)

    def judged(self, clinic: str, before: FoundSession | None, found: FoundSession | None) -> None:
        """Note what the judge knows now of a session on the floor."""
        was, is_now = (None if one is None else one.visit_id for one in (before, found))
        if was == is_now:
            if found is not None and found != before and is_now is not None:
                self._put(clinic, is_now, found)
            return
        self._has_news = True
        for visit_id in (was, is_now):
            if visit_id is not None and (clinic, visit_id) in self._heard:
                self._unread.setdefault((clinic, visit_id), 0)

    def read(self, journal: JournalReader, index: Index) -> None:
        """Read again what may be other than it was."""
        judged, before, self._looks = index.cursor()[0].entry_id, self._judged, self._looks + 1
        if judged < before:
            # The index is made anew: what it says of any session may be other until it is done.
            self._unread_all = journal.head().entry_id
        turn = self._looks % IN_TURN_LOOKS
        keys = {key for at, key in enumerate(self._heard) if at % IN_TURN_LOOKS == turn}
        if self._has_news or judged != before:
            keys |= self._heard.keys() if self._unread_all else self._unread.keys()
        for key in self._heard:
            if key in keys:
                self.by_key[key] = read_visit(journal, index, *key)
        self._unread = {key: entry for key, entry in self._unread.items() if entry > judged}
        self._unread_all = self._unread_all if self._unread_all > judged else 0
        self._judged, self._has_news = judged, False

    def forget(self, now_ms: int) -> None:
        """Let go of what nobody speaks of any more."""
        for key in [key for key, ms in self._heard.items() if now_ms - ms >= VISIT_KEPT_MS]:
            del self._heard[key]
            self.by_key.pop(key, None)
            self._unread.pop(key, None)

    def _put(self, clinic: str, visit_id: str, found: FoundSession) -> None:
        visit = self.by_key.get((clinic, visit_id))
        if visit is not None:
            sessions = tuple(
                found if one.stream_row == found.stream_row else one for one in visit.sessions
            )
            self.by_key[clinic, visit_id] = replace(visit, sessions=sessions)
