"""How what went wrong is said: a page for people, one JSON form for programs."""

from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from dermatrace.console.desk import installation_of, page_of
from dermatrace.console.doors import API
from dermatrace.console.guard import guard_of
from dermatrace.errors import DermatraceError, NotHere, NotYours, SignInNeeded, UsageError

_STATUS: Final[tuple[tuple[type[DermatraceError], int], ...]] = (
    (SignInNeeded, 401),
    (NotYours, 403),
    (NotHere, 404),
    (UsageError, 400),
)
_WORDS: Final = {404: "there is no such page", 405: "this address answers another method"}


def answer_problems(app: FastAPI) -> None:
    """Let every error of ours be answered in words; any other ends in the log and in 500."""
    app.add_exception_handler(DermatraceError, _ours)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _starlettes)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, DermatraceError)  # noqa: S101  registered for these
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 503)
    if status == 401 and request.method == "GET" and not _is_for_programs(request):  # noqa: PLR2004  as written
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'to': wanted})}", status_code=303)
    what = str(error).removesuffix(error.remedy).strip()
    return _answer(request, status, what, error.remedy)


def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for these
    what = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}"
        for item in error.errors()
    )
    return _answer(request, 422, what, "Correct what is named and try again.")


def _starlettes(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for these
    return _answer(request, error.status_code, _WORDS.get(error.status_code, error.detail), "")


def _answer(request: Request, status: int, what: str, remedy: str) -> Response:
    if _is_for_programs(request):
        body: dict[str, Any] = {"status": status, "title": what, "detail": remedy}
        return JSONResponse(body, status, media_type="application/problem+json")
    here = installation_of(request)
    facts = {"status": status, "what": what, "remedy": remedy}
    return page_of(here, request, guard_of(request).visitor(request), "problem.html", status, facts)


def _is_for_programs(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return request.url.path.startswith(f"{API}/") or not (wants_page or request.method == "GET")
