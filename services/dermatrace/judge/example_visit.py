"""The visit around an example's readings: everything in order but what the example says. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from dermatrace.judge.chart import Chart, SessionId
from dermatrace.judge.context import EarlierSession, InForce, SessionContext
from dermatrace.judge.example import Example
from dermatrace.judge.example_documents import SALT, STARTED_MS
from dermatrace.judge.registry_history import Version
from dermatrace.judge.spot import Spot
from dermatrace_schemas.chart import ChartConsent, ChartExam, ChartObservation, ChartPhoto
from dermatrace_schemas.document import Closed
from dermatrace_schemas.questions import QUESTIONS, AnswerValue
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry import digest_of_content
from dermatrace_schemas.registry_devices import Clearance, DeviceModelContent, SourcedRatings
from dermatrace_schemas.registry_models import (
    DeviceContent,
    DirectorContent,
    OperatorContent,
    SeriesPlanContent,
)
from dermatrace_schemas.registry_protocols import (
    ApprovalContent,
    DeviceDemand,
    ProtocolContent,
)
from dermatrace_schemas.session import DeviceDescriptor, Modality, Place, Plan, Setting
from dermatrace_schemas.treatment import Gate, Observed

CLINIC: Final = "example-clinic"
MS_PER_DAY: Final = 86_400_000
MINUTE_MS: Final = 60_000
AFTER_MS: Final = 120 * MINUTE_MS
"""When what is noted afterwards is noted; longer than any example's session."""
_SESSION: Final = SessionId(CLINIC, "example-device", "example-session")
_SUBJECT_ID: Final = f"s-{0:016x}"
_VENDOR, _MODEL, _SERIAL = "Example", "Example device", "EXAMPLE-1"
_SOURCE: Final = "An example's own"


@dataclass(frozen=True, slots=True)
class Visit:
    """One example's circumstances."""

    example: Example
    registry_id: str
    version: str
    protocol: ProtocolContent

    @property
    def setting(self) -> Setting:
        """Clinic or home."""
        return self.example.setting or self.protocol.settings[0]

    @property
    def modality(self) -> Modality:
        """Of the device in use."""
        demanded = None if self.protocol.device is None else self.protocol.device.modality
        needed: Modality = "rf" if self.protocol.treatment == "rf_needling" else "pen"
        return self.example.device.modality or demanded or needed

    def descriptor(self) -> DeviceDescriptor:
        """Return what the device says of itself: the same as is on record."""
        return DeviceDescriptor(
            vendor=_VENDOR,
            model=_MODEL,
            serial=_SERIAL,
            modality=self.modality,
            ratings=self.example.device.ratings,
        )

    def context(self) -> SessionContext:
        """Return everything a judgement of the example rests on besides its readings."""
        day = STARTED_MS // MS_PER_DAY
        return SessionContext(
            session=_SESSION,
            first_entry_id=1,
            started_ms=STARTED_MS,
            clinic_day=day,
            setting=self.setting,
            chart=self._chart(),
            registry=self._registry(),
            earlier=tuple(
                EarlierSession(
                    f"earlier-{number}",
                    f"earlier-visit-{number}",
                    self.protocol.treatment,
                    STARTED_MS - before.days_before * MS_PER_DAY,
                    day - before.days_before,
                    (Spot(before.zone, before.laterality),),
                )
                for number, before in enumerate(self.example.earlier)
            ),
        )

    def _has(self, gate: Gate) -> bool:
        return gate not in self.example.absent

    # --- registry -----------------------------------------------------------------------------

    def _registry(self) -> InForce:
        protocol = _version("protocol", self.protocol, self.registry_id, self.version)
        device = DeviceContent(
            sender=_SESSION.sender, device_model_id="device_model", serial=_SERIAL
        )
        return InForce(
            device=_version("device", device),
            device_model=_version("device_model", self._model()),
            operator=_version("operator", self._operator())
            if self._has("operator_scope")
            else None,
            protocol=protocol if self._has("plan") else None,
            approvals=tuple(self._approvals(protocol)),
            directors=tuple(self._directors()),
            series_plan=None if self.example.series is None else self._series(),
        )

    def _model(self) -> DeviceModelContent:
        demand = self.protocol.device or DeviceDemand()
        cleared = {
            "authority": "FDA",
            "device_class": next(iter(demand.device_classes or ()), "II"),
            "regulation": next(iter(demand.regulations or ()), None),
        }
        clearance = Clearance.model_validate(cleared | {"source": _SOURCE, "trust": "U"})
        told = self.example.device
        rated = None
        if told.ratings is not None:
            rated = SourcedRatings(ratings=told.ratings, source=_SOURCE, trust="U")
        return DeviceModelContent(
            vendor=_VENDOR,
            model=_MODEL,
            modality=self.modality,
            clearances=[clearance] if self._has("device_clearance") else [],
            rated=rated,
            label=told.label,
            example=True,
        )

    def _operator(self) -> OperatorContent:
        told = self.example.operator
        return OperatorContent(
            role=told.role,
            treatments=[self.protocol.treatment] if told.treatments is None else told.treatments,
            depth_max_mm=told.depth_max_mm,
            rf_allowed=told.rf_allowed,
        )

    def _approvals(self, protocol: Version) -> Iterator[Version]:
        if self._has("approval"):
            approval = ApprovalContent(
                clinic=CLINIC,
                protocol_id=protocol.registry_id,
                protocol_version=protocol.version,
                protocol_digest=protocol.digest,
                director_id="director",
                effective_from_ms=0,
            )
            yield _version("approval", approval)

    def _directors(self) -> Iterator[Version]:
        if self._has("director"):
            appointed = DirectorContent(person_id="operator", deputy=False, valid_from_ms=0)
            yield _version("director", appointed)

    def _series(self) -> Version:
        told = {} if self.example.series is None else self.example.series.model_dump()
        plan = {"salt": SALT, "subject_id": _SUBJECT_ID, "setting": self.setting}
        return _version("series_plan", SeriesPlanContent.model_validate(plan | told))

    # --- chart --------------------------------------------------------------------------------

    def _chart(self) -> Chart:
        has, example = self._has, self.example
        return Chart(
            visit_id="example-visit",
            plan=self._plan() if has("plan") else Plan(),
            has_plan=has("plan"),
            series_id=None if example.series is None else "series_plan",
            consents=tuple(self._consents()) if has("consent") else (),
            exams=(ChartExam(**_fact("chart.exam", -30), outcome=example.exam),)
            if has("exam")
            else (),
            answers=self._answers() if has("answers") else {},
            observations=tuple(self._observations()),
            photos=tuple(self._photos()),
        )

    def _plan(self) -> Plan:
        told = {} if self.example.plan is None else self.example.plan.model_dump(exclude_unset=True)
        usual = {
            "subject_id": _SUBJECT_ID,
            "protocol_id": self.registry_id,
            "protocol_version": self.version,
            "operator_id": "operator",
            "indication": next(iter(self.protocol.indications or ()), None),
            "age_band": "30_39",
            "phototype": "III",
        }
        return Plan.model_validate(usual | told)

    def _consents(self) -> Iterator[ChartConsent]:
        told = self.example.consent
        minutes = AFTER_MS // MINUTE_MS if told == "late" else -60
        yield self._consent("refused" if told == "refused" else "given", minutes)
        if told == "withdrawn":
            yield self._consent("withdrawn", -50)

    def _consent(self, decision: str, minutes: int) -> ChartConsent:
        signed: dict[str, Any] = {"decision": decision, "signed_ms": _at_ms(minutes)}
        told = _fact("chart.consent", minutes) | signed
        return ChartConsent.model_validate(told | {"procedure": self.protocol.treatment})

    def _answers(self) -> dict[str, AnswerValue]:
        asked = [item.question for item in self.protocol.contraindications]
        codes = [*(question.code for question in QUESTIONS), *asked]
        answers: dict[str, AnswerValue] = dict.fromkeys(codes, "no")
        return answers | self.example.answers

    def _observations(self) -> Iterator[ChartObservation]:
        expected = self.protocol.endpoints_expected or ["none"]
        usual: tuple[tuple[Gate, Observed, int], ...] = (
            ("test_spot", "test_spot", -20),
            ("endpoint", expected[0], AFTER_MS // MINUTE_MS),
            ("aftercare", "aftercare_given", AFTER_MS // MINUTE_MS),
        )
        for gate, observed, minutes in usual:
            if gate in self.protocol.gates and self._has(gate):
                told = _fact("chart.observation", minutes)
                yield ChartObservation(**told, observed=observed)
        for seen in self.example.observations:
            yield ChartObservation(
                **_fact("chart.observation", AFTER_MS // MINUTE_MS),
                observed=seen.observed,
                place=Place(zone=seen.zone, laterality=seen.laterality),
                pain_score=seen.pain_score,
            )

    def _photos(self) -> Iterator[ChartPhoto]:
        digest = "0" * 64
        if self._has("photo_before"):
            yield ChartPhoto(**_fact("chart.photo", -5), photo_sha256=digest, moment="before")
        if self._has("photo_after"):
            minutes = AFTER_MS // MINUTE_MS
            yield ChartPhoto(**_fact("chart.photo", minutes), photo_sha256=digest, moment="after")


def _at_ms(minutes: int) -> int:
    return STARTED_MS + minutes * MINUTE_MS


def _fact(kind: str, minutes: int) -> dict[str, Any]:
    """Return what every chart document begins with; so many minutes after the start."""
    at_ms = _at_ms(minutes)
    return {
        "seq": 0,
        "kind": kind,
        "boot_id": "example",
        "uptime_ms": 0,
        "wall_time_ms": at_ms,
        "salt": SALT,
        "visit_id": "example-visit",
        "fact_time_ms": at_ms,
        "entered_ms": at_ms,
        "source": "console",
    }


def _version(
    kind: RegistryKind, content: Closed, registry_id: str | None = None, version: str = "1"
) -> Version:
    digest = digest_of_content(content)
    return Version(CLINIC, kind, registry_id or kind, version, digest, content, entry_id=0)
