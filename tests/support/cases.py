"""Sessions and what they are judged by, without a journal: for tests of the judge's pure core."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from dermatrace.judge.archive import clinic_day
from dermatrace.judge.case import Ending
from dermatrace.judge.chart import Fact, FactKey, SessionId, put_together
from dermatrace.judge.context import SessionContext
from dermatrace.judge.in_force import AsOf, pin_registry
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.judge.rule_set import RULE_SET, RuleSet
from dermatrace.judge.state import SessionState, Standing
from dermatrace.simulator.faults import Fault
from dermatrace.simulator.fleet import FleetSession
from dermatrace_schemas.chart import ChartDocument
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.parse import parse
from dermatrace_schemas.quantities import UNIT_OF, Band, Limit, Quantity
from dermatrace_schemas.registry import RegistryDocument
from dermatrace_schemas.registry_models import ClinicContent
from dermatrace_schemas.rf import RfShot, SubPulse
from dermatrace_schemas.session import SessionStarted
from dermatrace_schemas.topics import parse_topic
from dermatrace_schemas.treatment import Phototype
from support.judge_bench import (
    RUN,
    Message,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)
from support.manual_clock import NOON_MS
from support.visit_cases import told, version, with_registry

FIRST_ENTRY_ID: Final = 1_000
"""Of every session here: the sample registry was recorded before."""
_STATE: Final = TypeAdapter(SessionState)


@cache
def sample_history() -> RegistryHistory:
    """Return the registry of the sample clinics, as if it had been recorded entry by entry."""
    history = RegistryHistory()
    for entry_id, message in enumerate(registry_messages(), start=1):
        document = parse("registry", message.payload)
        assert isinstance(document, RegistryDocument)
        history.take(parse_topic(message.topic).clinic, entry_id, document)
    return history


@cache
def played(
    device_number: int, *, minutes: float = 0.5, seed: int = 1, faults: tuple[Fault, ...] = ()
) -> tuple[StreamDocument, ...]:
    """Return what a device of the fleet tells of one session, each number once, in order."""
    session = session_of(device_number, minutes=minutes, seed=seed, faults=faults)
    found: dict[int, StreamDocument] = {}
    for message in device_messages(session):
        topic = parse_topic(message.topic)
        if topic.message_class == "session" and topic.stream_id == session.stream_id(RUN):
            document = _read(message)
            if document is not None:
                found[document.seq] = document
    return tuple(found[seq] for seq in sorted(found))


def _read(message: Message) -> StreamDocument | None:
    try:
        document = parse("session", message.payload)
    except ValueError:
        return None  # one of the faults is a document that nobody can read
    return document if isinstance(document, StreamDocument) else None


@cache
def sample_context(
    device_number: int, *, minutes: float = 0.5, seed: int = 1, is_charted: bool = True
) -> SessionContext:
    """Return what such a session is judged against at the sample clinic."""
    session = session_of(device_number, minutes=minutes, seed=seed)
    started = played(device_number, minutes=minutes, seed=seed)[0]
    assert isinstance(started, SessionStarted)
    name = SessionId(session.device.clinic, session.device.sender_id, session.stream_id(RUN))
    chart = put_together(name, _facts_of(session) if is_charted else (), started.plan)
    registry = pin_registry(sample_history(), name, chart, AsOf(FIRST_ENTRY_ID, NOON_MS))
    assert registry.clinic is not None
    assert isinstance(registry.clinic.content, ClinicContent)
    return SessionContext(
        session=name,
        first_entry_id=FIRST_ENTRY_ID,
        started_ms=NOON_MS,
        clinic_day=clinic_day(NOON_MS, registry.clinic.content),
        offset_ms=((started.boot_id, NOON_MS - started.uptime_ms),),
        setting=started.setting,
        chart=chart,
        registry=registry,
    )


def sample_facts(device_number: int) -> tuple[SessionId, list[Fact]]:
    """Return what a front desk enters about a session of a device, in that order."""
    session = session_of(device_number, minutes=0.5)
    device = session.device
    name = SessionId(device.clinic, device.sender_id, session.stream_id(RUN))
    return name, list(_facts_of(session))


def _facts_of(session: FleetSession) -> Iterable[Fact]:
    for entry_id, message in enumerate(chart_messages(session), start=FIRST_ENTRY_ID + 1):
        topic, document = parse_topic(message.topic), parse("chart", message.payload)
        assert isinstance(document, ChartDocument)
        assert topic.stream_id is not None
        yield Fact(FactKey(topic.sender, topic.stream_id, document.seq), entry_id, document)


def ending_of(documents: Iterable[StreamDocument]) -> Ending:
    """Return the end of a session whose last document is the last that was expected."""
    seqs = [document.seq for document in documents]
    return Ending(
        expected_count=max(seqs) + 1,
        missing=tuple((seq, seq) for seq in range(max(seqs)) if seq not in set(seqs)),
    )


def judge_all(
    context: SessionContext, documents: Iterable[StreamDocument], rules: RuleSet = RULE_SET
) -> SessionJudge:
    """Judge documents by all rules, to the end."""
    judge, told = SessionJudge(context, rules=rules), tuple(documents)
    for document in told:
        judge.feed(document)
    judge.close(ending_of(told))
    return judge


def kept_and_read(state: SessionState) -> SessionState:
    """Return a state as it comes back from where it is kept between two runs of the judge."""
    return _STATE.validate_json(_STATE.dump_json(state))


def kept(state: SessionState) -> Any:  # noqa: ANN401  JSON
    """Return a state as it is kept."""
    return json.loads(_STATE.dump_json(state))


def named(judge: SessionJudge, rule_id: str) -> list[Standing]:
    """Return the findings of one rule."""
    return [standing for standing in judge.state.findings if standing.rule == rule_id]


# --- made by hand -------------------------------------------------------------------------------


def limit(quantity: Quantity, value: float | None) -> Limit:
    """Return a limit; None is one that nobody has entered."""
    return Limit(quantity=quantity, unit=UNIT_OF[quantity], value=value, source="a test", trust="U")


def band(
    quantity: Quantity,
    lower: float | None = None,
    upper: float | None = None,
    *,
    zones: Sequence[str] | None = None,
    phototypes: Sequence[Phototype] | None = None,
) -> Band:
    """Return a band for some zones and phototypes, else for all."""
    return Band(
        lower=limit(quantity, lower),
        upper=limit(quantity, upper),
        zones=None if zones is None else list(zones),
        phototypes=None if phototypes is None else list(phototypes),
    )


def limited(*bands: Band, **changes: object) -> SessionContext:
    """Return an orderly visit under a treatment protocol with these bands and no demand else."""
    told = {"zones": None, "gates": [], "bands": list(bands), **changes}
    return with_registry(
        protocol=version("protocol", **{k: _plain(v) for k, v in told.items()}),
        operator=None,
        device_model=None,
        tip_models=(),
    )


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.model_dump() if isinstance(value, BaseModel) else value


def windows(seq: int = 1, **columns: object) -> NeedlingWindows:
    """Return windows of 100 ms with 12 strokes each on the cheek, unless told otherwise."""
    widths = [len(column) for column in columns.values() if isinstance(column, list)]
    count, zone = max(widths, default=10), columns.pop("zone", "cheek")
    facts: dict[str, object] = {
        "seq": seq,
        "kind": "needling.windows",
        "boot_id": "b",
        "uptime_ms": seq * 1_000,
        "wall_time_ms": told(seq / 60),
        "place": None if zone is None else {"zone": zone, "pass_number": 1},
        "window_ms": 100,
        "offset_ms": [100 * place for place in range(count)],
        "stroke_count": [12] * count,
    }
    return NeedlingWindows.model_validate(facts | columns)


def shot(seq: int = 1, *pulses: SubPulse, **facts: object) -> RfShot:
    """Return a treatment shot at one depth of the cheek, unless told otherwise."""
    depth: dict[str, object] = {"sub_pulses": [pulse.model_dump() for pulse in pulses]}
    depth |= {name: facts.pop(name) for name in list(facts) if name.startswith("depth_")}
    zone = facts.pop("zone", "cheek")
    whole: dict[str, object] = {
        "seq": seq,
        "kind": "rf.shot",
        "boot_id": "b",
        "uptime_ms": seq * 1_000,
        "wall_time_ms": told(seq / 60),
        "place": None if zone is None else {"zone": zone},
        "purpose": "treatment",
        "depths": [depth],
    }
    return RfShot.model_validate(whole | facts)


BANDS_ONLY: Final = RuleSet(RULE_SET.bands)
"""The rules that compare a reading with a band, and no other."""


def fed(
    context: SessionContext, documents: Iterable[StreamDocument], rules: RuleSet = BANDS_ONLY
) -> SessionJudge:
    """Judge documents by the bands alone, and leave the session open."""
    judge = SessionJudge(context, rules=rules)
    for document in documents:
        judge.feed(document)
    return judge
