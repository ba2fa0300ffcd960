"""What people have told about one visit, by all that is on record, and which sessions it has."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.archive import fact_of
from dermatrace.judge.chart import Chart, Fact, FactKey, SessionId, in_order, put_together, standing
from dermatrace.judge.filing import fact_name, session_name, visit_name
from dermatrace.judge.index import Index
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace_schemas.chart import ChartPlan
from dermatrace_schemas.session import Plan

SESSIONS_PER_VISIT_SHOWN_MAX: Final = 20
"""Sessions of one visit that are shown, the newest; a visit has one or two."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment, as far as the judge has read."""

    clinic: str
    visit_id: str
    chart: Chart
    planned: ChartPlan | None
    """The plan that holds."""
    facts: tuple[Fact, ...]
    """Everything told, corrected or not, in the order in which it is read."""
    withdrawn: frozenset[FactKey]
    """Those of them that a correction says not to go by."""
    sessions: tuple[FoundSession, ...]

    @property
    def is_known(self) -> bool:
        """Whether anybody has told anything of it."""
        return bool(self.facts or self.sessions)


def read_visit(journal: JournalReader, index: Index, clinic: str, visit_id: str) -> Visit:
    """Return a visit; an unknown one has nothing told."""
    facts = in_order(_told(journal, index, clinic, visit_name(visit_id)))
    held = standing(facts)
    plans = [fact.document for fact in held if isinstance(fact.document, ChartPlan)]
    found = SessionQuery(clinic=clinic, visit_id=visit_id, newest=SESSIONS_PER_VISIT_SHOWN_MAX)
    return Visit(
        clinic,
        visit_id,
        put_together(SessionId(clinic, "", ""), facts, Plan(visit_id=visit_id)),
        plans[-1] if plans else None,
        tuple(facts),
        frozenset(fact.key for fact in facts) - {fact.key for fact in held},
        tuple(search(index, found)),
    )


def facts_of_session(journal: JournalReader, index: Index, session: SessionId) -> list[Fact]:
    """Return what names a session itself: attachments, reasons, what was moved to another zone."""
    return in_order(_told(journal, index, session.clinic, session_name(session)))


def _told(journal: JournalReader, index: Index, clinic: str, name: str) -> list[Fact]:
    """Return the facts under a name and what corrects them."""
    facts = {fact.key: fact for fact in _filed(journal, index, clinic, name)}
    for key in list(facts):
        facts |= {fact.key: fact for fact in _filed(journal, index, clinic, fact_name(key))}
    return list(facts.values())


def _filed(journal: JournalReader, index: Index, clinic: str, name: str) -> Iterator[Fact]:
    for entry_id in index.facts(clinic, name, 2**62):
        entry = journal.entry(entry_id)
        fact = None if entry is None or entry.payload is None else fact_of(entry)
        if fact is not None:
            yield fact
