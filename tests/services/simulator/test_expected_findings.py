"""Expected findings of scripts short enough to count by hand, and of the demonstration."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from dermatrace.demo.limits import read_sample_clinic
from dermatrace.simulator.crossings import DepthLimit, Limits
from dermatrace.simulator.expected_findings import (
    ExpectedFinding,
    ExpectedFindings,
    expected_findings,
)
from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Duplicates,
    Fault,
    Gap,
    Garbage,
    LimitCrossing,
    LostTail,
    Reboot,
    Reordering,
    UnsetClock,
)
from dermatrace.simulator.fleet import RF_NORTH, FleetSession, demo_fleet
from dermatrace.simulator.omissions import Omission, OmissionKind
from dermatrace.simulator.practices import PRACTICES, practice_of
from dermatrace.simulator.timeline import ScriptedDocument
from support.scripts import PEN_SCRIPT, RF_SCRIPT

MEDICAL: Final = PRACTICES["medical needling"]
COSMETIC: Final = PRACTICES["cosmetic needling"]
RF: Final = PRACTICES["medical RF needling"]
LIMITS: Final = Limits(
    depths=(DepthLimit("clinic_protocol", 1.0), DepthLimit("operator_scope", 1.0)),
    depth_tolerance_mm=0.15,
    persistence_strokes=20,
)
DEMO: Final = demo_fleet(1, minutes=2.0)
SAMPLE: Final = read_sample_clinic()
FAR: Final = LimitCrossing(2, 3, over_mm=0.3)


def _pen(*faults: Fault, omissions: Sequence[Omission] = ()) -> ExpectedFindings:
    judged_by = (MEDICAL, LIMITS)
    (found,) = expected_findings(PEN_SCRIPT, faults, "s", judged_by, omissions=omissions)
    return found


def _rules(found: ExpectedFindings) -> list[str]:
    return [expected.rule for expected in found.must]


def _of(session: FleetSession) -> ExpectedFindings:
    judged_by = practice_of(session.script.treatment), SAMPLE.limits_of(session)
    (found,) = expected_findings(
        session.script, session.faults, "s", judged_by, omissions=session.omissions
    )
    return found


def _with_tests(count: int) -> tuple[ScriptedDocument, ...]:
    start, *shots, stop = RF_SCRIPT
    tests = [replace(shot, facts={**shot.facts, "purpose": "test"}) for shot in shots[:count]]
    return (start, *tests, *shots[count:], stop)


@pytest.mark.parametrize("session", DEMO[:5], ids=lambda session: session.script.treatment.name)
def test_plain_session_must_raise_nothing_and_may_raise_nothing_of_treatment(
    session: FleetSession,
) -> None:
    found = _of(session)
    assert (found.must, found.open_families) == ((), frozenset())
    for rule in ("depth.set_above", "gate.consent", "series.early", "label.zone", "data.gap"):
        assert found.forbids(rule, "treatment")
        assert not found.forbids(rule, "technical")


def test_demonstration_with_faults_must_raise_what_its_faults_and_omissions_are() -> None:
    rules = set(_rules(_of(DEMO[5])))
    assert rules >= {
        "data.declared_loss",
        "data.rejected",
        "depth.measured_above",
        "gate.answers",
        "gate.operator_scope",
    }
    assert "depth.set_above" not in rules


def test_measured_crossing_names_envelope_and_place_and_opens_its_families() -> None:
    found = _pen(FAR)
    assert found.must == (
        ExpectedFinding("depth.measured_above", "clinic_protocol", "chin", "midline"),
        ExpectedFinding("depth.measured_above", "operator_scope", "chin", "midline"),
        ExpectedFinding("device.depth_tracking", "none"),
    )
    assert found.open_families == {"depth", "device"}
    assert found.forbids("exposure.passes", "treatment")
    assert not found.forbids("depth.set_above", "treatment")


def test_dialled_crossing_must_raise_the_set_depth_too() -> None:
    rules = _rules(_pen(replace(FAR, dialled=True)))
    assert set(rules) == {"depth.set_above", "depth.measured_above"}


def test_crossing_too_short_to_count_is_neither_demanded_nor_forbidden() -> None:
    found = _pen(LimitCrossing(6, 6, over_mm=0.3))
    assert found.must == ()
    assert not found.forbids("depth.measured_above", "treatment")


def test_losses_and_rejections_are_data_findings() -> None:
    assert _rules(_pen(Gap(2, 3))) == ["data.declared_loss"]
    assert _rules(_pen(BrokenJson(5))) == ["data.rejected"]
    assert not _pen(Gap(2, 3)).forbids("process.test_shots", "treatment")


def test_order_duplicates_and_garbage_must_raise_nothing() -> None:
    found = _pen(Duplicates(2, 3), Reordering(4, 5), Garbage(6), Reboot(3, keeps_outbox=True))
    assert (found.must, found.open_families) == ((), frozenset())


def test_clock_step_is_a_finding_if_documents_of_one_boot_show_it() -> None:
    assert _rules(_pen(ClockStep(3, 60_000))) == ["data.clock_step"]
    assert _rules(_pen(ClockStep(3, 1_999))) == []
    assert _rules(_pen(ClockStep(3, 60_000), Reboot(3, keeps_outbox=True))) == []
    assert _rules(_pen(ClockStep(3, 60_000), UnsetClock(3))) == []
    assert _rules(_pen(ClockStep(4, 60_000), UnsetClock(3))) == ["data.clock_step"]


def test_clock_that_is_set_late_tells_the_time_of_its_whole_boot() -> None:
    assert _rules(_pen(UnsetClock(4))) == []
    assert _rules(_pen(UnsetClock(4), LostTail(4))) == ["data.gap", "data.clock_unset"]
    rebooted = UnsetClock(4), Reboot(4, keeps_outbox=True)
    assert _rules(_pen(*rebooted)) == ["data.clock_unset"]


def test_unset_clock_leaves_open_what_depends_on_time() -> None:
    found = _pen(UnsetClock(4))
    assert not found.forbids("gate.consent", "treatment")
    assert found.forbids("depth.set_above", "treatment")


def test_lost_tail_leaves_an_end_that_nobody_knows() -> None:
    assert _rules(_pen(LostTail(6))) == ["data.gap"]


def test_lost_tail_before_the_first_reading_opens_no_gate() -> None:
    assert _rules(_pen(LostTail(2), omissions=[Omission("consent")])) == ["data.gap"]


@pytest.mark.parametrize("kind", ["consent", "exam", "photo_before", "photo_after", "endpoint"])
def test_omission_raises_its_gate_if_the_protocol_asks_for_it(kind: OmissionKind) -> None:
    expected = ExpectedFinding(f"gate.{kind}", "clinic_protocol")
    assert _pen(omissions=[Omission(kind)]).must == (expected,)
    (found,) = expected_findings(
        PEN_SCRIPT, (), "s", (COSMETIC, LIMITS), omissions=[Omission(kind)]
    )
    assert found.must == ()


def test_late_consent_and_an_unnamed_operator_raise_their_gates() -> None:
    found = _pen(omissions=[Omission("consent_late"), Omission("operator")])
    assert [(expected.rule, expected.envelope) for expected in found.must] == [
        ("gate.consent", "clinic_protocol"),
        ("gate.operator_scope", "operator_scope"),
    ]


def test_answers_raise_their_gate_once_and_only_if_the_question_is_asked() -> None:
    several = [Omission("answer_unknown", "herpes"), Omission("answer_missing", "epilepsy")]
    assert _rules(_pen(omissions=several)) == ["gate.answers"]
    assert _rules(_pen(omissions=[Omission("answers")])) == ["gate.answers"]
    assert _rules(_pen(omissions=[Omission("answer_unknown", "active_implant")])) == []


@pytest.mark.parametrize("kind", ["plan", "attach"])
def test_without_a_plan_only_the_plan_is_missing_and_only_the_device_has_limits(
    kind: OmissionKind,
) -> None:
    found = _pen(FAR, omissions=[Omission(kind), Omission("consent")])
    assert _rules(found) == ["gate.plan", "device.depth_tracking"]
    rated = replace(LIMITS, depths=(*LIMITS.depths, DepthLimit("device_rating", 0.9)))
    (found,) = expected_findings(PEN_SCRIPT, (), "s", (MEDICAL, rated), omissions=[Omission(kind)])
    assert {expected.envelope for expected in found.must[1:]} == {"device_rating"}


def test_without_an_operator_nobody_has_a_scope_to_cross() -> None:
    found = _pen(FAR, omissions=[Omission("operator")])
    depths = [expected for expected in found.must if expected.rule == "depth.measured_above"]
    assert [expected.envelope for expected in depths] == ["clinic_protocol"]


def test_test_shots_answer_for_a_test_spot_that_nobody_noted() -> None:
    for count, rules in ((0, ["gate.test_spot"]), (1, [])):
        judged_by = RF, replace(LIMITS, depths=())
        (found,) = expected_findings(
            _with_tests(count), (), "s", judged_by, omissions=[Omission("test_spot")]
        )
        assert _rules(found) == rules


def test_fewer_test_shots_than_demanded_must_be_a_finding() -> None:
    for min_count, rules in ((1, []), (2, ["process.test_shots"])):
        judged_by = RF, replace(LIMITS, depths=(), test_shot_min=min_count)
        (found,) = expected_findings(_with_tests(1), (), "s", judged_by)
        assert _rules(found) == rules


def test_short_rf_session_has_too_few_test_shots_and_a_long_one_has_not() -> None:
    assert _rules(_of(RF_NORTH.session(1, 1, 0, 0.1))) == ["process.test_shots"]
    assert _rules(_of(RF_NORTH.session(1, 1, 0, 1.0))) == []


def test_more_energy_must_be_a_finding_and_may_be_a_dose() -> None:
    session = RF_NORTH.session(1, 1, 0, 1.0)
    shot = next(
        index for index, document in enumerate(session.script) if document.kind == "rf.shot"
    )
    # Test shots of 21 mJ a pin: five times as much is beyond the 100 mJ of the sample protocol.
    found = _of(replace(session, faults=(LimitCrossing(shot, shot, over_energy_fraction=4.0),)))
    assert found.must == (
        ExpectedFinding("energy_per_pin.above", "clinic_protocol", "temple", "left"),
    )
    assert not found.forbids("exposure.dose", "treatment")


def test_each_part_of_a_session_that_forgot_has_its_own_findings() -> None:
    faults = (Reboot(5, keeps_outbox=False), Gap(3, 3), BrokenJson(6))
    omissions = [Omission("consent_late"), Omission("exam")]
    first, second = expected_findings(
        PEN_SCRIPT, faults, "s", (MEDICAL, LIMITS), omissions=omissions
    )
    assert (first.stream_id, second.stream_id) == ("s", "s.r1")
    assert (first.ended, second.ended) == (False, True)
    assert _rules(first) == ["gate.consent", "gate.exam", "data.declared_loss", "data.gap"]
    assert _rules(second) == ["gate.exam", "data.rejected"]
    assert not second.forbids("gate.consent", "treatment")
