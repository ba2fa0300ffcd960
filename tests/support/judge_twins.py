"""Judges with one protection taken out, to show that the tests see what it prevents."""

from collections.abc import Callable

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index, Kept
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import Verdict
from dermatrace.judge.session_file import SessionFile


class MovesFirst(Follower):
    """Commits what it has judged, and sends the verdicts after that."""

    def __init__(
        self, reader: JournalReader, index: Index, send: Callable[[Verdict], None]
    ) -> None:
        self._unsaid: list[Verdict] = []
        self._say = send
        super().__init__(reader, index, self._unsaid.append)

    def catch_up(self) -> int:
        """Judge and commit, then send."""
        count = super().catch_up()
        if count:
            self.commit()
        while self._unsaid:
            self._say(self._unsaid.pop(0))
        return count


class LooksAgain(Follower):
    """Goes on after a restart by what is known now, not by what the judgement was begun with."""

    def _revived(self, kept: Kept) -> SessionFile:
        file = super()._revived(kept)
        if kept.judgement is not None:
            context = self._archive.context(kept.state, self.head.entry_id)
            file.judge = SessionJudge(context, kept.judgement)
        return file
