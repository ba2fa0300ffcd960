"""Guards without one protection each: with them the matrix must go red."""

from fastapi import Request

from dermatrace.console.access import Visitor
from dermatrace.console.guard import Guard


class OpenGuard(Guard):
    """Knows who is asking, and asks nothing of them."""

    def admit(self, request: Request, form: dict[str, str]) -> Visitor | None:
        """Let everybody in."""
        del form
        return self.visitor(request)


class TrustingGuard(Guard):
    """Asks everything, except whether a page of this sign-in wanted the change."""

    def admit(self, request: Request, form: dict[str, str]) -> Visitor | None:
        """Take every change for wanted."""
        visitor = self.visitor(request)
        token = "" if visitor is None else visitor.csrf_token or ""
        request.scope["headers"] = [
            (name, value)
            for name, value in request.scope["headers"]
            if name not in {b"origin", b"sec-fetch-site", b"x-csrf-token"}
        ]
        return super().admit(Request(request.scope), {**form, "csrf_token": token})
