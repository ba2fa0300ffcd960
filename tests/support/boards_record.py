"""What the record itself says, read from the journal without a word of the forwarder's."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermatrace.journal.entry import Reason
from dermatrace.journal.reader import JournalReader
from support.boards_data import Placed

ENTRIES_MAX = 100_000
"""More than any sample has."""


@dataclass(frozen=True, slots=True)
class Told:
    """One document, and who told it in which stream."""

    place: Placed
    document: dict[str, Any]

    @property
    def at_ms(self) -> int:
        """When it was told, by the clock of whoever told it."""
        return int(self.document["wall_time_ms"])


@dataclass(frozen=True, slots=True)
class Record:
    """A journal, read once."""

    told: list[Told]
    rejected: list[tuple[str, str]]
    """Sender and reason of what was not accepted."""

    @classmethod
    def read(cls, folder: Path) -> "Record":
        """Read the whole journal of a folder."""
        with JournalReader(folder / "journal.db") as reader:
            entries = reader.read_after(0, limit=ENTRIES_MAX)
        told = [
            Told(_place(entry.topic), json.loads(entry.payload))
            for entry in entries
            if entry.outcome == "accepted" and entry.payload is not None
        ]
        rejected = [
            (_place(entry.topic).device, str(Reason.from_text(entry.reason).code))
            for entry in entries
            if entry.reason is not None and entry.outcome in {"rejected", "conflict"}
        ]
        return cls(told, rejected)

    def of_session(self, place: Placed, kind: str) -> list[dict[str, Any]]:
        """Return what a device told in one session."""
        return [one.document for one in self.told_of(kind) if one.place == place]

    def told_of(self, kind: str) -> Iterator[Told]:
        """Yield every document of a kind."""
        return (one for one in self.told if one.document["kind"] == kind)

    def judged(self, kind: str, **asked: str) -> dict[Placed, Told]:
        """Return the newest document of a kind in each session's newest judgement."""
        sessions, newest = {}, {}
        for one in self.told:
            if one.document["kind"] == "verdict.opened":
                session = one.document["session"]
                place = Placed(one.place.clinic, session["sender"], session["stream_id"])
                sessions[one.place] = place
            if (
                one.place in sessions
                and one.document["kind"] == kind
                and asked.items() <= one.document.items()
            ):
                newest[sessions[one.place]] = one
        return newest


def _place(topic: str) -> Placed:
    _, _, clinic, sender, _, *stream = [*topic.split("/"), "", "", ""]
    return Placed(clinic, sender, stream[0])
