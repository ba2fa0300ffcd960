"""Journals that are judged in this process: what is to be judged again needs an index.db."""

from collections.abc import Callable
from pathlib import Path

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.follower import Follower
from dermatrace.judge.index import Index
from dermatrace.judge.paperwork import Verdict


def follow(journal: Path, index: Path, send: Callable[[Verdict], None]) -> None:
    """Judge a journal to its end; the index remembers how far that was."""
    with JournalReader(journal) as reader, Index(index) as kept:
        follower = Follower(reader, kept, send)
        while follower.catch_up():
            pass
        follower.commit()


def unsaid(_: Verdict) -> None:
    """Take a verdict that nobody is to hear."""
