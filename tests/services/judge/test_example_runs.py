"""Examples of a treatment protocol: what they assume, what they find missing or unexpected."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from dermatrace.cli.example_files import Exemplified, read_examples
from dermatrace.judge.example import Example
from dermatrace.judge.example_documents import (
    STARTED_MS,
    STROKES_PER_WINDOW,
    WINDOWS_PER_DOCUMENT,
    documents_of,
)
from dermatrace.judge.example_runs import ExampleRun, run_example
from dermatrace_schemas.library import sample_clinic
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.quantities import UNIT_OF, Limit, Quantity
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceDescriptor
from dermatrace_schemas.treatment import Gate

LIBRARY = sample_clinic().parent / "treatment_protocols"
SHIPPED = read_examples(sorted(LIBRARY.glob("*.yaml"))).found
NO_RULE = ("session_count", "lower")
"""How long a series is to be is shown as progress: that it is not done yet is no finding."""
CHEEK: dict[str, Any] = {"zone": "cheek", "laterality": "left"}
STROKES = [CHEEK | {"strokes": 600, "set_depth_mm": 1.0}]
SHOTS = [CHEEK | {"shots": 3, "set_depth_mm": 1.0}]
GATES: list[Gate] = [
    "plan",
    "director",
    "approval",
    "operator_scope",
    "device_clearance",
    "consent",
    "exam",
    "answers",
    "tip_identity",
    "photo_before",
    "photo_after",
    "endpoint",
    "aftercare",
]


def _limit(quantity: Quantity, value: float | None) -> dict[str, Any]:
    unit = UNIT_OF[quantity]
    return {"quantity": quantity, "unit": unit, "value": value, "source": "a page", "trust": "S"}


def _protocol(**changes: Any) -> ProtocolContent:  # noqa: ANN401
    told = {
        "title": "Protocol",
        "treatment": "medical_needling",
        "settings": ["clinic"],
        "example": False,
        "zones": ["cheek", "chin"],
        "bands": [{"upper": _limit("depth", 1.5)}],
        "gates": GATES,
        "contraindications": [
            {"question": "herpes", "answers": ["yes", "unknown"], "strength": "relative"}
        ],
        "endpoints_expected": ["erythema"],
    }
    return ProtocolContent.model_validate(told | changes)


def _example(**members: Any) -> Example:  # noqa: ANN401
    return Example.model_validate({"name": "an example", "readings": STROKES} | members)


def _run(protocol: ProtocolContent | None = None, **members: Any) -> ExampleRun:  # noqa: ANN401
    return run_example(_example(**members), "own", "1", protocol or _protocol())


def _raised(run: ExampleRun) -> set[str]:
    return {standing.rule for standing in run.raised if standing.nature == "treatment"}


# --- what ships -------------------------------------------------------------------------------


def test_every_shipped_protocol_has_examples() -> None:
    protocols = {path.name for path in LIBRARY.glob("*.yaml")} - {one.file.name for one in SHIPPED}
    assert {one.protocol.registry_id for one in SHIPPED} == {
        name.removesuffix(".yaml") for name in protocols
    }


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.protocol.registry_id)
def test_shipped_examples_come_out_as_they_expect(one: Exemplified) -> None:
    differing = [run.example.name for run in _runs(one) if not run.is_ok]
    assert differing == []


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.protocol.registry_id)
def test_shipped_examples_notice_each_limit_that_is_taken_away(one: Exemplified) -> None:
    limits = list(_without_one_limit(one.protocol.content))
    assert limits
    unnoticed = [name for name, content in limits if all(run.is_ok for run in _runs(one, content))]
    assert unnoticed == []


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.protocol.registry_id)
def test_shipped_examples_show_a_session_without_findings_and_an_unset_limit(
    one: Exemplified,
) -> None:
    quiet = [run for run in _runs(one) if not _raised(run)]
    assert len(quiet) >= 2
    assert any("not set" in run.example.name for run in quiet)


def _runs(one: Exemplified, content: ProtocolContent | None = None) -> list[ExampleRun]:
    protocol = one.protocol
    judged_by = content or protocol.content
    return [
        run_example(example, protocol.registry_id, protocol.version, judged_by)
        for example in one.examples.examples
    ]


def _without_one_limit(content: ProtocolContent) -> Iterator[tuple[str, ProtocolContent]]:
    for place, band in enumerate(content.bands):
        for side in ("lower", "upper"):
            limit: Limit | None = getattr(band, side)
            if limit is None or limit.value is None or (limit.quantity, side) == NO_RULE:
                continue
            unset = band.model_copy(update={side: limit.model_copy(update={"value": None})})
            bands = [*content.bands[:place], unset, *content.bands[place + 1 :]]
            name = f"bands.{place}.{side}, {limit.quantity}"
            yield name, content.model_copy(update={"bands": bands})


# --- what an example assumes ------------------------------------------------------------------


@pytest.mark.parametrize("treatment", ["medical_needling", "cosmetic_needling", "rf_needling"])
def test_example_that_says_nothing_else_is_in_order(treatment: str) -> None:
    readings = SHOTS if treatment == "rf_needling" else STROKES
    protocol = _protocol(treatment=treatment, bands=[], gates=[*GATES, "test_spot"])
    run = _run(protocol, readings=readings, expect_none="any", absent=[])
    rules = {standing.rule for standing in run.unexpected}
    assert rules <= {"gate.unclassified"}  # cosmetic needling deeper than the convention


@pytest.mark.parametrize("gate", [*GATES, "test_spot"])
def test_what_is_absent_is_found_missing(gate: Gate) -> None:
    rf = {"readings": SHOTS} if gate == "test_spot" else {}
    treatment = "rf_needling" if gate == "test_spot" else "medical_needling"
    protocol = _protocol(treatment=treatment, gates=[*GATES, "test_spot"] if rf else GATES)
    run = _run(protocol, absent=[gate], **rf)
    assert f"gate.{gate}" in {standing.rule for standing in run.raised}


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"consent": "late"}, "gate.consent"),
        ({"consent": "refused"}, "gate.consent"),
        ({"consent": "withdrawn"}, "gate.consent"),
        ({"exam": "not_suitable"}, "gate.exam"),
        ({"answers": {"herpes": "yes"}}, "gate.answers"),
        ({"operator": {"role": "nurse", "treatments": []}}, "gate.operator_scope"),
        ({"operator": {"role": "nurse", "depth_max_mm": 0.5}}, "depth.set_above"),
        ({"device": {"ratings": {"depth_max_mm": 0.5}}}, "depth.set_above"),
        ({"device": {"modality": "rf"}}, "gate.answers"),
        ({"plan": {"indication": "striae"}}, None),
        ({"tip": {"attach_count": 2}}, "identity.tip_reused"),
        ({"observations": [{"observed": "adverse_event"}]}, "process.adverse_event"),
    ],
)
def test_what_an_example_says_takes_part(members: dict[str, Any], rule: str | None) -> None:
    protocol = _protocol(device={"modality": "pen"})
    raised = _raised(_run(protocol, **members))
    if members.get("device") == {"modality": "rf"}:
        rule = "gate.device_clearance"
    assert raised == (set() if rule is None else {rule})


def test_label_of_the_device_takes_part() -> None:
    label = {"indications": [], "limits": [{"upper": _limit("depth", 0.75)}]}
    run = _run(device={"label": label})
    assert [(s.rule, s.envelope) for s in run.unexpected] == [("depth.set_above", "cleared_label")]


# --- readings ---------------------------------------------------------------------------------


def _documents(*readings: dict[str, Any]) -> list[Any]:
    device = DeviceDescriptor(vendor="Maker", model="Pen", serial="S-1")
    return list(documents_of(_example(readings=list(readings)), device, "clinic"))


def test_strokes_become_windows_of_100_ms_in_documents_of_one_second() -> None:
    _, *windows, stopped = _documents(CHEEK | {"strokes": 123, "set_depth_mm": 0.5})
    assert all(isinstance(document, NeedlingWindows) for document in windows)
    counts = [count for document in windows for count in document.stroke_count]
    assert counts == [STROKES_PER_WINDOW] * 12 + [3]
    assert [len(document.offset_ms) for document in windows] == [WINDOWS_PER_DOCUMENT, 3]
    assert (stopped.seq, stopped.wall_time_ms) == (3, STARTED_MS + 1_000 + 1_300)


def test_columns_are_one_value_a_window() -> None:
    column = {"strokes": [9, 8], "set_depth_mm": [0.5, None], "measured_depth_mm": 0.25}
    _, windows, _ = _documents(CHEEK | column)
    assert windows.stroke_count == [9, 8]
    assert windows.depth_commanded_mm == [0.5, None]
    assert windows.depth_measured_median_mm == [0.25, 0.25]
    assert windows.contact_fraction == [1.0, 1.0]


def test_shots_are_treatment_unless_said_to_be_tests() -> None:
    energies = {"shots": 2, "energy_mj": [100, 200], "energy_scope": "per_pin"}
    _, test, first, second, _ = _documents(
        CHEEK | {"shots": 1, "purpose": "test"}, CHEEK | energies
    )
    assert isinstance(test, RfShot)
    assert (test.purpose, test.depths[0].sub_pulses) == ("test", [])
    pulses = [shot.depths[0].sub_pulses[0] for shot in (first, second)]
    assert [(p.energy_delivered_mj, p.energy_scope) for p in pulses] == [
        (100, "per_pin"),
        (200, "per_pin"),
    ]
    assert {first.purpose, second.purpose} == {"treatment"}


@pytest.mark.parametrize(
    ("reading", "what"),
    [
        ({}, "give either strokes or shots"),
        ({"strokes": 1, "shots": 1}, "give either strokes or shots"),
        ({"strokes": 1, "energy_mj": 1.0}, "energy_mj cannot go with"),
        ({"shots": 1, "stroke_rate_hz": 100.0}, "stroke_rate_hz cannot go with"),
        ({"strokes": 20, "set_depth_mm": [1.0, 1.0]}, "give strokes as a column too"),
        ({"strokes": [1, 2], "set_depth_mm": [1.0]}, "columns must be of equal length"),
        ({"shots": 3, "set_depth_mm": [1.0]}, "a value for each of 3 shots"),
        ({"strokes": 1, "set_depth": 1.0}, "Extra inputs"),
    ],
)
def test_reading_that_makes_no_sense_is_refused(reading: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        _example(readings=[reading])


# --- what differs -----------------------------------------------------------------------------


def test_finding_that_is_not_raised_is_missing() -> None:
    expected = {"rule": "depth.set_above", "envelope": "clinic_protocol", "zone": "cheek"}
    run = _run(expect=[expected])
    assert [str(missing) for missing in run.missing] == ["depth.set_above, clinic_protocol, cheek"]
    assert not run.is_ok


@pytest.mark.parametrize(
    "members",
    [{"zone": "chin"}, {"laterality": "right"}, {"envelope": "cleared_label"}, {"priority": "low"}],
)
def test_finding_that_differs_in_anything_said_of_it_is_not_the_one(
    members: dict[str, Any],
) -> None:
    deeper = [CHEEK | {"strokes": 600, "set_depth_mm": 2.0}]
    told = {"rule": "depth.set_above", "envelope": "clinic_protocol"}
    assert _run(readings=deeper, expect=[told]).is_ok
    run = _run(readings=deeper, expect=[told | members])
    assert (len(run.missing), len(run.unexpected)) == (1, 1)


@pytest.mark.parametrize(
    ("expect_none", "unexpected"),
    [
        ("treatment", {"depth.set_above"}),
        ("any", {"depth.set_above", "gate.tip_identity"}),
        (["depth"], {"depth.set_above"}),
        (["gate.tip_identity", "rate"], {"gate.tip_identity"}),
        (["rate"], set()),
    ],
)
def test_what_else_must_not_be_raised_can_be_said(
    expect_none: str | list[str], unexpected: set[str]
) -> None:
    deeper = [CHEEK | {"strokes": 600, "set_depth_mm": 2.0}]
    run = _run(readings=deeper, absent=["tip_identity"], expect_none=expect_none)
    assert {standing.rule for standing in run.unexpected} == unexpected
