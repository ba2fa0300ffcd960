"""Cases with limits, made by hand: what a rule sees of one document, and of what came before it."""

from collections.abc import Iterable, Sequence

from dermatrace.judge.case import Case, Ending
from dermatrace.judge.chart import Chart, SessionId
from dermatrace.judge.context import InForce, SessionContext
from dermatrace.judge.readings import shot_of, windows_of
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule
from dermatrace.judge.spot import Spot
from dermatrace.judge.state import SessionState, tally_key
from dermatrace.judge.tally import Tally
from dermatrace_schemas.document import Closed
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.quantities import UNIT_OF, Band, Limit, Quantity
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry_devices import DeviceModelContent, Label, TipModelContent
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.rf import Position, RfDepth, RfShot, SubPulse
from dermatrace_schemas.session import Place, Tip

LEFT_CHEEK = Spot("cheek", "left")
CHIN = Spot("chin")
PROTOCOL_DIGEST, MODEL_DIGEST, TIP_DIGEST = "a" * 64, "b" * 64, "c" * 64
TIP = Tip(unit_id="tip-7", model="T25", needle_count=25, attach_count=1)
_ENDED = Ending(expected_count=100)


def band(
    quantity: Quantity,
    *,
    lower: float | None = None,
    upper: float | None = None,
    zones: list[str] | None = None,
) -> Band:
    """Return a band; a side without a number is one that nobody has entered."""
    low, high = (
        Limit(quantity=quantity, unit=UNIT_OF[quantity], value=value, source="a test", trust="U")
        for value in (lower, upper)
    )
    return Band(lower=low, upper=high, zones=zones)


def case_of(
    *protocol: Band, label: Iterable[Band] = (), of_tip: Iterable[Band] = (), tip: Tip | None = TIP
) -> Case:
    """Return a case with limits of the treatment protocol, of the label and of the tip's model."""
    treatment = ProtocolContent(
        title="RF",
        treatment="rf_needling",
        settings=["clinic"],
        example=False,
        bands=list(protocol),
        gates=[],
        contraindications=[],
    )
    model = DeviceModelContent(
        vendor="Acme",
        model="RF 1",
        modality="rf",
        clearances=[],
        label=Label(indications=[], limits=list(label)),
        example=False,
    )
    tip_model = TipModelContent(vendor="Acme", model="T25", limits=list(of_tip))
    registry = InForce(
        protocol=_version("protocol", "rf", PROTOCOL_DIGEST, treatment),
        device_model=_version("device_model", "rf-1", MODEL_DIGEST, model),
        tip_models=(_version("tip_model", "t25", TIP_DIGEST, tip_model),),
    )
    context = SessionContext(
        session=SessionId("north", "rf-7", "s1"),
        first_entry_id=1,
        started_ms=None,
        chart=Chart(),
        registry=registry,
    )
    return Case(context, SessionState(tip=tip, tip_count=0 if tip is None else 1))


def _version(kind: RegistryKind, registry_id: str, digest: str, content: Closed) -> Version:
    return Version("north", kind, registry_id, "1", digest, content, 1)


def add_tally(case: Case, spot: Spot, tally: Tally) -> None:
    """Let a zone have been given something already."""
    case.state.tallies[tally_key(spot)] = tally


def pulse(
    energy_mj: float | None = None,
    *,
    per_pin: bool = False,
    before_ohm: float | None = None,
    start_ohm: float | None = None,
    end_ohm: float | None = None,
) -> SubPulse:
    """Return a sub-pulse; its energy is in total unless said otherwise."""
    return SubPulse(
        energy_delivered_mj=energy_mj,
        energy_scope="per_pin" if per_pin else "total",
        impedance_before_ohm=before_ohm,
        impedance_start_ohm=start_ohm,
        impedance_end_ohm=end_ohm,
    )


def fire(
    case: Case,
    *pulses: SubPulse,
    spot: Spot = LEFT_CHEEK,
    at_ms: int = 0,
    position: Position | None = None,
    boot_id: str = "boot-1",
    test: bool = False,
    pass_number: int | None = None,
) -> None:
    """Take an RF shot in hand."""
    document = RfShot(
        seq=1,
        kind="rf.shot",
        boot_id=boot_id,
        uptime_ms=at_ms,
        wall_time_ms=None,
        place=Place(zone=spot.zone, laterality=spot.laterality, pass_number=pass_number),
        purpose="test" if test else "treatment",
        position=position,
        depths=[RfDepth(sub_pulses=list(pulses))],
    )
    case.document, case.spot, case.pass_number = document, spot, pass_number
    case.windows, case.shot = None, shot_of(document, case.needle_count)


def stroke(
    case: Case,
    *stroke_counts: int,
    spot: Spot = LEFT_CHEEK,
    contact: Sequence[float | None] | None = None,
    pass_number: int | None = None,
) -> None:
    """Take windows of 100 ms in hand, all of them in contact unless said otherwise."""
    document = NeedlingWindows(
        seq=1,
        kind="needling.windows",
        boot_id="boot-1",
        uptime_ms=0,
        wall_time_ms=None,
        window_ms=100,
        offset_ms=[100 * place for place in range(len(stroke_counts))],
        stroke_count=list(stroke_counts),
        contact_fraction=None if contact is None else list(contact),
    )
    case.document, case.spot, case.pass_number = document, spot, pass_number
    case.windows, case.shot = windows_of(document), None


def end(case: Case, ending: Ending = _ENDED) -> None:
    """Let the session have ended."""
    case.document = case.windows = case.shot = None
    case.ending = ending


def look(case: Case, rules: Iterable[AnyRule], rule_id: str) -> list[Hit]:
    """Ask one moment rule."""
    (rule,) = (rule for rule in rules if rule.id == rule_id)
    assert isinstance(rule, MomentRule)
    return list(rule.look(case))
