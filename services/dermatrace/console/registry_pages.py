"""The registry of each clinic: what is on record, whether it is in force, and why not."""

from typing import Annotated, Any, Final, get_args

from fastapi import Query

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.paging import pages_of
from dermatrace.console.registry_lookup import (
    VersionItem,
    find_version,
    kind_of,
    standing_at,
    versions_of,
)
from dermatrace.reading.registry_rows import version_row
from dermatrace.reading.registry_text import lines_of_content
from dermatrace_schemas.references import RegistryKind

doors = Doors()
PAGE_THINGS: Final = 200
"""Things on a page; the next page goes on after it."""
THINGS_MAX: Final = 1_000_000
"""Where a page may start at most; nobody has more on record."""


class RegistryItem(Facts):
    """The newest version of one thing."""

    clinic: str
    registry_kind: RegistryKind
    registry_id: str
    version: str
    digest: str
    entry_id: int
    in_force: bool
    why_not: str
    conflict_count: int


class RegistryList(Facts):
    """Everything on record, by clinic, kind and id."""

    things: list[RegistryItem]
    count: int
    """How many there are on all pages."""
    next: int | None
    """Give it as `start` for the next page; null on the last one."""


class RegistryThing(Facts):
    """One version of one thing."""

    item: RegistryItem
    """The version that is shown."""
    versions: list[VersionItem]
    content: dict[str, Any]
    """As it was recorded; the contract's JSON Schema describes it."""


def _dress_list(desk: Desk, facts: RegistryList) -> dict[str, Any]:
    told = desk.request.query_params
    return {
        "clinics": desk.clinics(),
        "kinds": get_args(RegistryKind),
        "asked_clinic": told.get("clinic", ""),
        "asked_kind": told.get("kind", ""),
        "pages": pages_of(desk.request.url, "start", facts.next),
    }


@doors.facts("/registry", "registry.html", Access(CLINICAL, "clinics"), dress=_dress_list)
def registry(
    desk: AtDesk,
    clinic: Annotated[str | None, Query(max_length=200)] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    start: Annotated[int, Query(ge=0, le=THINGS_MAX)] = 0,
) -> RegistryList:
    """List the newest version of each thing of the visitor's clinics."""
    asked = None if not kind else kind_of(kind)
    standings = [standing_at(desk, name) for name in desk.clinics() if clinic in {None, "", name}]
    found = [(standing, version) for standing in standings for version in standing.newest(asked)]
    end = start + PAGE_THINGS
    return RegistryList(
        things=[RegistryItem(**version_row(*one)) for one in found[start:end]],
        count=len(found),
        next=end if end < len(found) else None,
    )


def _dress_thing(_: Desk, facts: RegistryThing) -> dict[str, Any]:
    return {"lines": list(lines_of_content(facts.content))}


@doors.facts(
    "/registry/{clinic}/{kind}/{registry_id}",
    "registry_thing.html",
    Access(CLINICAL, "clinic"),
    dress=_dress_thing,
)
def registry_thing(
    desk: AtDesk,
    clinic: str,
    kind: str,
    registry_id: str,
    version: Annotated[str | None, Query(max_length=200)] = None,
) -> RegistryThing:
    """Show one version of one thing as it was recorded, and which others there are."""
    asked = kind_of(kind)
    found = find_version(desk, clinic, asked, registry_id, version)
    return RegistryThing(
        item=RegistryItem(**version_row(standing_at(desk, clinic), found)),
        versions=versions_of(desk, clinic, asked, registry_id),
        content=found.content.model_dump(mode="json", exclude_unset=True),
    )
