"""What was in force at a moment, by what was on record before it.

Of each thing only its newest version counts: the one journalled last before the entry in question.
If that version does not hold at the moment asked for, nothing of the thing is in force; an older
version never comes back to life, for whoever wrote the newer one meant it to take its place. This
goes for appointments and approvals too: a version that extends one repeats when it began.

Who says a second time what is on record already changes nothing, neither the order of the versions
nor since when they are known. Who says something else under a version that is taken is contradicted
by the record: what came first stands, the other is kept aside for people to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast

from dermatrace_schemas.document import Closed
from dermatrace_schemas.references import RegistryKind, RegistryPin
from dermatrace_schemas.registry import RegistryDocument
from dermatrace_schemas.registry_models import DeviceContent, DirectorContent, OperatorContent
from dermatrace_schemas.registry_protocols import ApprovalContent

Taken: TypeAlias = Literal["new", "same", "conflict"]
"""new: a version not heard of before. same: it is on record already. conflict: the version is on
record with other content."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one thing, and the entry that brought it first."""

    clinic: str
    kind: RegistryKind
    registry_id: str
    version: str
    digest: str
    content: Closed
    entry_id: int

    @property
    def pin(self) -> RegistryPin:
        """What a verdict names it by."""
        return RegistryPin(
            registry_kind=self.kind,
            registry_id=self.registry_id,
            version=self.version,
            digest=self.digest,
        )

    @property
    def validity_ms(self) -> tuple[int | None, int | None]:
        """The first moment at which it holds, and the first at which it no longer does."""
        content = self.content
        if isinstance(content, DirectorContent | OperatorContent):
            return content.valid_from_ms, content.valid_until_ms
        if isinstance(content, DeviceContent):
            return content.in_service_from_ms, content.retired_from_ms
        if isinstance(content, ApprovalContent):
            return content.effective_from_ms, content.retired_from_ms
        return None, None

    def holds_at(self, at_ms: int) -> bool:
        """Whether it is valid at a moment; what has no validity of its own always is."""
        from_ms, until_ms = self.validity_ms
        return (from_ms is None or from_ms <= at_ms) and (until_ms is None or at_ms < until_ms)


@dataclass(slots=True)
class _Thing:
    versions: list[Version] = field(default_factory=list)
    conflicts: list[Version] = field(default_factory=list)


@dataclass(slots=True)
class _Clinic:
    things: dict[RegistryKind, dict[str, _Thing]] = field(default_factory=dict)
    by_digest: dict[str, Version] = field(default_factory=dict)


class RegistryHistory:
    """What the registry of every clinic has said, in the order of the journal."""

    def __init__(self) -> None:
        """Begin with nothing on record."""
        self._clinics: dict[str, _Clinic] = {}

    def take(self, clinic: str, entry_id: int, document: RegistryDocument) -> Taken:
        """Add what one entry says; entries come in the order of the journal."""
        home = self._clinics.setdefault(clinic, _Clinic())
        kind = cast("RegistryKind", document.kind.removeprefix("registry."))
        thing = home.things.setdefault(kind, {}).setdefault(document.registry_id, _Thing())
        said = Version(
            clinic,
            kind,
            document.registry_id,
            document.version,
            document.digest,
            document.content,
            entry_id,
        )
        first = next((known for known in thing.versions if known.version == said.version), None)
        if first is None:
            thing.versions.append(said)
            home.by_digest.setdefault(said.digest, said)
            return "new"
        if first.digest == said.digest:
            return "same"
        known = {(other.version, other.digest) for other in thing.conflicts}
        if (said.version, said.digest) not in known:
            thing.conflicts.append(said)
        return "conflict"

    def clinics(self) -> list[str]:
        """Return the clinics of which anything is on record, by name."""
        return sorted(self._clinics)

    def things(
        self, clinic: str, kind: RegistryKind | None = None
    ) -> list[tuple[RegistryKind, str]]:
        """Return kind and id of each thing of a clinic, by kind and id."""
        found = self._things(clinic)
        kinds = found if kind is None else [kind]
        return sorted((known, name) for known in kinds for name in found.get(known, {}))

    def versions(self, clinic: str, kind: RegistryKind, registry_id: str) -> tuple[Version, ...]:
        """Return all versions of a thing in the order of record, the oldest first."""
        thing = self._thing(clinic, kind, registry_id)
        return () if thing is None else tuple(thing.versions)

    def conflicts(self, clinic: str, kind: RegistryKind, registry_id: str) -> tuple[Version, ...]:
        """Return each other content that was sent under a version already taken."""
        thing = self._thing(clinic, kind, registry_id)
        return () if thing is None else tuple(thing.conflicts)

    def by_digest(self, clinic: str, digest: str) -> Version | None:
        """Return the version with this content, or None; of several, the one on record first.

        What is in conflict is not found: nothing may rest on it.
        """
        home = self._clinics.get(clinic)
        return None if home is None else home.by_digest.get(digest)

    def in_force(
        self,
        clinic: str,
        kind: RegistryKind,
        registry_id: str,
        *,
        before_entry_id: int,
        at_ms: int | None,
    ) -> Version | None:
        """Return the newest version journalled before an entry, if it is valid at a moment.

        With `at_ms` None the moment is unknown, and validity is not asked.
        """
        thing = self._thing(clinic, kind, registry_id)
        return None if thing is None else _in_force(thing, before_entry_id, at_ms)

    def all_in_force(
        self, clinic: str, kind: RegistryKind, *, before_entry_id: int, at_ms: int | None
    ) -> list[Version]:
        """Return what is in force of a kind, at most one version an id, by id."""
        things = sorted(self._things(clinic).get(kind, {}).items())
        found = (_in_force(thing, before_entry_id, at_ms) for _, thing in things)
        return [version for version in found if version is not None]

    def device_of_sender(
        self, clinic: str, sender: str, *, before_entry_id: int, at_ms: int | None
    ) -> Version | None:
        """Return the device in service that speaks under a sender id, or None.

        If two claim the same sender id, the one recorded last is meant.
        """
        devices = (
            version
            for version in self.all_in_force(
                clinic, "device", before_entry_id=before_entry_id, at_ms=at_ms
            )
            if isinstance(version.content, DeviceContent) and version.content.sender == sender
        )
        return max(devices, key=lambda version: version.entry_id, default=None)

    def approvals_of(
        self, clinic: str, protocol_digest: str, *, before_entry_id: int, at_ms: int | None
    ) -> list[Version]:
        """Return the approvals in force of exactly this content of a treatment protocol, by id.

        An approval for another clinic is none here, wherever it was recorded.
        """
        return [
            version
            for version in self.all_in_force(
                clinic, "approval", before_entry_id=before_entry_id, at_ms=at_ms
            )
            if isinstance(version.content, ApprovalContent)
            and (version.content.clinic, version.content.protocol_digest)
            == (clinic, protocol_digest)
        ]

    def directors(self, clinic: str, *, before_entry_id: int, at_ms: int | None) -> list[Version]:
        """Return the appointments in force, of medical directors and deputies, by id."""
        return self.all_in_force(clinic, "director", before_entry_id=before_entry_id, at_ms=at_ms)

    def _things(self, clinic: str) -> dict[RegistryKind, dict[str, _Thing]]:
        home = self._clinics.get(clinic)
        return {} if home is None else home.things

    def _thing(self, clinic: str, kind: RegistryKind, registry_id: str) -> _Thing | None:
        return self._things(clinic).get(kind, {}).get(registry_id)


def _in_force(thing: _Thing, before_entry_id: int, at_ms: int | None) -> Version | None:
    newest = next(_newest_first(thing, before_entry_id), None)
    return newest if newest is None or at_ms is None or newest.holds_at(at_ms) else None


def _newest_first(thing: _Thing, before_entry_id: int) -> Iterator[Version]:
    return (known for known in reversed(thing.versions) if known.entry_id < before_entry_id)
