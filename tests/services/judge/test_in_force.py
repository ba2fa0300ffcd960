"""A session is judged by what was on record before it and held when it began."""

from dataclasses import dataclass, field
from typing import Final

import pytest

from dermatrace.judge.chart import Chart, SessionId
from dermatrace.judge.context import InForce
from dermatrace.judge.in_force import AsOf, pin_registry
from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.references import RegistryKind, RegistryPin
from dermatrace_schemas.session import Plan
from support.cases import FIRST_ENTRY_ID, sample_context
from support.registry_shelf import (
    APPROVAL,
    CLINIC,
    DEVICE,
    DEVICE_MODEL,
    DIRECTOR,
    OPERATOR,
    PROTOCOL,
    Content,
    registry_document,
)

SESSION: Final = SessionId(CLINIC, "pen-7", "s-1")
BEGINS: Final = 100
"""The session's first entry; it begins at 1,000 ms."""
PLAN: Final = Plan(protocol_id="p", operator_id="nurse-1", room_id="room-1")


@dataclass
class Shelf:
    """A registry in the making."""

    history: RegistryHistory = field(default_factory=RegistryHistory)

    def put(
        self, kind: RegistryKind, name: str, content: Content, *, entry: int, version: str = "1"
    ) -> RegistryPin:
        """Record one version at an entry; return what names it."""
        self.history.take(CLINIC, entry, registry_document(kind, name, version, content))
        digest = registry_digest(content)
        return RegistryPin(registry_kind=kind, registry_id=name, version=version, digest=digest)

    def at(self, *overrides: RegistryPin, at_ms: int | None = 1_000, plan: Plan = PLAN) -> InForce:
        """Return what is in force for the session."""
        chart = Chart(plan=plan, registry_overrides=overrides)
        return pin_registry(self.history, SESSION, chart, AsOf(BEGINS, at_ms))


def named(version: Version | None) -> str | None:
    """Return which version it is."""
    return None if version is None else version.version


def titled(title: str) -> Content:
    """Return a treatment protocol of that title."""
    return {**PROTOCOL, "title": title}


# --- newest before, valid at ---------------------------------------------------------------------


def test_newest_version_recorded_before_the_first_entry_is_in_force() -> None:
    shelf = Shelf()
    for number, entry in (("1", 10), ("2", 99), ("3", 100), ("4", 500)):
        shelf.put("protocol", "p", titled(number), entry=entry, version=number)
    assert named(shelf.at().protocol) == "2"


def test_nothing_is_in_force_of_what_came_with_or_after_the_session() -> None:
    shelf = Shelf()
    shelf.put("protocol", "p", PROTOCOL, entry=100)
    assert shelf.at().protocol is None


@pytest.mark.parametrize(
    ("validity", "at_ms", "holds"),
    [
        ({"valid_from_ms": 1_000}, 1_000, True),
        ({"valid_from_ms": 1_001}, 1_000, False),
        ({"valid_until_ms": 1_000}, 1_000, False),
        ({"valid_until_ms": 1_001}, 1_000, True),
        ({"valid_from_ms": 5_000}, None, True),
    ],
)
def test_version_must_hold_when_the_session_begins_if_that_is_known(
    validity: Content, at_ms: int | None, *, holds: bool
) -> None:
    shelf = Shelf()
    shelf.put("operator", "nurse-1", {**OPERATOR, **validity}, entry=1)
    assert (shelf.at(at_ms=at_ms).operator is not None) is holds


def test_older_version_does_not_come_back_when_the_newest_has_ended() -> None:
    shelf = Shelf()
    shelf.put("operator", "nurse-1", OPERATOR, entry=1)
    shelf.put("operator", "nurse-1", {**OPERATOR, "valid_until_ms": 500}, entry=2, version="2")
    assert shelf.at().operator is None


def test_what_the_plan_does_not_name_is_not_in_force() -> None:
    shelf = Shelf()
    shelf.put("operator", "nurse-1", OPERATOR, entry=1)
    shelf.put("protocol", "p", PROTOCOL, entry=2)
    found = shelf.at(plan=Plan())
    assert (found.operator, found.protocol, found.room) == (None, None, None)


def test_model_and_tips_follow_from_the_device_that_speaks() -> None:
    shelf = Shelf()
    tip: Content = {"vendor": "v", "model": "t", "limits": []}
    shelf.put("device_model", "pen", {**DEVICE_MODEL, "tip_model_ids": ["t1", "t2"]}, entry=1)
    shelf.put("tip_model", "t1", tip, entry=2)
    shelf.put("tip_model", "t3", tip, entry=3)
    assert shelf.at().device_model is None
    shelf.put("device", "d", DEVICE, entry=4)
    shelf.put("device", "e", {**DEVICE, "sender": "pen-8"}, entry=5)
    found = shelf.at()
    assert found.device is not None
    assert (found.device.registry_id, named(found.device_model)) == ("d", "1")
    assert [tip.registry_id for tip in found.tip_models] == ["t1"]


def test_law_follows_from_the_clinic() -> None:
    shelf = Shelf()
    shelf.put("jurisdiction", "here", {"name": "Here", "boundaries": []}, entry=1)
    assert shelf.at().jurisdiction is None
    shelf.put("clinic", CLINIC, {"name": "North", "jurisdiction_id": "here"}, entry=2)
    assert named(shelf.at().jurisdiction) == "1"


# --- treatment protocol and approval -------------------------------------------------------------


def test_plan_names_a_version_however_many_newer_there_are() -> None:
    shelf = Shelf()
    for number, entry in (("1", 10), ("2", 20), ("3", 100)):
        shelf.put("protocol", "p", titled(number), entry=entry, version=number)
    for number, expected in (("1", "1"), ("2", "2"), ("3", None), ("4", None)):
        plan = PLAN.model_copy(update={"protocol_version": number})
        assert named(shelf.at(plan=plan).protocol) == expected


def test_version_without_an_id_names_nothing() -> None:
    shelf = Shelf()
    shelf.put("protocol", "p", PROTOCOL, entry=1)
    assert shelf.at(plan=Plan(protocol_version="1")).protocol is None


def test_approval_is_of_exactly_that_content_and_must_hold() -> None:
    shelf = Shelf()
    shelf.put("protocol", "p", PROTOCOL, entry=1)
    assert shelf.at().approvals == ()
    shelf.put("approval", "a", APPROVAL, entry=2)
    shelf.put("approval", "b", {**APPROVAL, "protocol_digest": "e" * 64}, entry=3)
    shelf.put("approval", "c", {**APPROVAL, "effective_from_ms": 1_001}, entry=4)
    assert [version.registry_id for version in shelf.at().approvals] == ["a"]
    shelf.put("protocol", "p", titled("changed"), entry=5, version="2")
    assert shelf.at().approvals == ()


def test_directors_in_force_are_all_of_that_day() -> None:
    shelf = Shelf()
    shelf.put("director", "a", DIRECTOR, entry=1)
    shelf.put("director", "b", {**DIRECTOR, "valid_until_ms": 1_000}, entry=2)
    shelf.put("director", "c", {**DIRECTOR, "deputy": True}, entry=3)
    shelf.put("director", "d", DIRECTOR, entry=100)
    assert [version.registry_id for version in shelf.at().directors] == ["a", "c"]


# --- corrections ---------------------------------------------------------------------------------


def test_later_version_counts_through_a_correction_that_names_its_digest() -> None:
    shelf = Shelf()
    shelf.put("protocol", "p", titled("1"), entry=1)
    second = shelf.put("protocol", "p", titled("2"), entry=200, version="2")
    third = shelf.put("protocol", "p", titled("3"), entry=300, version="3")
    assert named(shelf.at(second).protocol) == "2"
    assert named(shelf.at(second, third).protocol) == "3"
    assert named(shelf.at(third, second).protocol) == "2"
    exactly = PLAN.model_copy(update={"protocol_version": "1"})
    assert named(shelf.at(second, plan=exactly).protocol) == "2"


def test_correction_puts_a_version_where_none_was_in_force() -> None:
    shelf = Shelf()
    late = shelf.put("operator", "nurse-1", OPERATOR, entry=200)
    assert named(shelf.at(late).operator) == "1"


def test_correction_of_what_nobody_has_recorded_changes_nothing() -> None:
    shelf = Shelf()
    pin = shelf.put("protocol", "p", PROTOCOL, entry=1)
    unknown = pin.model_copy(update={"digest": "f" * 64})
    assert named(shelf.at(unknown).protocol) == "1"
    other = pin.model_copy(update={"registry_id": "q"})
    assert named(shelf.at(other).protocol) == "1"


def test_correction_names_a_thing_and_not_another_of_the_same_content() -> None:
    shelf = Shelf()
    shelf.put("protocol", "a", PROTOCOL, entry=1)
    shelf.put("protocol", "p", titled("old"), entry=2)
    pin = shelf.put("protocol", "p", PROTOCOL, entry=200, version="2")
    found = shelf.at(pin).protocol
    assert found is not None
    assert (found.registry_id, found.version) == ("p", "2")


def test_device_that_was_registered_late_counts_through_a_correction() -> None:
    shelf = Shelf()
    shelf.put("device_model", "pen", DEVICE_MODEL, entry=1)
    late = shelf.put("device", "d", DEVICE, entry=200)
    other = shelf.put("device", "e", {**DEVICE, "sender": "pen-8"}, entry=201)
    assert shelf.at().device is None
    found = shelf.at(late, other)
    assert found.device is not None
    assert (found.device.registry_id, named(found.device_model)) == ("d", "1")


def test_approval_and_appointment_recorded_late_count_through_corrections_if_they_held() -> None:
    shelf = Shelf()
    shelf.put("protocol", "p", PROTOCOL, entry=1)
    shelf.put("director", "a", {**DIRECTOR, "valid_until_ms": 900}, entry=2)
    approval = shelf.put("approval", "a", APPROVAL, entry=200)
    tardy = shelf.put("approval", "b", {**APPROVAL, "effective_from_ms": 2_000}, entry=201)
    foreign = shelf.put("approval", "c", {**APPROVAL, "protocol_digest": "e" * 64}, entry=202)
    director = shelf.put("director", "a", DIRECTOR, entry=203, version="2")
    found = shelf.at(approval, tardy, foreign, director)
    assert [version.registry_id for version in found.approvals] == ["a"]
    assert [version.version for version in found.directors] == ["2"]
    ended = shelf.put("director", "a", {**DIRECTOR, "valid_until_ms": 200}, entry=204, version="3")
    assert shelf.at(director, ended).directors == ()
    assert len(shelf.at(tardy, at_ms=None).approvals) == 1


# --- conflicts and pins --------------------------------------------------------------------------


def test_other_content_of_a_version_that_counts_is_a_conflict() -> None:
    shelf = Shelf()
    shelf.put("protocol", "p", titled("1"), entry=1)
    shelf.put("protocol", "p", titled("other"), entry=2)
    shelf.put("operator", "nobody", OPERATOR, entry=3)
    shelf.put("operator", "nobody", {**OPERATOR, "rf_allowed": True}, entry=4)
    found = shelf.at()
    assert found.protocol is not None
    assert found.protocol.digest == registry_digest(titled("1"))
    assert [version.digest for version in found.conflicts] == [registry_digest(titled("other"))]
    shelf.put("protocol", "p", titled("2"), entry=5, version="2")
    assert shelf.at().conflicts == ()


@pytest.mark.parametrize("number", range(5))
def test_sample_clinics_have_everything_in_force_that_a_visit_names(number: int) -> None:
    context = sample_context(number)
    registry = context.registry
    for name in ("clinic", "jurisdiction", "device", "device_model", "operator", "protocol"):
        assert getattr(registry, name) is not None, name
    assert registry.approvals
    assert registry.directors
    assert registry.conflicts == ()
    assert all(version.entry_id < FIRST_ENTRY_ID for version in registry.tip_models)
    assert len({pin.digest for pin in registry.pins}) == len(registry.pins)
