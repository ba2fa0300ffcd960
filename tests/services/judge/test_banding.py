"""Pens are judged by magnitude and persistence, RF by every shot; zones and tips are kept apart."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.judge.banding import CLEARING_STROKES_MIN, STROKE_RATE_MAX_HZ
from dermatrace.judge.context import SessionContext
from dermatrace.judge.defaults import CLEARING_SHOTS, DEPTH_PERSISTENCE, DEPTH_TOLERANCE
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.state import Standing
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.quantities import Band
from dermatrace_schemas.rf import RfShot, SubPulse
from support.cases import band, fed, limit, limited, named, shot, windows
from support.visit_cases import tip_changed, with_plan, with_registry
from support.visit_cases import version as version_of

SET, READ = "depth.set_above", "depth.measured_above"
QUARTER: Final = limited(band("depth", upper=0.25))


def set_to(*depths_mm: float | None, seq: int = 1, **columns: object) -> NeedlingWindows:
    """Return windows of 12 strokes at these set depths."""
    return windows(seq, depth_commanded_mm=list(depths_mm), **columns)


def reading(*depths_mm: float | None, seq: int = 1) -> NeedlingWindows:
    """Return windows of 12 strokes with these device-reported depths."""
    return windows(seq, depth_measured_median_mm=list(depths_mm))


def lasting(depth_mm: float, strokes: int, *, seq: int = 1) -> NeedlingWindows:
    """Return one window with so many strokes at a set depth, long enough for them."""
    length_ms = max(100, -(-strokes * 1_000 // int(STROKE_RATE_MAX_HZ)))
    column: dict[str, object] = {"stroke_count": [strokes], "depth_commanded_mm": [depth_mm]}
    return windows(seq, window_ms=length_ms, offset_ms=[0], **column)


def only(judge: SessionJudge, rule_id: str) -> Standing:
    """Return the one finding of a rule."""
    (standing,) = named(judge, rule_id)
    return standing


# --- magnitude and persistence -------------------------------------------------------------------


def test_70_000_strokes_with_single_ones_over_the_limit_raise_nothing() -> None:
    depths: dict[str, object] = {
        "depth_commanded_mm": [0.2] * 10,
        "depth_measured_median_mm": [0.2] * 10,
        "depth_measured_max_mm": [0.2] * 9 + [0.9],
    }
    judge = fed(QUARTER, [windows(seq, **depths) for seq in range(600)])
    (tally,) = judge.state.tallies.values()
    assert tally.contact_stroke_count == 72_000
    assert tally.depth_measured_max_mm == 0.9
    assert (judge.state.findings, judge.state.latches) == ([], {})


@pytest.mark.parametrize(("strokes", "count"), [(119, 0), (120, 1)])
def test_set_depth_beyond_is_a_finding_after_the_persistence_and_not_before(
    strokes: int, count: int
) -> None:
    assert DEPTH_PERSISTENCE.value == 120
    assert len(named(fed(QUARTER, [lasting(0.26, strokes)]), SET)) == count


def test_protocol_says_how_long_is_long_enough() -> None:
    short = limited(
        band("depth", upper=0.25), depth_persistence=limit("persistence", 12).model_dump()
    )
    assert len(named(fed(short, [set_to(0.2, 0.3, 0.2)]), SET)) == 1
    unset = limited(
        band("depth", upper=0.25), depth_persistence=limit("persistence", None).model_dump()
    )
    assert named(fed(unset, [set_to(*[0.3] * 9)]), SET) == []


def test_one_window_within_begins_the_count_anew() -> None:
    nine = [0.3] * 9
    assert fed(QUARTER, [set_to(*nine, 0.2, *nine)]).state.findings == []
    assert fed(QUARTER, [set_to(*nine, 0.3, *nine)]).state.findings != []


def test_strokes_on_end_may_lie_in_several_documents_with_lifts_and_nulls_between() -> None:
    documents = [
        set_to(*[0.3] * 5, seq=1),
        set_to(*[0.1] * 5, seq=2, contact_fraction=[0.0] * 5),
        set_to(*[None] * 5, seq=3),
        set_to(*[0.4] * 5, seq=4),
    ]
    finding = only(fed(QUARTER, documents), SET)
    assert (finding.first_seq, finding.last_seq) == (1, 4)
    assert (finding.measured_value, finding.limit_value, finding.unit) == (0.4, 0.25, "mm")
    assert "0.4 mm at cheek" in finding.sentence
    assert "120 strokes on end" in finding.sentence


def test_windows_without_contact_are_no_treatment() -> None:
    in_the_air = [set_to(*[2.0] * 20, seq=n, contact_fraction=[0.0] * 20) for n in range(9)]
    judge = fed(QUARTER, in_the_air)
    assert (judge.state.findings, judge.state.first_contact) == ([], None)


@pytest.mark.parametrize("document", [set_to(*[None] * 20), windows()], ids=["null", "absent"])
def test_what_is_not_known_is_neither_beyond_nor_within(document: NeedlingWindows) -> None:
    assert fed(QUARTER, [document] * 3).state.findings == []


def test_contact_that_nobody_measured_counts_as_contact() -> None:
    assert named(fed(QUARTER, [set_to(*[0.3] * 10, contact_fraction=[None] * 10)]), SET) != []


# --- one finding, while it lasts -----------------------------------------------------------------


def test_finding_is_raised_once_and_grows_and_clears_after_ten_times_the_strokes_within() -> None:
    judge = fed(QUARTER, [set_to(*[0.3] * 20, seq=n) for n in range(5)])
    assert judge.feed(lasting(0.5, 12, seq=5)) == []
    finding = only(judge, SET)
    assert (finding.first_seq, finding.last_seq) == (0, 5)
    assert (finding.measured_value, finding.extreme_value) == (0.3, 0.5)
    assert judge.feed(lasting(0.2, CLEARING_STROKES_MIN - 1, seq=6)) == []
    assert judge.feed(lasting(0.3, 12, seq=7)) == []  # which begins the count within anew
    assert judge.feed(lasting(0.2, CLEARING_STROKES_MIN - 1, seq=8)) == []
    assert [event.what for event in judge.feed(lasting(0.2, 1, seq=9))] == ["cleared"]
    assert (finding.cleared, finding.last_seq) == (True, 7)
    assert [event.what for event in judge.feed(lasting(0.3, 120, seq=10))] == ["raised"]


@given(
    st.lists(
        st.tuples(st.sampled_from([0.2, 0.3, 0.4, None]), st.integers(0, 25), st.booleans()),
        min_size=1,
        max_size=300,
    ),
    st.lists(st.integers(1, 20), min_size=1, max_size=20),
)
def test_how_windows_are_spread_over_documents_plays_no_part(
    told: list[tuple[float | None, int, bool]], widths: list[int]
) -> None:
    def found(widths: list[int]) -> list[tuple[bool, float | None, float | None]]:
        judge = fed(QUARTER, [])
        place = turn = 0
        while place < len(told):
            part = told[place : place + widths[turn % len(widths)]]
            columns: dict[str, object] = {
                "depth_commanded_mm": [depth for depth, _, _ in part],
                "stroke_count": [strokes for _, strokes, _ in part],
                "contact_fraction": [float(touches) for _, _, touches in part],
            }
            judge.feed(windows(turn, **columns))
            place, turn = place + len(part), turn + 1
        return [(f.cleared, f.measured_value, f.extreme_value) for f in named(judge, SET)]

    assert found(widths) == found([1])


def test_each_zone_has_a_finding_of_its_own() -> None:
    documents = [set_to(*[0.3] * 10, seq=n, place={"zone": z}) for n, z in enumerate("abab")]
    assert [(f.zone, f.first_seq, f.last_seq) for f in named(fed(QUARTER, documents), SET)] == [
        ("a", 0, 2),
        ("b", 1, 3),
    ]


def test_limit_of_another_tip_does_not_take_over_what_the_first_has_seen() -> None:
    judge = fed(QUARTER, [tip_changed(0, {"needle_length_mm": 0.2}), set_to(*[0.3] * 10, seq=1)])
    of_tip, of_protocol = named(judge, SET)
    assert (of_tip.envelope, of_protocol.envelope) == ("device_rating", "clinic_protocol")
    events = judge.feed(tip_changed(2, {"needle_length_mm": 2.0}))
    assert [(event.what, event.standing) for event in events] == [("cleared", of_tip)]
    judge.feed(set_to(*[0.3] * 10, seq=3))
    assert named(judge, SET) == [of_tip, of_protocol]
    assert (of_tip.last_seq, of_protocol.last_seq) == (1, 3)


# --- commanded and measured ----------------------------------------------------------------------


@pytest.mark.parametrize(("depth_mm", "passes"), [(0.25, True), (0.26, False), (0.4, False)])
def test_tolerance_never_lets_a_set_depth_pass(depth_mm: float, *, passes: bool) -> None:
    assert (named(fed(QUARTER, [set_to(*[depth_mm] * 20)]), SET) == []) is passes
    by_shot = fed(QUARTER, [shot(depth_commanded_mm=depth_mm)])
    assert (named(by_shot, SET) == []) is passes


@pytest.mark.parametrize(("depth_mm", "passes"), [(0.4, True), (0.4001, False), (0.41, False)])
def test_measured_depth_has_the_devices_tolerance_and_not_more(
    depth_mm: float, *, passes: bool
) -> None:
    assert DEPTH_TOLERANCE.value == 0.15
    judge = fed(QUARTER, [reading(*[depth_mm] * 20)])
    assert (named(judge, READ) == []) is passes
    if not passes:
        assert "0.15 mm, a default" in only(judge, READ).sentence
        assert only(judge, READ).limit_value == 0.25


def test_device_that_states_its_tolerance_is_held_to_that() -> None:
    rated = {"ratings": {"depth_tolerance_mm": 0.05}, "source": "a page", "trust": "S"}
    context = with_registry(
        protocol=limited(band("depth", upper=0.25)).registry.protocol,
        device_model=version_of("device_model", rated=rated),
        operator=None,
    )
    assert named(fed(context, [reading(*[0.3] * 20)]), READ) == []
    sentence = only(fed(context, [reading(*[0.31] * 20)]), READ).sentence
    assert "tolerance of 0.05 mm," in sentence
    assert "default" not in sentence


@given(st.integers(1, 2_000), st.integers(1, 1_000))
def test_what_equals_the_limit_but_for_binary_fractions_is_within(hundredths: int, by: int) -> None:
    upper_mm = hundredths / 100
    same_mm = (upper_mm / by + upper_mm) * by - upper_mm * by
    context = limited(band("depth", upper_mm, upper_mm))
    assert fed(context, [set_to(*[same_mm] * 20)]).state.findings == []
    assert len(fed(context, [set_to(*[upper_mm + 1e-6] * 20)]).state.findings) == 1
    assert len(fed(context, [set_to(*[upper_mm - 1e-6] * 20)]).state.findings) == 1


# --- RF ------------------------------------------------------------------------------------------

FEEBLE: Final = SubPulse(energy_delivered_mj=500.0, energy_scope="total")
STRONG: Final = SubPulse(energy_delivered_mj=501.0, energy_scope="total")
STRONGER: Final = SubPulse(energy_delivered_mj=600.0, energy_scope="total")
DOSED: Final = limited(band("energy_total", upper=500.0))


def shots(*pulses: SubPulse) -> list[RfShot]:
    """Return shots, one after the other."""
    return [shot(seq, pulse) for seq, pulse in enumerate(pulses)]


def test_one_shot_over_the_limit_is_one_finding_and_more_of_them_extend_it() -> None:
    judge = fed(DOSED, shots(FEEBLE, STRONG))
    finding = only(judge, "energy.above")
    assert (finding.first_seq, finding.last_seq, finding.measured_value) == (1, 1, 501.0)
    for document in shots(FEEBLE, STRONG, FEEBLE, STRONGER)[2:]:
        assert judge.feed(document) == []
    assert (finding.last_seq, finding.extreme_value, finding.measured_value) == (3, 600.0, 501.0)


def test_shots_in_a_row_within_clear_and_the_next_one_beyond_raises_again() -> None:
    within = round(CLEARING_SHOTS.value)
    judge = fed(DOSED, shots(STRONG, *[FEEBLE] * (within - 1)))
    assert not only(judge, "energy.above").cleared
    assert [event.what for event in judge.feed(shot(within, FEEBLE))] == ["cleared"]
    assert judge.state.latches == {}
    assert [event.what for event in judge.feed(shot(within + 1, STRONG))] == ["raised"]


def test_shot_whose_energy_is_unknown_neither_raises_nor_clears() -> None:
    unknown = SubPulse(energy_delivered_mj=900.0)
    judge = fed(DOSED, shots(unknown, STRONG, *[unknown] * 20))
    assert not only(judge, "energy.above").cleared


@pytest.mark.parametrize(
    ("rule_id", "limits", "crossing"),
    [
        ("energy.below", band("energy_total", 10.0), {"energy_delivered_mj": 9.0}),
        ("energy.set_above", band("energy_total", None, 10.0), {"energy_commanded_mj": 11.0}),
        ("power.above", band("power", None, 10.0), {"power_w": 11.0}),
        ("power.set_above", band("power", None, 10.0), {"power_commanded_w": 11.0}),
        ("pulse.longer", band("pulse_duration", None, 10.0), {"duration_ms": 11.0}),
        ("pulse.shorter", band("pulse_duration", 10.0), {"duration_ms": 9.0}),
        ("pulse.set_longer", band("pulse_duration", None, 10.0), {"duration_commanded_ms": 11.0}),
        ("temperature.above", band("temperature", None, 10.0), {"temperature_max_celsius": 11.0}),
        ("hold.longer", band("temperature_hold", None, 10.0), {"temperature_hold_ms": 11.0}),
        ("impedance.above", band("impedance_before", None, 10.0), {"impedance_before_ohm": 11.0}),
        ("impedance.below", band("impedance_before", 10.0), {"impedance_before_ohm": 9.0}),
    ],
)
def test_each_reading_of_a_shot_is_held_against_its_band(
    rule_id: str, limits: Band, crossing: dict[str, object]
) -> None:
    def of(**facts: object) -> list[str]:
        pulse = SubPulse.model_validate({"energy_scope": "total"} | facts)
        return [f.rule for f in fed(limited(limits), [shot(1, pulse)]).state.findings]

    assert of(**crossing) == [rule_id]
    assert of(**dict.fromkeys(crossing, 10.0)) == []
    assert of() == []


# --- which band ----------------------------------------------------------------------------------


def test_zone_with_a_band_of_its_own_is_held_to_that_alone() -> None:
    context = limited(band("depth", upper=0.25), band("depth", upper=1.0, zones=["neck"]))
    assert fed(context, [set_to(*[0.9] * 20, zone="neck")]).state.findings == []
    assert only(fed(context, [set_to(*[1.1] * 20, zone="neck")]), SET).limit_value == 1.0
    assert only(fed(context, [set_to(*[0.9] * 20, zone="chin")]), SET).limit_value == 0.25
    assert only(fed(context, [set_to(*[0.9] * 20, zone=None)]), SET).limit_value == 0.25


@pytest.mark.parametrize(("phototype", "limit_mm"), [("V", 0.25), ("II", 0.5), (None, 0.5)])
def test_band_of_a_phototype_counts_if_the_phototype_is_known_to_be_meant(
    phototype: str | None, limit_mm: float
) -> None:
    context = with_plan(
        limited(
            band("depth", upper=0.5), band("depth", upper=0.25, zones=["cheek"], phototypes=["V"])
        ),
        phototype=phototype,
    )
    assert only(fed(context, [set_to(*[0.9] * 20)]), SET).limit_value == limit_mm


def test_limit_that_nobody_has_entered_bounds_nothing() -> None:
    context = limited(band("depth"), band("stroke_rate"))
    judge = fed(context, [set_to(*[9.0] * 20, stroke_rate_hz=[9.0] * 20)])
    assert judge.state.findings == []
    assert not next(iter(judge.state.tallies.values())).limited


def _four_envelopes() -> SessionContext:
    limits = [band("depth", upper=1.5).model_dump()]
    rated = {"ratings": {"depth_max_mm": 2.0}, "source": "a page", "trust": "S"}
    return with_registry(
        protocol=limited(band("depth", upper=1.0)).registry.protocol,
        device_model=version_of(
            "device_model", rated=rated, label={"indications": [], "limits": limits}
        ),
        operator=version_of("operator", depth_max_mm=0.5),
    )


@pytest.mark.parametrize(
    ("depth_mm", "crossed"),
    [
        (0.4, []),
        (0.6, ["operator_scope"]),
        (1.2, ["clinic_protocol", "operator_scope"]),
        (1.7, ["cleared_label", "clinic_protocol", "operator_scope"]),
        (2.1, ["cleared_label", "clinic_protocol", "device_rating", "operator_scope"]),
    ],
)
def test_each_envelope_is_crossed_apart(depth_mm: float, crossed: list[str]) -> None:
    found = named(fed(_four_envelopes(), [set_to(*[depth_mm] * 20)]), SET)
    assert sorted(finding.envelope for finding in found) == crossed
    for finding in found:
        off_label = finding.envelope == "cleared_label"
        assert finding.priority == ("medium" if off_label else "high")
        assert ("wants a justification" in finding.sentence) is off_label
        assert len(finding.digests) == 1
