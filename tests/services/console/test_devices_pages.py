"""Devices: by the registry, by themselves, and what a vendor sees of them."""

import json

from support.console_bench import NORTH, VENDOR, ConsoleBench
from support.console_clinic import DEVICES
from support.judged_clinic import MEDICAL_DAYS, SUBJECT

API = "/api/v1"
DAY_MS = 86_400_000


def test_device_is_told_by_registry_by_itself_and_by_its_use(bench: ConsoleBench) -> None:
    told = bench.signed_in("director").get(f"{API}/devices/{NORTH}/{DEVICES[NORTH]}").json()
    device = told["device"]
    assert (device["vendor"], device["model"]) == (VENDOR, "Constant Rate Pen")
    assert (device["announced"]["firmware"], device["state"]) == ("2.4.1", "online")
    assert device["differs"] == ["serial"]
    assert device["usage"]["contact_stroke_count"] > 0
    assert device["usage"]["contact_stroke_count"] == sum(
        month["contact_stroke_count"] for month in told["months"]
    )
    session_count = len(MEDICAL_DAYS) + 1  # and the one of which nothing could be read
    assert sum(month["session_count"] for month in told["months"]) == session_count
    months = [month["month"] for month in told["months"]]
    assert months[-1] is None, "that one has no day"
    assert months[:-1] == sorted(months[:-1], reverse=True)


def test_sender_that_nobody_registered_is_listed_as_such(bench: ConsoleBench) -> None:
    devices = bench.signed_in("director").get(f"{API}/devices").json()["devices"]
    assert {one["sender"] for one in devices} >= {*DEVICES.values()}
    assert all(one["why_not"] for one in devices if one["device_id"] is None)


def test_vendor_sees_devices_of_theirs_without_room_or_hour(bench: ConsoleBench) -> None:
    answered = bench.signed_in("vendor").get(f"{API}/devices")
    devices = answered.json()["devices"]
    assert {one["vendor"] for one in devices} == {VENDOR}
    assert {one["room_id"] for one in devices} == {None}
    assert {one["last_received_ms"] % DAY_MS for one in devices} == {0}
    told = answered.text + bench.signed_in("vendor").get(f"/devices/{NORTH}/pen-north-1").text
    assert SUBJECT not in told
    assert "north-nurse" not in told
    assert "/sessions" not in told


def test_vendor_of_other_devices_sees_none_even_by_address(bench: ConsoleBench) -> None:
    bench.people.add("other-maker", "vendor", None, "Another Maker")
    client = bench.anybody()
    client.post("/enter", data={"token": bench.people.issue("link", "other-maker")})
    assert client.get(f"{API}/devices").json()["devices"] == []
    assert client.get(f"/devices/{NORTH}/{DEVICES[NORTH]}").status_code == 404


def test_what_a_device_says_of_itself_opens_nothing(bench: ConsoleBench) -> None:
    bench.people.add("maker", "vendor", None, "SIM-PEN-9999")
    client = bench.anybody()
    client.post("/enter", data={"token": bench.people.issue("link", "maker")})
    assert json.loads(client.get(f"{API}/devices").text) == {"devices": []}
