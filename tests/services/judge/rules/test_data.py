"""What the record lacks, contradicts or cannot place is named, with numbers where there are any."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from dermatrace.judge.case import Ending
from dermatrace.judge.chart import FACTS_PER_VISIT_MAX, PlanDifference
from dermatrace.judge.context import SessionContext
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.rule_set import rule_set
from dermatrace.judge.rules.data import RULES
from dermatrace.judge.state import Standing
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.rf import RfShot, SubPulse
from dermatrace_schemas.session import SessionStopped
from support.limited_cases import band
from support.visit_cases import (
    ORDERLY,
    START_MS,
    judged,
    shot,
    started,
    strokes,
    version,
    with_chart,
    with_registry,
)

RF = with_registry(
    device_model=version("device_model", modality="rf"),
    protocol=version("protocol", treatment="rf_needling", device=None),
)
TIP = {"unit_id": "T-1", "model": "Tip", "needle_count": 25}


def _judged(
    *documents: StreamDocument, context: SessionContext = ORDERLY, ending: Ending | None = None
) -> list[Standing]:
    judge = SessionJudge(context, rules=rule_set([RULES]))
    for document in documents:
        judge.feed(document)
    judge.close(Ending(expected_count=len(documents)) if ending is None else ending)
    assert judge.state.failed_rules == []
    return judge.state.findings


def _ended(**facts: object) -> list[Standing]:
    ending = replace(Ending(expected_count=10), **facts)  # type: ignore[arg-type]
    return _judged(started(), strokes(), ending=ending)


def _pulsed(*pulses: Mapping[str, object], seq: int = 1, purpose: str = "treatment") -> RfShot:
    facts = shot(seq, purpose=purpose).model_dump()
    depths = [{"depth_commanded_mm": 1.0, "sub_pulses": [SubPulse(**p) for p in pulses]}]  # type: ignore[arg-type]
    return RfShot.model_validate(facts | {"depths": depths})


def _stopped(seq: int, **counters: float) -> SessionStopped:
    place = {
        "boot_id": "b",
        "uptime_ms": seq * 60_000,
        "wall_time_ms": START_MS + (seq - 1) * 60_000,
    }
    facts = {"kind": "session.stopped", "seq": seq, **place, **counters}
    return SessionStopped.model_validate(facts)


@pytest.mark.parametrize(
    ("ending", "rule", "priority", "seqs", "count", "words"),
    [
        ({"missing": ((2, 2),)}, "data.gap", "medium", (2, 2), 1, "1 message, number 2, never"),
        (
            {"missing": ((2, 4), (8, 8))},
            "data.gap",
            "medium",
            (2, 8),
            4,
            "4 messages between number 2 and number 8 never arrived",
        ),
        ({"lost": ((3, 5),)}, "data.declared_loss", "medium", (3, 5), 3, "the device itself"),
        ({"rejected": ((1, 1),)}, "data.rejected", "medium", (1, 1), 1, "could not be read"),
        ({"conflicts": (7, 4, 7)}, "data.conflict", "high", (4, 7), 2, "with other content"),
    ],
)
def test_what_is_not_on_record_is_counted(
    ending: dict[str, object],
    rule: str,
    priority: str,
    seqs: tuple[int, int],
    count: int,
    words: str,
) -> None:
    (finding,) = _ended(**ending)
    assert (finding.rule, finding.priority) == (rule, priority)
    assert (finding.envelope, finding.nature) == ("none", "technical")
    assert (finding.first_seq, finding.last_seq) == seqs
    assert (finding.measured_value, finding.unit) == (count, "1")
    assert words in finding.sentence


def test_rejected_bytes_that_are_a_conflict_are_told_once() -> None:
    findings = _ended(rejected=((3, 3), (5, 5)), conflicts=(5,))
    assert [(f.rule, f.first_seq) for f in findings] == [("data.rejected", 3), ("data.conflict", 5)]


def test_session_without_an_end_may_have_gone_on() -> None:
    (finding,) = _ended(ended=False)
    assert finding.rule == "data.gap"
    assert "whether anything followed the last message is not known" in finding.sentence


@pytest.mark.parametrize(
    ("chain", "rules"),
    [("differs", ["data.chain_differs"]), ("matches", []), ("cannot_be_checked", [])],
)
def test_chain_that_differs_is_a_finding(chain: str, rules: list[str]) -> None:
    assert [f.rule for f in _ended(chain=chain)] == rules


def test_complete_session_has_nothing_to_say() -> None:
    assert _ended() == []


@pytest.mark.parametrize(
    ("step_ms", "words"), [(3_500, "jumped forward by 3.5 s"), (-90_000, "jumped back by 90 s")]
)
def test_step_of_the_clock_is_told_with_its_size(step_ms: int, words: str) -> None:
    later = strokes(2)
    moved = later.model_copy(update={"wall_time_ms": (later.wall_time_ms or 0) + step_ms})
    (finding,) = _judged(started(), strokes(1), moved)
    assert (finding.rule, finding.first_seq, finding.unit) == ("data.clock_step", 2, "s")
    assert words in finding.sentence


def test_clock_that_drifts_is_no_step() -> None:
    later = strokes(2)
    moved = later.model_copy(update={"wall_time_ms": (later.wall_time_ms or 0) + 1_999})
    assert _judged(started(), strokes(1), moved) == []


@pytest.mark.parametrize("wall_time_ms", [None, 0])
def test_clock_that_was_never_set_is_told_with_its_range(wall_time_ms: int | None) -> None:
    unset = {"wall_time_ms": wall_time_ms}
    documents = (started().model_copy(update=unset), strokes(1).model_copy(update=unset))
    (finding,) = _judged(*documents)
    assert (finding.rule, finding.first_seq, finding.last_seq) == ("data.clock_unset", 0, 1)


def test_document_without_a_time_is_placed_by_its_boot() -> None:
    assert _judged(started(), strokes(1).model_copy(update={"wall_time_ms": None})) == []


def test_readings_on_skin_without_a_zone_are_named_once() -> None:
    documents = (strokes(1, zone=None), strokes(2), strokes(3, zone=None))
    (finding,) = _judged(started(), *documents)
    assert (finding.rule, finding.first_seq, finding.last_seq) == ("data.zone_unknown", 1, 3)


def test_readings_in_the_air_need_no_zone() -> None:
    assert _judged(started(), strokes(1, zone=None, contact=0.0)) == []


@pytest.mark.parametrize(
    ("facts", "about", "value", "limit", "unit"),
    [
        ({"depth_commanded_mm": [40.0, 1.0]}, "depth", 40.0, 10.0, "mm"),
        ({"depth_measured_median_mm": [None, -0.5]}, "depth", -0.5, 0.0, "mm"),
        ({"depth_measured_max_mm": [10.5, 10.0]}, "depth", 10.5, 10.0, "mm"),
        ({"stroke_rate_hz": [251.0, 250.0]}, "stroke rate", 251.0, 250.0, "Hz"),
        ({"stroke_rate_hz": [9.9, 10.0]}, "stroke rate", 9.9, 10.0, "Hz"),
    ],
)
def test_window_that_cannot_be_true_is_kept_and_named(
    facts: dict[str, object], about: str, value: float, limit: float, unit: str
) -> None:
    (finding,) = _judged(started(), strokes(1).model_copy(update=facts))
    assert (finding.rule, finding.priority) == ("data.implausible", "medium")
    assert (finding.measured_value, finding.limit_value, finding.unit) == (value, limit, unit)
    assert f"A {about} of" in finding.sentence
    assert "cheek" in finding.sentence


def test_motor_may_run_slowly_in_the_air() -> None:
    assert _judged(started(), strokes(1, contact=0.0, stroke_rate_hz=[0.0, 5.0])) == []


@pytest.mark.parametrize(
    ("facts", "value", "limit", "unit"),
    [
        ({"power_w": 100.1}, 100.1, 100.0, "W"),
        ({"power_commanded_w": -1.0}, -1.0, 0.0, "W"),
        ({"duration_ms": 5_001.0}, 5_001.0, 5_000.0, "ms"),
        ({"duration_commanded_ms": 0.5}, 0.5, 1.0, "ms"),
        ({"energy_delivered_mj": -3.0}, -3.0, 0.0, "mJ"),
        ({"impedance_before_ohm": 9.0}, 9.0, 10.0, "Ohm"),
        ({"impedance_end_ohm": 5_001.0}, 5_001.0, 5_000.0, "Ohm"),
        ({"temperature_max_celsius": 101.0}, 101.0, 100.0, "Cel"),
        ({"temperature_max_celsius": 19.0}, 19.0, 20.0, "Cel"),
    ],
)
def test_shot_that_cannot_be_true_is_kept_and_named(
    facts: dict[str, object], value: float, limit: float, unit: str
) -> None:
    (finding,) = _judged(started(), _pulsed(facts), context=RF)
    assert finding.rule == "data.implausible"
    assert (finding.measured_value, finding.limit_value, finding.unit) == (value, limit, unit)


def test_channel_that_cannot_be_true_is_named_too() -> None:
    channel = {"channel_number": 1, "temperature_max_celsius": 400.0}
    (finding,) = _judged(started(), _pulsed({"channels": [channel]}), context=RF)
    assert finding.measured_value == 400.0


def test_readings_at_the_ends_of_what_can_be_are_plausible() -> None:
    lowest = {"power_w": 0.0, "duration_ms": 1.0, "impedance_min_ohm": 10.0}
    highest = {"power_w": 100.0, "duration_ms": 5_000.0, "temperature_max_celsius": 100.0}
    assert _judged(started(), _pulsed(lowest, highest), context=RF) == []


def _energy(told_mj: float, *, scope: str | None = "total") -> dict[str, object]:
    """Return a pulse of 10 W for 100 ms, which is 1,000 mJ, with another energy told."""
    return {
        "power_w": 10.0,
        "duration_ms": 100.0,
        "energy_delivered_mj": told_mj,
        "energy_scope": scope,
    }


def _rated(fraction: float | None) -> dict[str, object]:
    ratings = {"energy_tolerance_fraction": fraction}
    return {"vendor": "Maker", "model": "Pen", "serial": "S-1", "ratings": ratings}


@pytest.mark.parametrize(
    ("told_mj", "tolerance", "bands", "rules"),
    [
        (1_200.0, None, (), []),
        (1_201.0, None, (), ["data.energy_mismatch"]),
        (799.0, None, (), ["data.energy_mismatch"]),
        (1_060.0, 0.05, (), ["data.energy_mismatch"]),
        (1_300.0, 0.5, (), []),
        (1_300.0, None, (band("energy_tolerance", upper=0.3),), []),
        (1_150.0, None, (band("energy_tolerance", upper=0.1),), ["data.energy_mismatch"]),
    ],
)
def test_energy_is_compared_with_power_times_duration(
    told_mj: float, tolerance: float | None, bands: tuple[Band, ...], rules: list[str]
) -> None:
    content = {"treatment": "rf_needling", "bands": [b.model_dump() for b in bands]}
    context = with_registry(device_model=None, protocol=version("protocol", **content))
    start = started(device=_rated(tolerance), tip=TIP)
    assert [f.rule for f in _judged(start, _pulsed(_energy(told_mj)), context=context)] == rules


def test_energy_mismatch_names_both_numbers_and_the_tolerance() -> None:
    (finding,) = _judged(started(tip=TIP), _pulsed(_energy(1_500.0)), context=RF)
    assert (finding.measured_value, finding.limit_value, finding.unit) == (1_500.0, 1_000.0, "mJ")
    assert finding.sentence == (
        "A pulse, first at cheek, was said to have delivered 1,500 mJ; power times duration gives"
        " 1,000 mJ. 20 % are allowed for (a default)."
    )


def test_energy_per_pin_is_compared_over_all_pins() -> None:
    per_pin = _energy(40.0, scope="per_pin")  # 40 mJ x 25 pins = 1,000 mJ
    assert _judged(started(tip=TIP), _pulsed(per_pin), context=RF) == []
    other = _energy(80.0, scope="per_pin")
    (finding,) = _judged(started(tip=TIP), _pulsed(other), context=RF)
    assert finding.measured_value == 2_000.0


@pytest.mark.parametrize(
    ("pulse", "tip"), [(_energy(9.0, scope=None), TIP), (_energy(9.0, scope="per_pin"), None)]
)
def test_energy_of_unknown_scope_or_pins_is_not_compared(
    pulse: dict[str, object], tip: dict[str, object] | None
) -> None:
    context = replace(RF, registry=replace(RF.registry, tip_models=()))
    assert _judged(started(tip=tip), _pulsed(pulse), context=context) == []


def test_channels_are_compared_with_their_sub_pulse() -> None:
    channels = [
        {"channel_number": n, "energy_delivered_mj": 300.0, "energy_scope": "total"} for n in (1, 2)
    ]
    whole = {"energy_delivered_mj": 1_000.0, "energy_scope": "total", "channels": channels}
    (finding,) = _judged(started(tip=TIP), _pulsed(whole), context=RF)
    assert finding.rule == "data.energy_mismatch"
    assert "its channels add up to 600 mJ" in finding.sentence


@pytest.mark.parametrize(
    ("counters", "rules"),
    [
        ({"stroke_count": 40, "shot_count": 0}, []),
        ({}, []),
        ({"stroke_count": 41}, ["data.counters_differ"]),
        ({"shot_count": 1}, ["data.counters_differ"]),
    ],
)
def test_counters_are_compared_with_what_was_added_up(
    counters: dict[str, int], rules: list[str]
) -> None:
    # Two messages of twice ten strokes; those in the air are counted by the motor too.
    documents = (started(), strokes(1), strokes(2, contact=0.0), _stopped(3, **counters))
    assert [f.rule for f in _judged(*documents)] == rules


def test_counter_of_energy_takes_test_shots_in_and_allows_for_rounding() -> None:
    pulse = {"energy_delivered_mj": 500.0, "energy_scope": "total"}
    shots = (_pulsed(pulse, seq=1, purpose="test"), _pulsed(pulse, pulse, seq=2))
    for told_mj, rules in ((1_501.0, []), (1_503.0, ["data.counters_differ"])):
        stop = _stopped(3, shot_count=2, energy_delivered_mj=told_mj)
        assert [f.rule for f in _judged(started(), *shots, stop, context=RF)] == rules


def test_counter_of_energy_is_not_compared_over_two_scopes() -> None:
    pulses = [{"energy_delivered_mj": 500.0, "energy_scope": s} for s in ("total", "per_pin")]
    stop = _stopped(2, energy_delivered_mj=7.0)
    assert _judged(started(), _pulsed(*pulses), stop, context=RF) == []


def test_strokes_that_were_not_counted_are_not_compared() -> None:
    uncounted = strokes(1, stroke_count=[10, None])
    assert _judged(started(), uncounted, _stopped(2, stroke_count=999)) == []


@pytest.mark.parametrize(
    "facts", [{"missing": ((3, 3),)}, {"lost": ((3, 3),)}, {"rejected": ((3, 3),)}]
)
def test_counters_are_not_compared_while_anything_is_missing(facts: dict[str, object]) -> None:
    ending = replace(Ending(expected_count=4), **facts)  # type: ignore[arg-type]
    findings = _judged(started(), strokes(1), _stopped(2, stroke_count=999), ending=ending)
    assert "data.counters_differ" not in {f.rule for f in findings}


def test_difference_of_chart_and_device_names_both_but_no_subject() -> None:
    differences = (
        PlanDifference("protocol_id", "rf-1", "rf-2"),
        PlanDifference("subject_id", "subject-1", "subject-2"),
    )
    findings = _judged(started(), context=with_chart(differences=differences))
    assert [f.rule for f in findings] == ["data.chart_differs"] * 2
    assert "protocol id (rf-1 against rf-2); the chart counted" in findings[0].sentence
    assert "subject-" not in findings[1].sentence


def test_session_attached_to_two_visits_is_a_double_claim() -> None:
    (finding,) = _judged(started(), context=with_chart(claimed_visits=("v-1", "v-2")))
    assert (finding.rule, finding.measured_value) == ("data.double_claim", 2)
    assert _judged(started(), context=with_chart(claimed_visits=("v-1",))) == []


def test_other_content_under_a_known_version_names_both_digests() -> None:
    protocol = version("protocol")
    other = replace(protocol, digest="f" * 64)
    (finding,) = _judged(started(), context=with_registry(conflicts=(other,)))
    assert finding.rule == "data.registry_conflict"
    assert finding.digests == [protocol.digest, "f" * 64]
    assert "protocol protocol-1 version 1" in finding.sentence


def test_facts_beyond_the_bound_are_told() -> None:
    (finding,) = _judged(started(), context=with_chart(ignored_count=3))
    assert finding.rule == "data.too_many_facts"
    assert (finding.measured_value, finding.limit_value) == (
        FACTS_PER_VISIT_MAX + 3,
        FACTS_PER_VISIT_MAX,
    )


def test_facts_of_the_visit_are_told_even_if_the_start_never_came() -> None:
    context = with_chart(claimed_visits=("v-1", "v-2"))
    assert [f.rule for f in judged(context, RULES, strokes(1)).state.findings] == [
        "data.double_claim"
    ]
