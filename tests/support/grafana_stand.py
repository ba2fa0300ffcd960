"""Folders and teams of a test's own at a Grafana, fake or real, and what stands there."""

import base64
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote

from dermatrace.provision.grafana import FOLDERS, FolderWanted, provision_grafana
from dermatrace.provision.grafana_adapter import GrafanaServer

ANSWER_WAIT_MAX_S: Final = 30.0
ADMIN_LEVEL: Final = 4


@dataclass(slots=True)
class GrafanaStand:
    """One Grafana, and names nobody else uses there."""

    url: str
    user: str
    password: str
    mark: str
    """Part of every uid, title and team of this test."""

    @property
    def folders(self) -> tuple[FolderWanted, ...]:
        """The folders of the product under names of this test."""
        return tuple(
            FolderWanted(
                f"{folder.uid}-{self.mark}",
                f"{folder.title} {self.mark}",
                tuple(f"{team} {self.mark}" for team in folder.teams),
            )
            for folder in FOLDERS
        )

    @property
    def team_names(self) -> list[str]:
        """Every team that sees one of them, each once."""
        return sorted({name for folder in self.folders for name in folder.teams})

    @contextmanager
    def server(self) -> Iterator[GrafanaServer]:
        """Speak to it as provisioning does."""
        with GrafanaServer(self.url, self.user, self.password) as server:
            yield server

    def provision(self) -> dict[str, str]:
        """Provision once and return what became of each thing, without this test's mark."""
        with self.server() as server:
            steps = list(provision_grafana(server, self.folders))
        return {step.what.replace(f" {self.mark}", ""): step.outcome for step in steps}

    def ask(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401  JSON
        """Ask with nothing but the standard library; None for what is not there."""
        secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  the address is this test's own
            f"{self.url}/api{path}",
            method=method,
            data=None if document is None else json.dumps(document).encode(),
            headers={"Authorization": f"Basic {secret}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WAIT_MAX_S) as answer:  # noqa: S310
                body = answer.read()
        except HTTPError as error:
            with error:
                if error.code == HTTPStatus.NOT_FOUND:
                    return None
                raise AssertionError(f"{method} {path}: {error.read()!r}") from error
        return json.loads(body) if body else {}

    def team_number(self, name: str) -> int | None:
        """Return the number of a team by its whole name."""
        found = self.ask("GET", f"/teams/search?name={quote(name)}")["teams"]
        return int(found[0]["id"]) if found else None

    def seen_by(self, folder: FolderWanted) -> set[tuple[str, int]]:
        """Return who has which level on a folder; administrators by themselves are left out."""
        items = self.ask("GET", f"/folders/{folder.uid}/permissions")
        return {
            (item.get("team") or item.get("role") or item["userLogin"], item["permission"])
            for item in items
            if not (item["userId"] and item["permission"] == ADMIN_LEVEL)
        }

    def set_items(self, folder: FolderWanted, items: list[dict[str, object]]) -> None:
        """Give permissions by hand."""
        self.ask("POST", f"/folders/{folder.uid}/permissions", {"items": items})

    def remove_everything(self) -> None:
        """Leave nothing of this test behind."""
        for folder in self.folders:
            self.ask("DELETE", f"/folders/{folder.uid}")
        for name in self.team_names:
            number = self.team_number(name)
            if number is not None:
                self.ask("DELETE", f"/teams/{number}")
