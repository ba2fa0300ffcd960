"""The console as one application: every door, the guard before them, the envelope around them."""

from typing import Final

from fastapi import Depends, FastAPI
from fastapi.datastructures import Default
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from dermatrace.console import (
    account_pages,
    chart_pages,
    devices_pages,
    floor_pages,
    health_pages,
    photo_pages,
    protocols_pages,
    registry_pages,
    rejections_pages,
    series_pages,
    session_chart_pages,
    session_live,
    session_pages,
    sessions_pages,
    sign_in_pages,
    system_pages,
    users_pages,
    visit_pages,
)
from dermatrace.console.doors import API, Doors, Route
from dermatrace.console.guard import Guard, admit
from dermatrace.console.headers import Envelope
from dermatrace.console.installation import Installation
from dermatrace.console.photos import PHOTO_BYTES_MAX
from dermatrace.console.problems import answer_problems
from dermatrace.console.rendering import STATIC
from dermatrace.console.tagging import TaggedRoute

DOORS: Final[tuple[Doors, ...]] = (
    sign_in_pages.doors,
    floor_pages.doors,
    visit_pages.doors,
    session_chart_pages.doors,
    chart_pages.doors,
    photo_pages.doors,
    sessions_pages.doors,
    session_pages.doors,
    session_live.doors,
    series_pages.doors,
    protocols_pages.doors,
    registry_pages.doors,
    devices_pages.doors,
    rejections_pages.doors,
    health_pages.doors,
    users_pages.doors,
    account_pages.doors,
    system_pages.doors,
)
"""Every module of pages; a new one is added here."""
LARGER_BODIES: Final[dict[str, int]] = {f"{API}/photos/": PHOTO_BYTES_MAX}
"""Beginnings of paths whose requests may bring more than `BODY_BYTES_MAX`, with how much."""


def all_routes() -> list[Route]:
    """Return everything the console serves, with who may use it."""
    return [route for doors in DOORS for route in doors.routes]


def create_app(installation: Installation) -> FastAPI:
    """Put the console together."""
    routes = all_routes()
    app = FastAPI(
        title="dermatrace",
        summary="What connected needling devices did, how it was judged, and how complete it is.",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(admit)],
        middleware=[Middleware(Envelope, hosts=installation.hosts, larger_bodies=LARGER_BODIES)],
    )
    app.state.installation = installation
    app.state.guard = Guard(installation, routes)
    app.mount("/static", STATIC.app, name="static")
    for route in routes:
        _add(app, route)
    answer_problems(app)
    return app


def _add(app: FastAPI, route: Route) -> None:
    is_json = route.form == "json"
    app.router.route_class = TaggedRoute if is_json else APIRoute
    app.router.add_api_route(
        route.path,
        route.endpoint,
        methods=[route.method],
        name=route.name,
        operation_id=route.name,
        include_in_schema=is_json,
        response_model=Default(None) if is_json else None,
    )
