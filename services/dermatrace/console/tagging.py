"""ETags: who holds an answer already is told so, and nothing is sent again."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class TaggedRoute(APIRoute):
    """A route whose answers carry the digest of what they say."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with a tag on what it answers."""
        handle = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await handle(request)
            body = getattr(response, "body", None)
            if request.method != "GET" or response.status_code != 200 or not body:  # noqa: PLR2004  OK
                return response
            tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            response.headers["etag"] = tag
            # Kept by the browser, asked about each time: the data may change at any moment.
            response.headers["cache-control"] = "private, no-cache"
            known = request.headers.get("if-none-match", "")
            if tag in {part.strip().removeprefix("W/") for part in known.split(",")}:
                kept = {name: response.headers[name] for name in ("etag", "cache-control")}
                return Response(status_code=304, headers=kept)
            return response

        return tagged
