"""What a session is judged against: everything that is not in its own documents.

Made once from the registry and the chart, before the first rule runs; a new fact makes a new
context, and the session is judged anew. Nothing here changes.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from dermatrace.judge.chart import Chart, SessionId
from dermatrace.judge.registry_history import Version
from dermatrace.judge.spot import Spot
from dermatrace_schemas.document import Closed
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.registry_devices import DeviceModelContent, TipModelContent
from dermatrace_schemas.registry_models import (
    ClinicContent,
    DeviceContent,
    JurisdictionContent,
    OperatorContent,
    SeriesPlanContent,
)
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.session import Setting
from dermatrace_schemas.verdict import PINS_PER_VERDICT_MAX

C = TypeVar("C", bound=Closed)


@dataclass(frozen=True, slots=True)
class InForce:
    """The registry versions a session is judged by; None where nothing is in force."""

    clinic: Version | None = None
    jurisdiction: Version | None = None
    room: Version | None = None
    device: Version | None = None
    device_model: Version | None = None
    tip_models: tuple[Version, ...] = ()
    """Of the tips made for the device model, as far as they are on record."""
    operator: Version | None = None
    protocol: Version | None = None
    approvals: tuple[Version, ...] = ()
    """Of exactly this protocol's digest, in force when the session began."""
    directors: tuple[Version, ...] = ()
    """Appointments, deputies included, in force when the session began."""
    series_plan: Version | None = None
    conflicts: tuple[Version, ...] = ()
    """Other contents told under a version that counts here."""

    @property
    def pins(self) -> list[RegistryPin]:
        """Every version that takes part, named by its digest."""
        one = (
            self.clinic,
            self.jurisdiction,
            self.room,
            self.device,
            self.device_model,
            self.operator,
            self.protocol,
            self.series_plan,
        )
        many = (*self.tip_models, *self.approvals, *self.directors)
        return [v.pin for v in (*one, *many) if v is not None][:PINS_PER_VERDICT_MAX]


@dataclass(frozen=True, slots=True)
class EarlierSession:
    """Another session of the same subject, as far as it was judged before this one."""

    stream_id: str
    visit_id: str | None
    treatment: str | None
    started_ms: int | None
    clinic_day: int | None
    """Days since 1970 in the clinic's time zone."""
    spots: tuple[Spot, ...]
    """Where it delivered anything."""


@dataclass(frozen=True)
class SessionContext:
    """Everything a judgement rests on besides the session's own documents."""

    session: SessionId
    first_entry_id: int
    """The journal's entry that brought the session's first document."""
    started_ms: int | None
    """Document time of the start; None if the clock was not set."""
    clinic_day: int | None = None
    """The same as days since 1970 in the clinic's time zone; None if either is unknown."""
    offset_ms: tuple[tuple[str, int], ...] = ()
    """Wall clock minus uptime, by boot, where any document of the session shows it."""
    setting: Setting | None = None
    """Clinic or home, as the device says; None if it does not."""
    chart: Chart = field(default_factory=Chart)
    registry: InForce = field(default_factory=InForce)
    earlier: tuple[EarlierSession, ...] = ()
    """Other sessions of the subject that began before this one, oldest first."""

    @cached_property
    def protocol(self) -> ProtocolContent | None:
        """The treatment protocol the plan names, if it is on record."""
        return _content(self.registry.protocol, ProtocolContent)

    @cached_property
    def device(self) -> DeviceContent | None:
        """The device as the clinic registered it."""
        return _content(self.registry.device, DeviceContent)

    @cached_property
    def device_model(self) -> DeviceModelContent | None:
        """The registered device's model."""
        return _content(self.registry.device_model, DeviceModelContent)

    @cached_property
    def operator(self) -> OperatorContent | None:
        """Who treats, as the plan names them."""
        return _content(self.registry.operator, OperatorContent)

    @cached_property
    def clinic(self) -> ClinicContent | None:
        """The clinic's own facts."""
        return _content(self.registry.clinic, ClinicContent)

    @cached_property
    def jurisdiction(self) -> JurisdictionContent | None:
        """The law the clinic works under."""
        return _content(self.registry.jurisdiction, JurisdictionContent)

    @cached_property
    def series_plan(self) -> SeriesPlanContent | None:
        """The series the visit belongs to."""
        return _content(self.registry.series_plan, SeriesPlanContent)

    def tip_model(self, model: str | None) -> tuple[TipModelContent, Version] | None:
        """Return the tip model of this name, of those on record for the device model, or None."""
        for version in self.registry.tip_models:
            content = _content(version, TipModelContent)
            if content is not None and model in {content.model, version.registry_id}:
                return content, version
        return None


def _content(version: Version | None, kind: type[C]) -> C | None:
    content = None if version is None else version.content
    return content if isinstance(content, kind) else None
