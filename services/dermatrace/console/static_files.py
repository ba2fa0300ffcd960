"""Our style sheets and scripts under addresses that name their content, so that they may be kept.

A script imports its neighbours by their names alone, and so under the same version as its own:
browsers never put files of two versions together, whatever they have kept.
"""

import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router

KEPT_S: Final = 31_536_000
"""How long a browser keeps a file; what stands under its address never changes."""
_PREFIX: Final = "/static"
_MEDIA: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class StaticFiles:
    """Every file of a folder as it was at the start: an upgrade changes nothing under way."""

    def __init__(self, folder: Path) -> None:
        self._contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        whole = hashlib.sha256()
        for name, content in self._contents.items():
            whole.update(f"{name}\n{len(content)}\n".encode() + content)
        self.version = whole.hexdigest()[:16]
        """Of all files together: one that changes gives every file another address."""
        self.app = Router([Route("/{path:path}", self._answer)])

    def address(self, name: str) -> str:
        """Return the address of a file. Raises KeyError if there is none."""
        self._contents[name]
        return f"{_PREFIX}/{self.version}/{name}"

    def _answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        version, _, rest = path.partition("/")
        name = rest if rest in self._contents else path
        content = self._contents.get(name)
        if content is None:
            return Response("there is no such file", 404, media_type="text/plain")
        if (version, rest) != (self.version, name):
            # A page of another version: from here on all that it imports is of this one.
            return RedirectResponse(self.address(name))
        headers = {"cache-control": f"public, max-age={KEPT_S}, immutable"}
        media_type = _MEDIA.get(Path(name).suffix, "text/plain")
        return Response(content, headers=headers, media_type=media_type)
