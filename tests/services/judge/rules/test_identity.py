"""Device, tip and zone against what is on record; age, skin, zone and use against the label."""

from dataclasses import replace

import pytest

from dermatrace.judge.context import SessionContext
from dermatrace.judge.rules.identity import RULES
from dermatrace.judge.state import Standing
from dermatrace_schemas.document import StreamDocument
from support.visit_cases import (
    ORDERLY,
    Facts,
    judged,
    shot,
    started,
    strokes,
    tip_changed,
    told,
    version,
    with_chart,
    with_plan,
    with_registry,
    zone_entered,
)

DEVICE = {"vendor": "Maker", "model": "Pen", "serial": "S-1", "modality": "pen"}


def _findings(context: SessionContext, *documents: StreamDocument) -> list[Standing]:
    return judged(context, RULES, *documents).state.findings


def _rules(context: SessionContext, *documents: StreamDocument) -> list[str]:
    return [f.rule for f in _findings(context, *documents)]


def test_device_as_registered_raises_nothing() -> None:
    assert _findings(ORDERLY) == []


@pytest.mark.parametrize(
    ("member", "said", "word"),
    [
        ("serial", "S-2", "serial number"),
        ("vendor", "Other", "vendor"),
        ("model", "Pen 2", "model"),
        ("modality", "rf", "kind"),
    ],
)
def test_device_that_says_otherwise_than_the_record_is_found(
    member: str, said: str, word: str
) -> None:
    (finding,) = (
        f
        for f in _findings(ORDERLY, started(device={**DEVICE, member: said}))
        if f.rule == "identity.device_differs"
    )
    assert f"gave {said} as its {word}" in finding.sentence
    assert (finding.envelope, finding.nature) == ("none", "technical")
    assert finding.digests == [version("device").digest, version("device_model").digest]


@pytest.mark.parametrize(
    "said", [{"vendor": "MAKER", "model": " pen"}, {"modality": None}, {"serial": "s-1"}]
)
def test_blanks_case_and_what_is_left_out_are_no_difference(said: Facts) -> None:
    assert _findings(ORDERLY, started(device={**DEVICE, **said})) == []


def test_every_difference_is_a_finding_of_its_own() -> None:
    device = {**DEVICE, "serial": "S-2", "model": "Pen 2"}
    assert _rules(ORDERLY, started(device=device)) == ["identity.device_differs"] * 2


@pytest.mark.parametrize(
    ("context", "word"),
    [
        (with_registry(device=None, device_model=None), "Device pen-1 was not on record"),
        (with_registry(device_model=None), "The model of device pen-1 was not on record"),
    ],
)
def test_device_without_a_record_is_found(context: SessionContext, word: str) -> None:
    (finding,) = _findings(context)
    assert finding.rule == "identity.device_unregistered"
    assert word in finding.sentence


RF_DEVICE = {**DEVICE, "modality": "rf"}
RF_MODEL = with_registry(device_model=version("device_model", modality="rf"))
NOT_ON_RECORD = with_registry(device_model=None, device=None)


@pytest.mark.parametrize(
    ("context", "documents"),
    [
        (RF_MODEL, [started(device=RF_DEVICE, setting="home")]),
        (NOT_ON_RECORD, [started(device=RF_DEVICE, setting="home")]),
        (ORDERLY, [started(device=RF_DEVICE, setting="home")]),
        (ORDERLY, [started(setting="home"), shot()]),
    ],
)
def test_rf_at_home_is_high_whoever_shows_it(
    context: SessionContext, documents: list[StreamDocument]
) -> None:
    (finding,) = (f for f in _findings(context, *documents) if f.rule == "identity.rf_at_home")
    assert (finding.priority, finding.nature) == ("high", "treatment")


@pytest.mark.parametrize(
    ("device", "setting"), [(RF_DEVICE, "clinic"), (DEVICE, "home"), (RF_DEVICE, None)]
)
def test_rf_in_a_clinic_and_a_pen_at_home_are_no_rf_at_home(
    device: Facts, setting: str | None
) -> None:
    context = RF_MODEL if device is RF_DEVICE else ORDERLY
    rules = _rules(context, started(device=device, setting=setting), strokes())
    assert rules == ([] if setting else ["identity.rf_setting_unknown"])


def test_law_that_forbids_rf_at_home_is_named() -> None:
    home = {"classification": "forbidden", "modality": "rf", "setting": "home"}
    law = version("jurisdiction", boundaries=[{**home, "source": "law", "trust": "S"}])
    context = replace(RF_MODEL, registry=replace(RF_MODEL.registry, jurisdiction=law))
    (finding,) = _findings(context, started(device=RF_DEVICE, setting="home"))
    assert "which jurisdiction-1 forbids" in finding.sentence
    assert law.digest in finding.digests


@pytest.mark.parametrize(
    ("tip", "single_use", "priority"),
    [
        ({"attach_count": 1}, True, None),
        ({"attach_count": 2}, True, "high"),
        ({"attach_count": 2}, None, "medium"),
        ({"attach_count": 2}, False, None),
        ({"shot_count": 0}, True, None),
        ({"shot_count": 3}, True, "high"),
        ({"shot_count": 3}, None, "low"),
        ({"shot_count": 3}, False, None),
        ({}, True, None),
    ],
)
def test_tip_attached_before_or_with_shots_behind_it_was_reused(
    tip: Facts,
    single_use: bool | None,  # noqa: FBT001  a column of the table
    priority: str | None,
) -> None:
    context = with_registry(tip_models=(version("tip_model", single_use=single_use),))
    found = _findings(context, started(tip={"unit_id": "T-9", "model": "Tip", **tip}))
    assert [f.priority for f in found] == ([] if priority is None else [priority])
    assert all(f.rule == "identity.tip_reused" and "T-9" in f.sentence for f in found)


def test_tip_put_on_again_within_the_session_is_no_reuse() -> None:
    first, again = ({"unit_id": "T-1", "model": "Tip", "attach_count": n} for n in (1, 2))
    assert _rules(ORDERLY, started(tip=first), tip_changed(1, again)) == []


def test_tip_changed_for_a_used_one_is_found() -> None:
    used = {"unit_id": "T-2", "model": "Tip", "attach_count": 2}
    assert _rules(ORDERLY, started(), tip_changed(1, used)) == ["identity.tip_reused"]


def test_shots_of_the_session_that_goes_on_are_no_reuse() -> None:
    tip = {"unit_id": "T-1", "model": "Tip", "attach_count": 1, "shot_count": 80}
    assert _rules(ORDERLY, started(tip=tip, continues="s-0")) == []
    assert _rules(ORDERLY, started(tip=tip)) == ["identity.tip_reused"]


@pytest.mark.parametrize(("expires", "days"), [(-1441, 1.0), (-1, None), (5, None)])
def test_tip_past_its_date_when_it_is_attached_has_expired(
    expires: int, days: float | None
) -> None:
    tip = {"unit_id": "T-1", "expires_ms": told(expires)}
    found = _findings(ORDERLY, started(tip=tip))
    assert [f.measured_value for f in found] == ([] if days is None else [days])
    assert all((f.rule, f.unit) == ("identity.tip_expired", "d") for f in found)


def test_expiry_cannot_be_assessed_without_a_clock() -> None:
    tip = {"unit_id": "T-1", "expires_ms": told(-9_999)}
    (finding,) = _findings(ORDERLY, started(tip=tip, wall_time_ms=None))
    assert (finding.rule, finding.priority, finding.envelope) == (
        "identity.tip_expired",
        "low",
        "none",
    )


@pytest.mark.parametrize(
    ("zone", "contact", "rules"),
    [
        ("cheek", 1.0, []),
        ("neck", 1.0, ["zone.not_in_protocol"]),
        ("neck", 0.0, []),
        (None, 1.0, []),
        ("left-ear-tip", 1.0, ["zone.not_in_protocol", "zone.unlisted"]),
    ],
)
def test_zone_is_one_of_the_protocol_and_of_the_published_list(
    zone: str | None, contact: float, rules: list[str]
) -> None:
    assert _rules(ORDERLY, started(), strokes(zone=zone, contact=contact)) == rules


def test_zone_of_a_test_shot_counts_too() -> None:
    documents = started(), shot(zone="neck", purpose="test")
    assert _rules(ORDERLY, *documents) == ["zone.not_in_protocol"]


def test_unlisted_zone_is_said_when_it_is_entered() -> None:
    assert _rules(ORDERLY, started(), zone_entered(1, "left-ear-tip")) == ["zone.unlisted"]


def test_protocol_for_every_zone_excludes_none() -> None:
    context = with_registry(protocol=version("protocol", zones=None))
    assert _rules(context, started(), strokes(zone="neck")) == []


def _indication(
    name: str, zones: str | None, phototypes: str | None, age_min_a: float | None = 22.0
) -> Facts:
    age = {"quantity": "age", "unit": "a", "value": age_min_a, "source": "a page", "trust": "V"}
    return {
        "indication": name,
        "zones": None if zones is None else zones.split(),
        "phototypes": None if phototypes is None else phototypes.split(),
        "age_min": age,
        "source": "a page",
        "trust": "V",
    }


LABELS = {
    "SkinPen": [
        _indication("facial-acne-scars", "face forehead cheek chin", "I II III IV V VI"),
        _indication("neck-wrinkles", "neck", "II III IV"),
    ],
    "Exceed": [
        _indication("facial-wrinkles", "glabella periorbital cheek", "I II III"),
        _indication("facial-acne-scars", None, "I II III IV"),
    ],
    "Rejuvapen NXT": [_indication("periorbital-wrinkles", "periorbital", "I II III IV")],
    "SkinStylus": [_indication("abdominal-scars", "abdomen", None)],
    "Dr. Pen": [_indication("facial-acne-scars", "face cheek", None)],
}


def _labelled(device: str, **changes: object) -> SessionContext:
    label = {"indications": LABELS[device], "limits": [], **changes}
    return with_registry(
        device_model=version("device_model", label=label), protocol=version("protocol", zones=None)
    )


def _off_label(
    device: str, zone: str, phototype: str | None, age: str | None, indication: str | None = None
) -> dict[str, str]:
    context = with_plan(_labelled(device), phototype=phototype, age_band=age, indication=indication)
    return {f.rule: f.priority for f in _findings(context, started(), strokes(zone=zone))}


ALL = ("I", "II", "III", "IV", "V", "VI")
NONE: dict[str, str] = {}
OFF_TYPE = {"label.phototype": "medium"}
OFF_ZONE = {"label.zone": "low"}
OFF_AGE = {"label.age": "medium"}
TABLE: list[tuple[str, str, str | None, str | None, str, dict[str, str]]] = [
    *[("SkinPen", "cheek", "facial-acne-scars", t, "22_29", NONE) for t in ALL],
    *[("SkinPen", "neck", "neck-wrinkles", t, "22_29", NONE) for t in ("II", "III", "IV")],
    *[("SkinPen", "neck", "neck-wrinkles", t, "22_29", OFF_TYPE) for t in ("I", "V", "VI")],
    ("SkinPen", "neck", "facial-acne-scars", "III", "22_29", OFF_ZONE),
    ("SkinPen", "cheek", "neck-wrinkles", "III", "22_29", OFF_ZONE),
    ("SkinPen", "cheek", None, "VI", "60_plus", NONE),
    ("SkinPen", "neck", None, "VI", "60_plus", OFF_TYPE),
    ("SkinPen", "neck", None, "II", "60_plus", NONE),
    ("SkinPen", "abdomen", None, "II", "60_plus", OFF_ZONE),
    ("SkinPen", "cheek", "striae", "II", "60_plus", {"label.indication": "low"}),
    ("SkinPen", "cheek", "facial-acne-scars", "II", "under_18", OFF_AGE),
    ("SkinPen", "cheek", "facial-acne-scars", "II", "18_21", OFF_AGE),
    ("SkinPen", "neck", "neck-wrinkles", "VI", "18_21", OFF_AGE | OFF_TYPE),
    *[
        ("Exceed", zone, "facial-wrinkles", t, "30_39", NONE)
        for zone in ("glabella", "periorbital", "cheek")
        for t in ("I", "II", "III")
    ],
    *[("Exceed", "cheek", "facial-wrinkles", t, "30_39", OFF_TYPE) for t in ("IV", "V", "VI")],
    ("Exceed", "forehead", "facial-wrinkles", "I", "30_39", OFF_ZONE),
    *[("Exceed", "chin", "facial-acne-scars", t, "30_39", NONE) for t in ("I", "II", "III", "IV")],
    *[("Exceed", "chin", "facial-acne-scars", t, "30_39", OFF_TYPE) for t in ("V", "VI")],
    ("Exceed", "cheek", None, "IV", "30_39", NONE),
    ("Rejuvapen NXT", "periorbital", None, "IV", "40_49", NONE),
    ("Rejuvapen NXT", "periorbital", None, "V", "40_49", OFF_TYPE),
    ("Rejuvapen NXT", "cheek", None, "IV", "40_49", OFF_ZONE),
    ("SkinStylus", "abdomen", None, "VI", "50_59", NONE),
    ("SkinStylus", "cheek", None, "VI", "50_59", OFF_ZONE),
    ("Dr. Pen", "cheek", None, None, "22_29", NONE),
    ("Dr. Pen", "cheek", None, None, "18_21", OFF_AGE),
]
"""Device, zone, planned indication, phototype, age and what lies outside the label."""


@pytest.mark.parametrize(("device", "zone", "indication", "phototype", "age", "off"), TABLE)
def test_label_covers_what_its_indications_say_together(
    device: str,
    zone: str,
    indication: str | None,
    phototype: str | None,
    age: str,
    off: dict[str, str],
) -> None:
    assert _off_label(device, zone, phototype, age, indication) == off


@pytest.mark.parametrize(
    ("device", "zone", "phototype", "age", "rule"),
    [
        ("SkinPen", "neck", None, "22_29", "label.phototype"),
        ("SkinPen", "cheek", None, None, "label.age"),
        ("Exceed", "chin", None, "22_29", "label.phototype"),
        ("Exceed", "chin", "I", None, "label.age"),
    ],
)
def test_what_is_not_known_cannot_be_assessed_and_is_neither_yes_nor_no(
    device: str, zone: str, phototype: str | None, age: str | None, rule: str
) -> None:
    context = with_plan(_labelled(device), phototype=phototype, age_band=age)
    (finding,) = _findings(context, started(), strokes(zone=zone))
    assert (finding.rule, finding.priority, finding.envelope) == (rule, "low", "none")
    assert "cannot be assessed" in finding.sentence


def test_age_band_across_the_limit_cannot_be_assessed() -> None:
    label = {"indications": [_indication("scars", None, None, 25.0)], "limits": []}
    context = with_plan(
        with_registry(device_model=version("device_model", label=label)), age_band="22_29"
    )
    (finding,) = _findings(context)
    assert (finding.rule, finding.priority) == ("label.age", "low")


def test_age_limit_that_nobody_has_entered_bounds_nothing() -> None:
    label = {"indications": [_indication("scars", None, None, None)], "limits": []}
    context = with_registry(device_model=version("device_model", label=label))
    assert _findings(with_plan(context, age_band="under_18")) == []


def test_phototype_seen_by_the_examiner_counts_over_the_plan() -> None:
    context = with_plan(_labelled("Exceed"), phototype="VI", age_band="30_39")
    exams = tuple(e.model_copy(update={"phototype": "II"}) for e in ORDERLY.chart.exams)
    assert _rules(with_chart(context, exams=exams), started(), strokes()) == []


def test_off_label_is_said_to_be_no_fault_and_wants_a_justification() -> None:
    context = with_plan(_labelled("SkinPen"), phototype="VI", age_band="18_21")
    findings = _findings(context, started(), strokes(zone="neck"), strokes(2, zone="neck"))
    assert {f.rule for f in findings} == {"label.phototype", "label.age"}
    for finding in findings:
        assert finding.envelope == "cleared_label"
        assert "outside the cleared label of Maker Pen for neck-wrinkles" in finding.sentence
        assert finding.sentence.endswith("That is no fault and wants a justification.")
        assert (finding.first_seq, finding.last_seq) == (1, 2)
        assert finding.digests == [version("device_model").digest]


def test_label_is_not_asked_about_needles_in_the_air() -> None:
    context = with_plan(_labelled("SkinPen"), phototype="VI", age_band="18_21")
    assert _rules(context, started(), strokes(zone="neck", contact=0.0)) == []


@pytest.mark.parametrize(
    ("settings", "setting", "priority"),
    [
        (["clinic"], "clinic", None),
        (["clinic"], "home", "medium"),
        (["clinic", "home"], "home", None),
        (["clinic"], None, "low"),
        (None, None, None),
    ],
)
def test_setting_is_one_the_label_covers(
    settings: list[str] | None, setting: str | None, priority: str | None
) -> None:
    context = with_plan(_labelled("Dr. Pen", settings=settings), age_band="30_39")
    found = _findings(context, started(setting=setting))
    assert [f.priority for f in found] == ([] if priority is None else [priority])
    assert all(f.rule == "label.setting" for f in found)


def test_model_without_a_label_is_outside_of_nothing() -> None:
    assert _rules(with_plan(age_band="under_18", phototype=None)) == []
