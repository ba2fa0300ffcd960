"""The options by which sessions are searched: each is one member of the question."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, Literal

import typer

from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.judge.search import GradeShown, SessionQuery, State
from dermatrace.reading.session_question import HOW_TO_WRITE_A_TIME, end_of_span
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.session import Modality, Setting
from dermatrace_schemas.treatment import Gate, Treatment

_MS_PER_DAY: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Filter:
    """One option."""

    member: str
    """Of the question; the three that speak of time become others."""
    option: str
    kind: Any
    help: str
    metavar: str | None = None

    @property
    def parameter(self) -> inspect.Parameter:
        """What the command line makes of it."""
        option = typer.Option(None, self.option, help=self.help, metavar=self.metavar)
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Parameter(self.member, kind, default=option, annotation=self.kind | None)


FILTERS: Final = (
    Filter("from_", "--from", str, f"Began then or later: {HOW_TO_WRITE_A_TIME}.", "TIME"),
    Filter("until", "--until", str, "Began on that day or earlier, or before that moment.", "TIME"),
    Filter("last_days", "--last-days", int, "Began in the last so many times 24 hours.", "N"),
    Filter(
        "undated", "--undated/--dated", bool, "Nobody knows on which day it was; or it is known."
    ),
    Filter("clinic", "--clinic", str, "Of this clinic."),
    Filter("sender", "--device", str, "Told by the device of this sender id."),
    Filter("stream_id", "--session", str, "Of this session id."),
    Filter("operator_id", "--operator", str, "Planned for this operator."),
    Filter("subject_id", "--subject", str, "Of this subject."),
    Filter("visit_id", "--visit", str, "Of this visit."),
    Filter("protocol_id", "--protocol", str, "By this treatment protocol."),
    Filter("protocol_version", "--protocol-version", str, "By this version of it."),
    Filter("treatment", "--treatment", Treatment, "By a protocol for this treatment."),
    Filter("modality", "--modality", Modality, "With this sort of device."),
    Filter("setting", "--setting", Setting, "At a clinic, or at home."),
    Filter("state", "--state", State, "Still open, closed, or erased by order."),
    Filter("grade", "--grade", GradeShown, "With this certificate when it was judged."),
    Filter("gate", "--gate", Gate, "With this gate open."),
    Filter(
        "rule",
        "--rule",
        str,
        "With a finding of this rule, or of this family of rules: `gate` is every `gate.…`. One"
        " finding fulfils this and the five options below.",
    ),
    Filter("envelope", "--envelope", Envelope, "With a finding that crossed this sort of limit."),
    Filter("priority", "--priority", Priority, "With a finding of this priority."),
    Filter("nature", "--nature", Nature, "With a finding about the device, or the treatment."),
    Filter(
        "justified",
        "--justified/--unjustified",
        bool,
        "With a finding for which a reason was given, or for which none was.",
    ),
    Filter("finding_zone", "--finding-zone", str, "With a finding in this zone."),
    Filter(
        "without_rule",
        "--without-rule",
        str,
        "Judged, and without any finding of this rule or family. Whether a rule was asked at all"
        " depends on the treatment and its protocol.",
    ),
    Filter(
        "data_coverage_min",
        "--data-coverage-min",
        float,
        "Data coverage of at least this.",
        "SHARE",
    ),
    Filter(
        "data_coverage_max", "--data-coverage-max", float, "Data coverage of at most this.", "SHARE"
    ),
    Filter("adherence_min", "--adherence-min", float, "Adherence of at least this.", "SHARE"),
    Filter("adherence_max", "--adherence-max", float, "Adherence of at most this.", "SHARE"),
    Filter(
        "zone",
        "--zone",
        str,
        "With readings of this zone. One zone, on one side, fulfils this and the options below.",
    ),
    Filter("laterality", "--side", Laterality, "Of the zone."),
    Filter(
        "depth_median_above_mm", "--depth-median-above-mm", float, "Median measured depth.", "MM"
    ),
    Filter(
        "depth_high_above_mm",
        "--depth-high-above-mm",
        float,
        "Measured depth that one stroke, or one depth of a shot, in twenty exceeded.",
        "MM",
    ),
    Filter("depth_max_above_mm", "--depth-max-above-mm", float, "Largest measured depth.", "MM"),
    Filter("energy_above_mj", "--energy-above-mj", float, "Energy of all treatment shots.", "MJ"),
)
TIMES: Final = ("from_", "until", "last_days")


def with_filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every filter as an option; it gets the question as `query`."""
    own = inspect.signature(command, eval_str=True)
    filters = [one.parameter for one in FILTERS]

    @wraps(command)
    def filtered(**given: Any) -> None:  # noqa: ANN401  whatever the options hold
        asked = {one.member: given.pop(one.member) for one in FILTERS}
        command(query=query_of(asked), **given)

    # The command line reads the signature: it shows the options where the command has `query`.
    told = [part for part in own.parameters.values() if part.name != "query"]
    keyword_only = [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in told]
    filtered.__signature__ = own.replace(parameters=[*filters, *keyword_only])  # type: ignore[attr-defined]
    return filtered


def query_of(asked: dict[str, Any], *, now_ms: int | None = None) -> SessionQuery:
    """Return what was asked for. Raises UsageError naming an option that makes no sense."""
    for one in FILTERS:
        value = asked.get(one.member)
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{one.option}: {value} is no number", remedy="Write it like 0.85.")
    members = {name: value for name, value in asked.items() if name not in TIMES}
    members |= _span("from", asked.get("from_")) | _span("until", asked.get("until"))
    last_days = asked.get("last_days")
    if last_days is not None:
        if asked.get("from_") is not None:
            raise UsageError("--from and --last-days both say when", remedy="Use one of them.")
        now_ms = SystemClock().utc_ms() if now_ms is None else now_ms
        members["from_ms"] = now_ms - last_days * _MS_PER_DAY
    return SessionQuery(**members)


def _span(name: Literal["from", "until"], text: str | None) -> dict[str, int]:
    if text is None:
        return {}
    try:
        return end_of_span(name, text)
    except ValueError as error:
        raise UsageError(f"--{name}: {error}", remedy=f"Write {HOW_TO_WRITE_A_TIME}.") from error
