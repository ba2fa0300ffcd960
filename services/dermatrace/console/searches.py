"""Searches that somebody keeps under a name of their own."""

from dataclasses import dataclass
from typing import Final

from dermatrace.clock import Clock
from dermatrace.console.store import Store
from dermatrace.errors import UsageError

SEARCHES_MAX: Final = 50
"""Searches one user keeps; then one has to go before another is kept."""
TITLE_MAX: Final = 80
QUESTION_MAX: Final = 2_000
"""Characters; longer ones are refused."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One question and what it is called."""

    title: str
    question: str
    """As it stands in the address of the page."""


class Searches:
    """What users have kept; each sees only their own."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def of(self, user_name: str) -> list[SavedSearch]:
        """Return a user's searches by title."""
        query = "SELECT title, question FROM searches WHERE user_name = ? ORDER BY title"
        return [SavedSearch(*row) for row in self._store.rows(query, (user_name,))]

    def keep(self, user_name: str, title: str, question: str) -> None:
        """Keep a search, in place of one of the same title. Raises UsageError if it cannot be."""
        if not 0 < len(title) <= TITLE_MAX or len(question) > QUESTION_MAX:
            raise UsageError("a search has a title", remedy=f"At most {TITLE_MAX} characters.")
        titles = {kept.title for kept in self.of(user_name)}
        if title not in titles and len(titles) >= SEARCHES_MAX:
            raise UsageError(f"{SEARCHES_MAX} searches are kept already", remedy="Remove one.")
        values = (user_name, title, question, self._clock.utc_ms())
        self._store.write(("INSERT OR REPLACE INTO searches VALUES (?, ?, ?, ?)", values))

    def remove(self, user_name: str, title: str) -> None:
        """Forget a search; one that there is not is forgotten already."""
        delete = "DELETE FROM searches WHERE user_name = ? AND title = ?"
        self._store.write((delete, (user_name, title)))
