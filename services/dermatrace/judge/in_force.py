"""Which registry versions a session is judged by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from dermatrace.judge.chart import Chart, SessionId
from dermatrace.judge.context import InForce
from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace_schemas.references import RegistryKind, RegistryPin
from dermatrace_schemas.registry_devices import DeviceModelContent
from dermatrace_schemas.registry_models import ClinicContent, DeviceContent
from dermatrace_schemas.registry_protocols import ApprovalContent


@dataclass(frozen=True, slots=True)
class AsOf:
    """Which journal entries count, and the moment at which a version must hold."""

    before_entry_id: int
    """The session's first entry."""
    at_ms: int | None
    """When the session began; None asks nobody's validity."""


def pin_registry(
    history: RegistryHistory, session: SessionId, chart: Chart, as_of: AsOf
) -> InForce:
    """Find what was in force for a session: journalled before its first entry, valid at its start.

    A correction that names a version by its digest puts that version in the other's place.
    """
    desk = _Desk(history, session.clinic, chart, as_of)
    plan = chart.plan
    clinic = desk.find("clinic", session.clinic)
    device = desk.device(session.sender)
    model = desk.find("device_model", _device_model_id(device))
    protocol = desk.protocol()
    found = InForce(
        clinic=clinic,
        jurisdiction=desk.find("jurisdiction", _jurisdiction_id(clinic)),
        room=desk.find("room", plan.room_id),
        device=device,
        device_model=model,
        tip_models=tuple(desk.tips(model)),
        operator=desk.find("operator", plan.operator_id),
        protocol=protocol,
        approvals=desk.approvals(protocol),
        directors=desk.directors(),
        series_plan=desk.find("series_plan", chart.series_id),
    )
    return replace(found, conflicts=tuple(_conflicts(history, session.clinic, found)))


class _Desk:
    """Looks things up for one session."""

    def __init__(self, history: RegistryHistory, clinic: str, chart: Chart, as_of: AsOf) -> None:
        self._history = history
        self._clinic = clinic
        self._chart = chart
        self._before_entry_id, self._at_ms = as_of.before_entry_id, as_of.at_ms

    def find(self, kind: RegistryKind, registry_id: str | None) -> Version | None:
        if registry_id is None:
            return None
        version = self._history.in_force(
            self._clinic,
            kind,
            registry_id,
            before_entry_id=self._before_entry_id,
            at_ms=self._at_ms,
        )
        return self.corrected(kind, registry_id, version)

    def corrected(
        self, kind: RegistryKind, registry_id: str | None, version: Version | None
    ) -> Version | None:
        """Return the version a correction names instead of this one, or this one."""
        for pin in reversed(self._chart.registry_overrides):
            if (pin.registry_kind, pin.registry_id) == (kind, registry_id):
                return self._pinned(pin) or version
        return version

    def _pinned(self, pin: RegistryPin) -> Version | None:
        """Return the version of a thing that has this content, whenever it was recorded."""
        versions = self._history.versions(self._clinic, pin.registry_kind, pin.registry_id)
        return next((version for version in versions if version.digest == pin.digest), None)

    def _with_corrections(
        self, kind: RegistryKind, in_force: Iterable[Version]
    ) -> dict[str, Version]:
        """Return what is in force of a kind, by id, with what corrections name put in its place.

        A correction answers when something was recorded, not whether it held when the session
        began.
        """
        found = {version.registry_id: version for version in in_force}
        for pin in self._chart.registry_overrides:
            named = self._pinned(pin) if pin.registry_kind == kind else None
            if named is not None:
                found.pop(named.registry_id, None)
                if self._at_ms is None or named.holds_at(self._at_ms):
                    found[named.registry_id] = named
        return dict(sorted(found.items()))

    def protocol(self) -> Version | None:
        """Return the version the plan names; if it names none, the newest."""
        plan = self._chart.plan
        if plan.protocol_version is None:
            return self.find("protocol", plan.protocol_id)
        named = [
            version
            for version in self._history.versions(self._clinic, "protocol", plan.protocol_id or "")
            if version.version == plan.protocol_version and version.entry_id < self._before_entry_id
        ]
        return self.corrected("protocol", plan.protocol_id, named[-1] if named else None)

    def device(self, sender: str) -> Version | None:
        """Return the device under a sender id: as on record, else as a correction names it."""
        device = self._history.device_of_sender(
            self._clinic, sender, before_entry_id=self._before_entry_id, at_ms=self._at_ms
        )
        for pin in reversed(self._chart.registry_overrides):
            named = self._pinned(pin) if pin.registry_kind == "device" else None
            content = None if named is None else named.content
            if isinstance(content, DeviceContent) and content.sender == sender:
                return named
        return device

    def tips(self, model: Version | None) -> Iterator[Version]:
        content = None if model is None else model.content
        if isinstance(content, DeviceModelContent):
            for tip_id in content.tip_model_ids or ():
                version = self.find("tip_model", tip_id)
                if version is not None:
                    yield version

    def approvals(self, protocol: Version | None) -> tuple[Version, ...]:
        if protocol is None:
            return ()
        found = self._history.approvals_of(
            self._clinic,
            protocol.digest,
            before_entry_id=self._before_entry_id,
            at_ms=self._at_ms,
        )
        return tuple(
            version
            for version in self._with_corrections("approval", found).values()
            if isinstance(version.content, ApprovalContent)
            and (version.content.clinic, version.content.protocol_digest)
            == (self._clinic, protocol.digest)
        )

    def directors(self) -> tuple[Version, ...]:
        found = self._history.directors(
            self._clinic, before_entry_id=self._before_entry_id, at_ms=self._at_ms
        )
        return tuple(self._with_corrections("director", found).values())


def _device_model_id(device: Version | None) -> str | None:
    content = None if device is None else device.content
    return content.device_model_id if isinstance(content, DeviceContent) else None


def _jurisdiction_id(clinic: Version | None) -> str | None:
    content = None if clinic is None else clinic.content
    return content.jurisdiction_id if isinstance(content, ClinicContent) else None


def _conflicts(history: RegistryHistory, clinic: str, found: InForce) -> Iterator[Version]:
    for pin in found.pins:
        for other in history.conflicts(clinic, pin.registry_kind, pin.registry_id):
            if other.version == pin.version:
                yield other
