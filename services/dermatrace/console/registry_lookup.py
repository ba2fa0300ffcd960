"""Finding one version of one thing in the registry, or saying that there is none."""

from typing import cast, get_args

from dermatrace.console.desk import Desk
from dermatrace.console.facts import Facts
from dermatrace.errors import NotHere
from dermatrace.judge.registry_history import Version
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.references import RegistryKind


class VersionItem(Facts):
    """One version of a thing, in the order of record."""

    version: str
    digest: str
    """SHA-256 of the content."""
    entry_id: int
    """Entry of the journal that brought it first."""
    recorded_ms: int
    is_conflict: bool
    """The version was taken by other content already: this one never counts."""


def standing_at(desk: Desk, clinic: str) -> Standing:
    """Return the registry of a clinic as it stands now."""
    return Standing(desk.record.registry(), clinic, desk.now_ms)


def kind_of(text: str) -> RegistryKind:
    """Return a kind of registry document. Raises NotHere if there is none such."""
    if text not in get_args(RegistryKind):
        raise NotHere(f"the registry has no {text!r}")
    return cast("RegistryKind", text)


def versions_of(desk: Desk, clinic: str, kind: RegistryKind, registry_id: str) -> list[VersionItem]:
    """Return what is on record of a thing, the oldest first, conflicts last."""
    history = desk.record.registry()
    return [
        VersionItem(
            version=version.version,
            digest=version.digest,
            entry_id=version.entry_id,
            recorded_ms=recorded_ms(desk, version),
            is_conflict=is_conflict,
        )
        for is_conflict, versions in (
            (False, history.versions(clinic, kind, registry_id)),
            (True, history.conflicts(clinic, kind, registry_id)),
        )
        for version in versions
    ]


def find_version(
    desk: Desk, clinic: str, kind: RegistryKind, registry_id: str, version: str | None
) -> Version:
    """Return one version, without a name the newest. Raises NotHere if it is not on record."""
    versions = desk.record.registry().versions(clinic, kind, registry_id)
    found = [known for known in versions if version in {None, known.version}]
    if not found:
        named = f" version {version}" if version and versions else ""
        raise NotHere(f"no {kind} {registry_id}{named} is on record at {clinic}")
    return found[-1]


def recorded_ms(desk: Desk, version: Version) -> int:
    """Return when a version came in, by the recorder's clock."""
    journal = desk.record.journal
    entry = None if journal is None else journal.entry(version.entry_id)
    assert entry is not None  # noqa: S101  the version was read from there, and entries stay
    return entry.received_ms
