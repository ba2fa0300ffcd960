"""Example readings of a treatment protocol, and what must be found in them, as people write them.

An example says only what matters to it. What it leaves out is in order: the protocol is approved,
a director is appointed, a physician treats, the device is cleared as demanded, and the chart has
what every gate asks for. A name of a gate under `absent` takes that away.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.document import Closed
from dermatrace_schemas.finding import Envelope, Priority, RuleId
from dermatrace_schemas.identifiers import Laterality, RegistryId, ShortText, ZoneCode
from dermatrace_schemas.questions import AnswerValue, QuestionCode
from dermatrace_schemas.registry_devices import Label
from dermatrace_schemas.session import Modality, Plan, Ratings, Setting, Tip
from dermatrace_schemas.treatment import Gate, Observed, Role, Treatment

EXAMPLES_PER_FILE_MAX: Final = 200
"""Examples of one treatment protocol; more is refused: split the file."""
READINGS_PER_EXAMPLE_MAX: Final = 50
"""Lines of readings of one example; more is refused: an example shows one thing."""
STROKES_PER_READING_MAX: Final = 100_000
"""Strokes of one line, a quarter of an hour; more is refused."""
SHOTS_PER_READING_MAX: Final = 1_000
"""Shots of one line; more is refused."""
COLUMN_VALUES_MAX: Final = 1_000
"""Values of one column; more is refused."""

Number = float | Annotated[list[float | None], Field(min_length=1, max_length=COLUMN_VALUES_MAX)]
"""One value for the whole line, or a column with one for each window or shot."""

_OF_PENS: Final = ("stroke_rate_hz", "contact_fraction")
_OF_SHOTS: Final = (
    "purpose",
    "energy_mj",
    "set_energy_mj",
    "power_w",
    "set_power_w",
    "duration_ms",
    "set_duration_ms",
    "impedance_ohm",
    "temperature_celsius",
    "hold_ms",
)
_OF_BOTH: Final = ("set_depth_mm", "measured_depth_mm")


class ExampleReading(Closed):
    """A stretch of strokes, or a number of RF shots, at one place."""

    zone: ZoneCode | None = None
    laterality: Laterality | None = None
    pass_number: Annotated[int, Field(ge=1, le=1_000)] | None = None
    strokes: (
        Annotated[int, Field(ge=1, le=STROKES_PER_READING_MAX)]
        | Annotated[list[int], Field(min_length=1, max_length=COLUMN_VALUES_MAX)]
        | None
    ) = None
    """Of a pen: how many in all, or those of each window of 100 ms."""
    shots: Annotated[int, Field(ge=1, le=SHOTS_PER_READING_MAX)] | None = None
    """Of an RF device."""
    set_depth_mm: Number | None = None
    measured_depth_mm: Number | None = None
    """As the device reports it."""
    stroke_rate_hz: Number | None = None
    contact_fraction: Number | None = None
    """Left out: on skin throughout."""
    purpose: Literal["test", "treatment"] | None = None
    """Left out: treatment."""
    energy_mj: Number | None = None
    """Delivered by one insertion, in total or per pin as `energy_scope` says."""
    set_energy_mj: Number | None = None
    energy_scope: Literal["total", "per_pin"] = "total"
    power_w: Number | None = None
    set_power_w: Number | None = None
    duration_ms: Number | None = None
    set_duration_ms: Number | None = None
    impedance_ohm: Number | None = None
    """Before the shot."""
    temperature_celsius: Number | None = None
    """The highest."""
    hold_ms: Number | None = None
    """Time at or above the target temperature."""

    @property
    def column_length(self) -> int | None:
        """How many values its columns have; None if it has no column."""
        return next((length for _, length in self._columns()), None)

    def _columns(self) -> Iterator[tuple[str, int]]:
        for name in ("strokes", *_OF_BOTH, *_OF_PENS, *_OF_SHOTS):
            value = getattr(self, name)
            if isinstance(value, list):
                yield name, len(value)

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if (self.strokes is None) == (self.shots is None):
            raise ValueError("give either strokes or shots")
        foreign = _OF_SHOTS if self.shots is None else _OF_PENS
        strange = [name for name in foreign if getattr(self, name) is not None]
        if strange:
            raise ValueError(f"{', '.join(strange)} cannot go with what is given")
        return self

    @model_validator(mode="after")
    def _columns_are_aligned(self) -> Self:
        lengths = {length for _, length in self._columns()}
        if not lengths:
            return self
        if len(lengths) > 1:
            raise ValueError("columns must be of equal length")
        is_total = isinstance(self.strokes, int)
        if is_total:
            raise ValueError("with columns, give strokes as a column too")
        if self.shots is not None and lengths != {self.shots}:
            raise ValueError(f"a column needs a value for each of {self.shots} shots")
        return self


class ExampleDevice(Closed):
    """The device, as far as it matters; it is cleared as the treatment protocol demands."""

    modality: Modality | None = None
    """Left out: as the treatment protocol demands, else as its treatment needs."""
    ratings: Ratings | None = None
    label: Label | None = None


class ExampleOperator(Closed):
    """Who treats; what is left out does not limit them."""

    role: Role = "physician"
    treatments: list[Treatment] | None = None
    depth_max_mm: float | None = None
    rf_allowed: bool = True


class ExampleObservation(Closed):
    """What the operator saw."""

    observed: Observed
    zone: ZoneCode | None = None
    laterality: Laterality | None = None
    pain_score: Annotated[int, Field(ge=0, le=10)] | None = None


class ExampleEarlier(Closed):
    """An earlier session of the same subject and treatment."""

    days_before: Annotated[int, Field(ge=0, le=4_000)]
    zone: ZoneCode
    laterality: Laterality | None = None


class ExampleSeries(Closed):
    """The series plan of the visit."""

    session_count: Annotated[int, Field(ge=1, le=1_000)] | None = None
    interval_min_days: float | None = None
    interval_max_days: float | None = None


class ExpectedFinding(Closed):
    """A finding that must be raised; what is left out may be anything."""

    rule: RuleId
    envelope: Envelope | None = None
    priority: Priority | None = None
    zone: ZoneCode | None = None
    laterality: Laterality | None = None

    def __str__(self) -> str:
        return ", ".join(str(value) for _, value in self if value is not None)


class Example(Closed):
    """One session, and what must be found in it."""

    name: ShortText
    readings: Annotated[
        list[ExampleReading], Field(min_length=1, max_length=READINGS_PER_EXAMPLE_MAX)
    ]
    setting: Setting | None = None
    """Left out: the first one of the treatment protocol."""
    plan: Plan | None = None
    """Left out: its first indication, a person of 30 to 39 years, phototype III."""
    device: ExampleDevice = ExampleDevice()
    tip: Tip | None = None
    """Members that differ from a new tip of twelve needles."""
    operator: ExampleOperator = ExampleOperator()
    absent: list[Gate] = Field(default_factory=list, max_length=20)
    """What is not there, by the gate that asks for it."""
    consent: Literal["given", "late", "refused", "withdrawn"] = "given"
    exam: Literal["suitable", "suitable_with_limits", "not_suitable"] = "suitable"
    answers: dict[QuestionCode, AnswerValue] = Field(default_factory=dict)
    """Those that are not no."""
    observations: list[ExampleObservation] = Field(default_factory=list, max_length=50)
    earlier: list[ExampleEarlier] = Field(default_factory=list, max_length=50)
    series: ExampleSeries | None = None
    """Left out: the visit names no series plan."""
    expect: list[ExpectedFinding] = Field(default_factory=list, max_length=50)
    expect_none: (
        Literal["treatment", "any"] | Annotated[list[ShortText], Field(min_length=1, max_length=50)]
    ) = "treatment"
    """What must not be raised beside what is expected: findings about the treatment, any at all, or
    those of certain rules or families of rules."""


class ExampleFile(Closed):
    """The examples of one treatment protocol."""

    protocol: RegistryId
    examples: Annotated[list[Example], Field(min_length=1, max_length=EXAMPLES_PER_FILE_MAX)]
