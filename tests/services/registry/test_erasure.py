"""An order to erase: what it may name, and that the data is gone once it is recorded."""

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.mqtt import BrokerAddress
from dermatrace.registry.erasure import erasure_order, send_erasure
from dermatrace.sender.sender import Sender
from support.broker import Mosquitto
from support.recorder_thread import recorder_thread
from support.vectors import example
from support.waiting import wait_until

CLINIC, SUBJECT = "north-clinic", "subject-7f3a9c"
PEN = StreamKey(CLINIC, "pen-1", "session", "s-1")
WAIT_S = 20.0


def _facts(kind: str, **changed: JsonValue) -> dict[str, JsonValue]:
    envelope = {"seq", "kind", "boot_id", "uptime_ms", "wall_time_ms"}
    told = {name: value for name, value in example(kind).items() if name not in envelope}
    return told | changed


def _order(**given: JsonValue) -> dict[str, JsonValue]:
    streams = given.pop("streams", [])
    assert isinstance(streams, list)
    return erasure_order(
        subject_id=None if given.get("subject_id") is None else str(given["subject_id"]),
        streams=[str(stream) for stream in streams],
        reason=str(given.get("reason", "asked for")),
        ordered_by=str(given.get("ordered_by", "north-director")),
    )


def _record_session(address: BrokerAddress, outbox: Path, serial: str = "SIM-1") -> None:
    """Record a session whose device names the subject."""
    started = _facts("session.started", plan={"subject_id": SUBJECT})
    device = started["device"]
    assert isinstance(device, dict)
    with Sender(address, CLINIC, PEN.sender, outbox) as sender:
        stream = sender.open_stream("session", PEN.stream_id)
        told = started | {"device": device | {"serial": serial}}
        stream.send("session.started", told, uptime_ms=0, wall_time_ms=None)
        stream.send("session.stopped", {}, uptime_ms=1, wall_time_ms=None)
        stream.end()
        assert sender.wait_settled(WAIT_S)


def _give(address: BrokerAddress, outbox: Path, order: dict[str, JsonValue]) -> str:
    with Sender(address, CLINIC, "front-desk", outbox) as sender:
        return send_erasure(order, sender, WAIT_S).state


@pytest.mark.broker
@pytest.mark.parametrize("named", [{"subject_id": SUBJECT}, {"streams": [str(PEN)]}], ids=str)
def test_order_is_recorded_payloads_go_and_later_data_is_counted_only(
    tmp_path: Path, mosquitto: Mosquitto, named: dict[str, JsonValue]
) -> None:
    journal, address = tmp_path / "journal.db", BrokerAddress(host="127.0.0.1", port=mosquitto.port)
    with recorder_thread(journal, address):
        _record_session(address, tmp_path / "pen.db")
        assert _give(address, tmp_path / "desk.db", _order(**named)) == "recorded"
        with JournalReader(journal) as reader:
            head_before = reader.head()
            _record_session(address, tmp_path / "pen-again.db")
            wait_until(lambda: _erased_count(reader) == 2, what="both documents to be counted")
            record = reader.stream(PEN)
            assert record is not None
            session = reader.read_stream(record.row)
            later = reader.read_after(head_before.entry_id)
            all_entries = reader.read_after(0)

    assert [entry.payload for entry in session] == [None, None]
    assert not [entry for entry in later if entry.topic.endswith(f"/session/{PEN.stream_id}")]
    orders = [
        json.loads(entry.payload)
        for entry in all_entries
        if entry.payload is not None and b'"registry.erasure"' in entry.payload
    ]
    assert [order["reason"] for order in orders] == ["asked for"]
    assert record.erased_by is not None


def _erased_count(reader: JournalReader) -> int:
    record = reader.stream(PEN)
    return 0 if record is None else record.erased_count


def test_order_says_what_was_asked_for() -> None:
    assert _order(subject_id=SUBJECT, streams=["north/pen-1/session/s-1"]) == {
        "reason": "asked for",
        "ordered_by": "north-director",
        "subject_id": SUBJECT,
        "streams": [
            {
                "clinic": "north",
                "sender": "pen-1",
                "stream_class": "session",
                "stream_id": "s-1",
            }
        ],
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "an erasure names a subject_id, streams or both"),
        ({"subject_id": "A Name"}, "subject_id: String should match pattern"),
        ({"streams": ["north/pen-1/s-1"]}, "'north/pen-1/s-1' is no stream"),
        ({"streams": ["north/pen-1/film/s-1"]}, r"streams\.0\.stream_class: Input should be"),
        ({"subject_id": SUBJECT, "reason": ""}, "reason: String should have at least 1"),
        ({"subject_id": SUBJECT, "ordered_by": "The Boss"}, "ordered_by: String should match"),
    ],
)
def test_order_that_names_nothing_possible_is_refused(
    given: dict[str, JsonValue], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        _order(**given)
