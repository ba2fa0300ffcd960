"""The one door to Grafana: `grafana-api` 1.0.3, frozen since 2020, and what it has since got wrong.

It reads every answer as JSON, also the empty one that says "done"; it stumbles over errors that are
no JSON object, losing their status. So each answer is looked at before the library sees it. Folders
and dashboards are asked for by uid alone: what it does by number, newer Grafanas ignore.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from dermatrace.errors import ServerRefused, ServerUnavailable, UsageError
from dermatrace.provision.grafana_port import Entry, FolderFound
from dermatrace.provision.server_words import words_of

NAME: Final = "Grafana"
REQUEST_WAIT_MAX_S: Final = 10.0
"""A server that has not answered a request by then counts as away."""
DASHBOARDS_LISTED_MAX: Final = 1_000
"""Dashboards of a folder that are counted; of more, only these."""
_REMEDIES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Set grafana_user, and put the password into grafana_password_file."
    " After five wrong ones Grafana accepts none for five minutes.",
    HTTPStatus.FORBIDDEN: "Let grafana_user name an administrator of the organisation.",
    HTTPStatus.CONFLICT: "Rename or delete in Grafana what already has this name.",
}


class GrafanaServer:
    """One Grafana, asked by one user who logs in with a password; use it as a context manager.

    Every method raises ServerUnavailable if there is no answer or Grafana fails by itself, and
    ServerRefused with its status and words if it says no. None stands for what is not there.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        """Raises UsageError if grafana-api is not installed, or the address is none."""
        self.url = url
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{url!r} is no address of Grafana", remedy="http://HOST:PORT is one.")
        path = parts.path.strip("/")
        self._face = _library().GrafanaFace(
            (user, password),
            host=parts.netloc.rpartition("@")[2],
            protocol=parts.scheme,
            url_path_prefix=f"{path}/" if path else "",
            timeout=REQUEST_WAIT_MAX_S,
        )
        self._face.api.s.hooks["response"].append(self._look_at)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._face.api.s.close()

    def version(self) -> str:
        """Return Grafana's version; asks nothing that needs a log-in."""
        told = self._ask(self._face.api.GET, "/health")
        if not isinstance(told, dict) or "database" not in told:
            raise ServerRefused(NAME, self.url, "this is no Grafana", remedy="Set grafana_url.")
        return str(told.get("version", "unknown"))

    def folder(self, uid: str) -> FolderFound | None:
        """Return a folder as it stands."""
        found = self._ask_for(self._face.folder.get_folder, uid)
        return None if found is None else FolderFound(found["title"], int(found["version"]))

    def make_folder(self, uid: str, title: str) -> None:
        """Make a folder; refused with a conflict if there is one of this uid or title."""
        self._ask(self._face.folder.create_folder, title, uid)

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        """Rename a folder; refused with a conflict if it is no longer of this version."""
        self._ask(self._face.folder.update_folder, uid, title, version)

    def team(self, name: str) -> int | None:
        """Return the number of a team, by which alone permissions can be given to it."""
        found = self._ask_for(self._face.teams.get_team_by_name, name) or []
        return next((int(team["id"]) for team in found if team["name"] == name), None)

    def make_team(self, name: str) -> None:
        """Make a team; refused with a conflict if there is one of this name."""
        self._ask(self._face.teams.add_team, {"name": name})

    def entries(self, uid: str) -> list[Entry]:
        """Return who has which permission on a folder."""
        found = self._ask(self._face.folder.get_folder_permissions, uid)
        return [Entry.from_item(item) for item in found if not item.get("inherited")]

    def set_entries(self, uid: str, entries: list[Entry]) -> None:
        """Give a folder exactly these permissions; who is not among them loses theirs."""
        items = [entry.as_item() for entry in entries]
        self._ask(self._face.folder.update_folder_permissions, uid, {"items": items})

    def dashboards(self, folder_uid: str) -> int:
        """Return how many dashboards are in a folder."""
        query = f"/search?type=dash-db&folderUIDs={folder_uid}&limit={DASHBOARDS_LISTED_MAX}"
        return len(self._ask(self._face.api.GET, query))

    def _ask_for(self, method: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401  JSON
        try:
            return self._ask(method, *given)
        except ServerRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _ask(self, method: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401  JSON
        try:
            return method(*given)
        except json.JSONDecodeError as error:
            if error.doc.strip():
                what = f"its answer is not Grafana's: {words_of(error.doc)}"
                raise ServerRefused(NAME, self.url, what, remedy="Set grafana_url.") from error
            return None
        except OSError as error:  # the errors of requests, each of them
            raise ServerUnavailable(NAME, self.url, f"no answer ({error})") from error

    def _look_at(self, answer: Any, **_: object) -> None:  # noqa: ANN401  of requests, untyped
        status, words = int(answer.status_code), words_of(answer.content)
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerUnavailable(NAME, self.url, f"{status} {words}")
        if status < HTTPStatus.BAD_REQUEST:
            # Followed, a POST would become a GET: nothing done, and no error.
            words = f"it sends us on to {answer.headers.get('Location')}; set grafana_url to that"
        what = f"{answer.request.method} {answer.request.path_url}: {status} {words}"
        raise ServerRefused(NAME, self.url, what, status=status, remedy=_REMEDIES.get(status, ""))


def _library() -> Any:  # noqa: ANN401  has no types
    try:
        from grafana_api import grafana_face  # noqa: PLC0415  an extra: most installations lack it
    except ImportError as error:
        raise UsageError(
            "the library that speaks to Grafana is not installed",
            remedy="pip install 'dermatrace[grafana]'",
        ) from error
    return grafana_face
