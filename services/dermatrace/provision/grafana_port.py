"""What provisioning needs of a Grafana, whoever speaks to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

VIEW: Final = 1
"""Grafana's number for the right to see a folder and what is in it."""


@dataclass(frozen=True, slots=True)
class FolderFound:
    """A folder as it stands; its version grows with each change."""

    title: str
    version: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One permission on a folder: a level for a role, or a team, or a user."""

    level: int
    role: str | None = None
    team: int = 0
    user: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Return what Grafana says: 0 and nothing stand for whom it is not about."""
        return cls(
            level=int(item["permission"]),
            role=item.get("role") or None,
            team=int(item.get("teamId") or 0),
            user=int(item.get("userId") or 0),
        )

    def as_item(self) -> dict[str, object]:
        """Return it as Grafana takes it."""
        who: dict[str, object] = {"role": self.role} if self.role else {}
        if self.team:
            who = {"teamId": self.team}
        elif self.user:
            who = {"userId": self.user}
        return {**who, "permission": self.level}


class Grafana(Protocol):
    """See GrafanaServer, which implements it."""

    url: str

    def version(self) -> str:
        """Return Grafana's version."""

    def folder(self, uid: str) -> FolderFound | None:
        """Return a folder, None if there is none."""

    def make_folder(self, uid: str, title: str) -> None:
        """Make a folder."""

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        """Rename a folder that is still of this version."""

    def team(self, name: str) -> int | None:
        """Return the number of a team, None if there is none."""

    def make_team(self, name: str) -> None:
        """Make a team."""

    def entries(self, uid: str) -> list[Entry]:
        """Return the permissions on a folder."""

    def set_entries(self, uid: str, entries: list[Entry]) -> None:
        """Replace the permissions on a folder."""

    def dashboards(self, folder_uid: str) -> int:
        """Return how many dashboards are in a folder."""
