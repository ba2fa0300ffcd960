"""Finds sessions by what speaks of them: a name, a visit, a version of the registry.

Sessions still open are looked up among the files at hand, for the index has them as they were at
the last commit, and what is found must not depend on when that was.
"""

from collections.abc import Iterable, Mapping

from dermatrace.judge.chart import SessionId
from dermatrace.judge.index import AsEarlier, Index
from dermatrace.judge.session_file import SessionFile


class Directory:
    """Knows every session the judge has heard of."""

    def __init__(self, index: Index, open_files: Mapping[int, SessionFile]) -> None:
        """Look things up in these; whoever owns the files opens and closes them meanwhile."""
        self._index = index
        self._open_files = open_files

    def row_of(self, session: SessionId) -> int | None:
        """Return a session's row, or None if nobody has heard of it."""
        row = self._index.row_of_session(session)
        if row is not None:
            return row
        files = self._open_files.values()
        return next((file.state.row for file in files if file.state.session == session), None)

    def rows_named(self, clinic: str, names: Iterable[str]) -> list[int]:
        """Return the sessions that names of `filing.py` lead to: their own, or their visit's."""
        rows: dict[int, None] = {}
        for name in names:
            kind, _, rest = name.partition("/")
            if kind == "visit":
                rows |= dict.fromkeys(self.rows_of_visit(clinic, rest))
            elif kind == "session":
                sender, _, stream_id = rest.partition("/")
                row = self.row_of(SessionId(clinic, sender, stream_id))
                rows |= {} if row is None else {row: None}
        return list(rows)

    def rows_of_visit(self, clinic: str, visit_id: str) -> list[int]:
        """Return the sessions that belong to a visit."""
        ended = self._ended(self._index.rows_of_visit(clinic, visit_id))
        contexts = (
            (row, file.judge.context)
            for row, file in self._open_files.items()
            if file.judge is not None
        )
        running = (
            row
            for row, context in contexts
            if (context.session.clinic, context.chart.visit_id) == (clinic, visit_id)
        )
        return sorted({*ended, *running})

    def rows_after(self, seen: Iterable[AsEarlier | None]) -> list[int]:
        """Return the ended sessions that began after one of these, of the same subject."""
        after = {
            row
            for clinic, subject_id, session in filter(None, seen)
            for row in self._index.rows_of_subject_after(
                clinic, subject_id, session.started_ms or 0
            )
        }
        return sorted(after)

    def rows_resting_on(self, clinic: str, name: str) -> list[int]:
        """Return the sessions judged by a version of the registry, or asked to be."""
        ended = self._ended(self._index.rows_resting_on(clinic, name))
        running = (
            row
            for row, file in self._open_files.items()
            if file.state.session.clinic == clinic and name in file.state.rests_on
        )
        return sorted({*ended, *running})

    def _ended(self, rows: Iterable[int]) -> Iterable[int]:
        return (row for row in rows if row not in self._open_files)
