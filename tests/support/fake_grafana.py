"""A small Grafana: folders, teams and permissions as its documentation and source describe them.

Faithful where provisioning looks: statuses, shapes of answers and errors, versions of folders, what
a new folder is open to, and that permissions which are not sent again are gone. What real servers
and what stands before them do now and then is had by switches. The same contract suite runs here
and against a real one.
"""

import base64
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from support.scripted_http import HttpServer, Reply, Request

USER: Final = "admin"
PASSWORD: Final = "the password of a test"  # noqa: S105  of a server that ends with the test
VIEWER: Final = "viewer"
"""Somebody with the same password who may look but not administer."""
EVERYBODY: Final = ({"role": "Editor", "permission": 2}, {"role": "Viewer", "permission": 1})
LEVELS: Final = {1: "View", 2: "Edit", 4: "Admin"}
ADMIN_ID: Final = 1


@dataclass(slots=True)
class Folder:
    """A folder and its access list."""

    uid: str
    title: str
    version: int = 1
    items: list[dict[str, Any]] = field(default_factory=list)


class FakeGrafana(HttpServer):
    """See the module."""

    def __init__(self, *, prefix: str = "", password: str = PASSWORD) -> None:
        super().__init__()
        self._password = password
        self.folders: dict[str, Folder] = {}
        self.teams: dict[int, str] = {}
        self.dashboards: dict[str, str] = {}
        """Folder of each, by uid."""
        self.prefix = prefix
        self.empty_answers = False
        """204 without a body, where nothing needs to be said."""
        self.list_errors = False
        """Errors as a list, as validation does it."""
        self.uid_conflict = HTTPStatus.PRECONDITION_FAILED
        """What a second folder of one uid is answered: 412 today, 409 in earlier versions."""
        self.before_writing: list[Callable[[], object]] = []
        """Each is called once, between the reading and the writing of whoever comes next."""
        self._numbers = count(1)

    @property
    def address(self) -> str:
        """Where it is, with its prefix."""
        return f"{self.url}{self.prefix}"

    def file_folder(self, uid: str, title: str) -> Folder:
        """Make a folder as provisioning by file does: nobody's, open to every role."""
        self.folders[uid] = Folder(uid, title, items=[dict(item) for item in EVERYBODY])
        return self.folders[uid]

    def answer(self, request: Request) -> Reply:
        """Answer as Grafana would."""
        parts = urlsplit(request.path)
        path = unquote(parts.path)
        if not path.startswith(f"{self.prefix}/api/"):
            return Reply(HTTPStatus.NOT_FOUND, "<!DOCTYPE html><title>Grafana</title>")
        path = path.removeprefix(f"{self.prefix}/api")
        if path == "/health":
            return Reply(body={"database": "ok", "version": "12.4.10", "commit": "fake"})
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if request.method != "GET" and self.before_writing:
            self.before_writing.pop(0)()
        for pattern, method in self._routes().items():
            found = re.fullmatch(pattern, f"{request.method} {path}")
            if found:
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                return method(*found.groups(), query if request.method == "GET" else request)
        return self._error(HTTPStatus.NOT_FOUND, "Not found")

    def _routes(self) -> dict[str, Callable[..., Reply]]:
        return {
            r"GET /folders/([^/]+)": self._get_folder,
            r"POST /folders": self._post_folder,
            r"PUT /folders/([^/]+)": self._put_folder,
            r"DELETE /folders/([^/]+)": self._delete_folder,
            r"GET /folders/([^/]+)/permissions": self._get_permissions,
            r"POST /folders/([^/]+)/permissions": self._post_permissions,
            r"GET /teams/search": self._search_teams,
            r"POST /teams": self._post_team,
            r"DELETE /teams/(\d+)": self._delete_team,
            r"GET /search": self._search,
        }

    def _refusal(self, request: Request) -> Reply | None:
        given = request.headers.get("Authorization", "")
        if given == _basic(VIEWER, self._password):
            needed = "You'll need additional permissions to perform this action."
            return self._error(HTTPStatus.FORBIDDEN, f"{needed} Permissions needed: folders:read")
        if given != _basic(USER, self._password):
            return self._error(HTTPStatus.UNAUTHORIZED, "Invalid username or password")
        return None

    def _get_folder(self, uid: str, _query: object) -> Reply:
        folder = self.folders.get(uid)
        return self._no_folder() if folder is None else Reply(body=_folder(folder))

    def _post_folder(self, request: Request) -> Reply:
        uid, title = request.json.get("uid", ""), request.json.get("title", "")
        if not title:
            return self._error(HTTPStatus.BAD_REQUEST, "folder title cannot be empty")
        if uid in self.folders:
            return self._version_mismatch(self.uid_conflict)
        if title in {folder.title for folder in self.folders.values()}:
            words = "a folder with the same name already exists in the current location"
            return self._error(HTTPStatus.CONFLICT, words)
        # Whoever makes a folder by hand administers it.
        folder = self.file_folder(uid or f"uid{next(self._numbers)}", title)
        folder.items.append({"userId": ADMIN_ID, "permission": 4})
        return Reply(body=_folder(folder))

    def _put_folder(self, uid: str, request: Request) -> Reply:
        folder = self.folders.get(uid)
        if folder is None:
            return self._no_folder()
        if not request.json.get("overwrite") and request.json.get("version") != folder.version:
            return self._version_mismatch(HTTPStatus.PRECONDITION_FAILED)
        folder.title, folder.version = request.json["title"], folder.version + 1
        return Reply(body=_folder(folder))

    def _delete_folder(self, uid: str, _request: Request) -> Reply:
        if self.folders.pop(uid, None) is None:
            return self._no_folder()
        return self._done("Folder deleted")

    def _get_permissions(self, uid: str, _query: object) -> Reply:
        folder = self.folders.get(uid)
        if folder is None:
            return self._no_folder()
        return Reply(body=[self._permission(folder, item) for item in folder.items])

    def _post_permissions(self, uid: str, request: Request) -> Reply:
        folder = self.folders.get(uid)
        if folder is None:
            return self._no_folder()
        items = request.json.get("items", [])
        for item in items:
            if item.get("role") and (item.get("teamId") or item.get("userId")):
                words = "team and user permissions cannot have an associated role"
                return self._error(HTTPStatus.BAD_REQUEST, words)
            if item.get("teamId", 0) and item["teamId"] not in self.teams:
                return self._error(HTTPStatus.INTERNAL_SERVER_ERROR, "Failed to create permission")
        folder.items = items
        return self._done("Folder permissions updated")

    def _search_teams(self, query: dict[str, str]) -> Reply:
        found = [
            {"id": number, "uid": f"team{number}", "orgId": 1, "name": name, "memberCount": 1}
            for number, name in self.teams.items()
            if query.get("name") in {None, name}
        ]
        return Reply(body={"totalCount": len(found), "teams": found, "page": 1, "perPage": 1000})

    def _post_team(self, request: Request) -> Reply:
        name = request.json.get("name", "")
        if name in self.teams.values():
            return self._error(HTTPStatus.CONFLICT, "Team name taken")
        number = next(self._numbers)
        self.teams[number] = name
        return Reply(body={"message": "Team created", "teamId": number, "uid": f"team{number}"})

    def _delete_team(self, number: str, _request: Request) -> Reply:
        if self.teams.pop(int(number), None) is None:
            return self._error(HTTPStatus.NOT_FOUND, "Failed to delete Team. ID not found")
        for folder in self.folders.values():
            folder.items = [item for item in folder.items if item.get("teamId") != int(number)]
        return self._done("Team deleted")

    def _search(self, query: dict[str, str]) -> Reply:
        # folderIds, the numbers of old, are not looked at: whoever sends them gets everything.
        wanted = query.get("folderUIDs")
        found = [
            {"uid": uid, "type": "dash-db", "folderUid": folder}
            for uid, folder in self.dashboards.items()
            if wanted in {None, folder}
        ]
        return Reply(body=found)

    def _permission(self, folder: Folder, item: dict[str, Any]) -> dict[str, Any]:
        team, role = item.get("teamId", 0), item.get("role")
        return {
            "userId": item.get("userId", 0),
            "userLogin": USER if item.get("userId") == ADMIN_ID else "",
            "teamId": team,
            "team": self.teams.get(team, ""),
            **({"role": role} if role else {}),
            "permission": item["permission"],
            "permissionName": LEVELS[item["permission"]],
            "uid": folder.uid,
            "title": folder.title,
            "folderUid": "",  # of the folder above, not of this one
            "isFolder": True,
            "inherited": False,
        }

    def _done(self, words: str) -> Reply:
        return (
            Reply(HTTPStatus.NO_CONTENT) if self.empty_answers else Reply(body={"message": words})
        )

    def _no_folder(self) -> Reply:
        return self._error(HTTPStatus.NOT_FOUND, "folder not found", status="not-found")

    def _version_mismatch(self, status: HTTPStatus) -> Reply:
        words = "the folder has been changed by someone else"
        return self._error(status, words, status="version-mismatch")

    def _error(self, code: HTTPStatus, words: str, **more: str) -> Reply:
        return Reply(code, [{"message": words}] if self.list_errors else {"message": words} | more)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _folder(folder: Folder) -> dict[str, Any]:
    return {
        "id": 1,
        "uid": folder.uid,
        "title": folder.title,
        "url": f"/dashboards/f/{folder.uid}/",
        "canAdmin": True,
        "version": folder.version,
    }


def main(password: str, told_to: str) -> None:
    """Serve until somebody ends this process; write the address once it is known."""
    server = FakeGrafana(password=password)
    with server.serving():
        Path(told_to).write_text(server.url.removeprefix("http://"), encoding="utf-8")
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    # Blocked in every thread, so that none but the one that waits for it gets the signal.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(*sys.argv[1:])
