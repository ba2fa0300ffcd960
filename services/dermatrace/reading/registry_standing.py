"""What of a clinic's registry is in force at one moment, and why the rest is not."""

from dataclasses import dataclass
from typing import Final

from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace.reading.registry_text import moment
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry_protocols import ApprovalContent

AFTER_EVERY_ENTRY: Final = 2**63 - 1
"""Before this entry stands all there is on record."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The registry of one clinic, by all that is on record, at one moment."""

    history: RegistryHistory
    clinic: str
    at_ms: int

    def newest(self, kind: RegistryKind | None = None) -> list[Version]:
        """Return the newest version of each thing, in force or not, by kind and id."""
        things = self.history.things(self.clinic, kind)
        return [self.history.versions(self.clinic, *thing)[-1] for thing in things]

    def find(self, kind: RegistryKind, registry_id: str) -> Version | None:
        """Return what is in force of one thing, or None."""
        return self.history.in_force(
            self.clinic, kind, registry_id, before_entry_id=AFTER_EVERY_ENTRY, at_ms=self.at_ms
        )

    def all_in_force(self, kind: RegistryKind) -> list[Version]:
        """Return everything of a kind that is in force."""
        return self.history.all_in_force(
            self.clinic, kind, before_entry_id=AFTER_EVERY_ENTRY, at_ms=self.at_ms
        )

    def approvals_of(self, protocol_digest: str) -> list[Version]:
        """Return the approvals of a treatment protocol given by a director who is one today."""
        approvals = self.history.approvals_of(
            self.clinic, protocol_digest, before_entry_id=AFTER_EVERY_ENTRY, at_ms=self.at_ms
        )
        return [approval for approval in approvals if not self.why_not(approval)]

    def why_not(self, version: Version) -> str:
        """Return why a version is not in force; nothing if it is."""
        newest = self.history.versions(self.clinic, version.kind, version.registry_id)[-1]
        from_ms, until_ms = version.validity_ms
        if newest != version:
            return f"version {newest.version} took its place"
        if from_ms is not None and self.at_ms < from_ms:
            return f"begins {moment(from_ms)}"
        if until_ms is not None and until_ms <= self.at_ms:
            return f"ended {moment(until_ms)}"
        if isinstance(version.content, ApprovalContent):
            return self._why_approval_is_void(version.content)
        if version.kind == "protocol" and not self.approvals_of(version.digest):
            return "no approval of it is in force"
        return ""

    def _why_approval_is_void(self, approval: ApprovalContent) -> str:
        if approval.clinic != self.clinic:
            return f"it is for {approval.clinic}"
        if self.find("director", approval.director_id) is None:
            return f"director {approval.director_id} is not in force"
        if self.history.by_digest(self.clinic, approval.protocol_digest) is None:
            return "the version it approves is not on record"
        return ""
