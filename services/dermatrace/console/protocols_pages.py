"""Treatment protocols as directors read them: versions, differences, each limit's source."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import AtDesk, Desk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.registry_lookup import (
    VersionItem,
    find_version,
    recorded_ms,
    standing_at,
    versions_of,
)
from dermatrace.judge.registry_history import Version
from dermatrace.reading.protocol_standing import protocol_standing
from dermatrace.reading.registry_standing import Standing
from dermatrace.registry.protocol_diff import changes_between
from dermatrace.registry.protocol_text import Sources, band_rows, protocol_facts
from dermatrace_schemas.quantities import Limit
from dermatrace_schemas.registry_protocols import ProtocolContent

doors = Doors()
_LIST = Access(CLINICAL, "clinics")
_ONE = Access(CLINICAL, "clinic")
_OfVersion = Annotated[str | None, Query(max_length=200, description="Without it: the newest.")]


class ProtocolItem(Facts):
    """The newest version of one treatment protocol at one clinic."""

    clinic: str
    registry_id: str
    version: str
    digest: str
    title: str
    treatment: str
    example: bool
    """Ships with the software: a session is never called adherent to it."""
    in_force: bool
    why_not: str
    version_count: int
    conflict_count: int
    unset_count: int
    """Limits that a director must still enter: nothing is judged by them."""


class ProtocolList(Facts):
    """Every treatment protocol on record, by clinic and id."""

    protocols: list[ProtocolItem]


class Approval(Facts):
    """A director's approval of exactly this content."""

    registry_id: str
    version: str
    effective_from_ms: int
    retired_from_ms: int | None
    director_id: str
    in_force: bool
    why_not: str


class ProtocolVersion(Facts):
    """One version of a treatment protocol, and how it stands."""

    clinic: str
    registry_id: str
    version: str
    digest: str
    entry_id: int
    recorded_ms: int
    in_force: bool
    why_not: str
    approvals: list[Approval]
    versions: list[VersionItem]
    content: dict[str, Any]
    """As it was recorded; the contract's JSON Schema describes it."""


class ProtocolChange(Facts):
    """One thing that differs."""

    what: str
    change: str
    before: str
    after: str


class ProtocolDiff(Facts):
    """What differs between two versions, in words."""

    clinic: str
    registry_id: str
    before: str
    after: str
    changes: list[ProtocolChange]
    is_same_content: bool
    """The digests agree: an approval of one is an approval of the other."""
    versions: list[VersionItem]


@doors.facts("/protocols", "protocols.html", _LIST)
def protocols(desk: AtDesk) -> ProtocolList:
    """List the treatment protocols of the visitor's clinics."""
    standings = [standing_at(desk, clinic) for clinic in desk.clinics()]
    return ProtocolList(
        protocols=[
            _item(standing, version, _content(version))
            for standing in standings
            for version in standing.newest("protocol")
        ]
    )


def _dress(_: Desk, facts: ProtocolVersion) -> dict[str, Any]:
    content, sources = ProtocolContent.model_validate(facts.content), Sources()
    rows = list(band_rows(content.bands, sources))  # first: sources are numbered as they stand
    lines = list(protocol_facts(content, sources))
    return {"content": content, "rows": rows, "lines": lines, "sources": list(sources.lines())}


@doors.facts("/protocols/{clinic}/{protocol_id}", "protocol.html", _ONE, dress=_dress)
def protocol(
    desk: AtDesk, clinic: str, protocol_id: str, version: _OfVersion = None
) -> ProtocolVersion:
    """Show one version of a treatment protocol, each limit with its source."""
    found = find_version(desk, clinic, "protocol", protocol_id, version)
    journal, standing = desk.record.journal, standing_at(desk, clinic)
    assert journal is not None  # noqa: S101  the version was read from there
    stands = protocol_standing(journal, standing, found, found.digest)
    return ProtocolVersion(
        clinic=clinic,
        registry_id=protocol_id,
        version=found.version,
        digest=found.digest,
        entry_id=found.entry_id,
        recorded_ms=recorded_ms(desk, found),
        in_force=stands["in_force"],
        why_not=stands["why_not"],
        approvals=[Approval(**approval) for approval in stands["approvals"]],
        versions=versions_of(desk, clinic, "protocol", protocol_id),
        content=found.content.model_dump(mode="json", exclude_unset=True),
    )


@doors.facts("/protocols/{clinic}/{protocol_id}/diff", "protocol_diff.html", _ONE)
def protocol_diff(
    desk: AtDesk,
    clinic: str,
    protocol_id: str,
    before: _OfVersion = None,
    after: _OfVersion = None,
) -> ProtocolDiff:
    """Tell in words what differs between two versions, limit by limit."""
    old, new = (
        find_version(desk, clinic, "protocol", protocol_id, named) for named in (before, after)
    )
    changes = changes_between(_content(old), _content(new))
    return ProtocolDiff(
        clinic=clinic,
        registry_id=protocol_id,
        before=old.version,
        after=new.version,
        changes=[ProtocolChange(**asdict(change)) for change in changes],
        is_same_content=old.digest == new.digest,
        versions=versions_of(desk, clinic, "protocol", protocol_id),
    )


def _item(standing: Standing, version: Version, content: ProtocolContent) -> ProtocolItem:
    history, thing = standing.history, (version.clinic, version.kind, version.registry_id)
    why_not = standing.why_not(version)
    return ProtocolItem(
        clinic=version.clinic,
        registry_id=version.registry_id,
        version=version.version,
        digest=version.digest,
        title=content.title,
        treatment=content.treatment,
        example=content.example,
        in_force=not why_not,
        why_not=why_not,
        version_count=len(history.versions(*thing)),
        conflict_count=len(history.conflicts(*thing)),
        unset_count=_unset_count(content),
    )


def _content(version: Version) -> ProtocolContent:
    content = version.content
    assert isinstance(content, ProtocolContent)  # noqa: S101  its kind says so
    return content


def _unset_count(part: object) -> int:
    """Count the limits of a content that nobody has entered."""
    if isinstance(part, Limit):
        return int(part.value is None)
    if isinstance(part, BaseModel):
        return sum(_unset_count(value) for _, value in part)
    return sum(map(_unset_count, part)) if isinstance(part, list) else 0
