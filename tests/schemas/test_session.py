"""A session as its device tells it."""

import json

import pytest

from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.session import DeviceEvent, Place, SessionStarted, SessionStopped
from support.vectors import example, with_changes


def test_start_with_nothing_but_who_speaks_is_enough() -> None:
    members = ("seq", "kind", "boot_id", "uptime_ms", "wall_time_ms", "salt")
    least = {name: example("session.started")[name] for name in members}
    least["device"] = {"vendor": "v", "model": "m", "serial": "1"}
    document = parse("session", json.dumps(least).encode())
    assert isinstance(document, SessionStarted)
    assert document.device.ratings is None


@pytest.mark.parametrize("member", ["vendor", "model", "serial"])
def test_device_without_an_identity_is_refused(member: str) -> None:
    device = {
        name: value
        for name, value in example("session.started")["device"].items()
        if name != member
    }
    with pytest.raises(Unreadable) as caught:
        parse("session", with_changes("session.started", device=device))
    assert caught.value.path == f"device.{member}"


def test_implausible_rating_is_recorded_as_it_came() -> None:
    device = example("session.started")["device"] | {"ratings": {"depth_max_mm": -40}}
    document = parse("session", with_changes("session.started", device=device))
    assert isinstance(document, SessionStarted)
    assert document.device.ratings is not None
    assert document.device.ratings.depth_max_mm == -40


def test_unlisted_zone_is_read() -> None:
    document = parse("session", with_changes("zone.entered", place={"zone": "behind-the-ear"}))
    assert document.model_dump()["place"] == Place(zone="behind-the-ear").model_dump()


@pytest.mark.parametrize("code", ["kickback", "1_STALL", "A", "A" * 49])
def test_fault_code_that_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("session", with_changes("device.event", fault_code=code))
    assert caught.value.path == "fault_code"


def test_event_of_no_known_name_is_refused() -> None:
    assert isinstance(parse("session", with_changes("device.event", event="alive")), DeviceEvent)
    with pytest.raises(Unreadable):
        parse("session", with_changes("device.event", event="set_depth"))


def test_stop_without_outcome_or_counters_is_read() -> None:
    nothing = dict.fromkeys(("outcome", "stroke_count", "shot_count", "chain"))
    document = parse("session", with_changes("session.stopped", **nothing))
    assert isinstance(document, SessionStopped)
    assert document.chain is None
