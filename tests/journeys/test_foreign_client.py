"""Somebody else's firmware, with somebody else's MQTT client, delivers a session throughout."""

import ast
import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dermatrace.clock import SystemClock
from dermatrace.ingest.service import IngestService
from dermatrace.journal.certificate import Certificate, certify
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.mqtt import BrokerAddress
from support.broker import Mosquitto
from support.foreign_device import ForeignDevice
from support.own_loop import run_in_own_loop
from support.tree import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.slow]

WAIT_MAX_S = 20.0
LOOK_INTERVAL_S = 0.02
CLINIC, SENDER, SESSION = "north", "pen-07", "s-foreign-1"
PLACE = {"zone": "cheek", "laterality": "left", "pass_number": 1}
ALLOWED = {"gmqtt", "jsonschema"}
"""All that a device maker's program may import beside the standard library."""


@contextmanager
def _recorder(journal: Path, port: int) -> Iterator[IngestService]:
    """Run a real recorder in a thread of its own."""
    service = IngestService(
        journal,
        BrokerAddress(host="127.0.0.1", port=port),
        health_host="127.0.0.1",
        health_port=0,
        clock=SystemClock(),
    )
    thread = threading.Thread(target=service.run, name="test.ingest")
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()


async def _until(condition: Callable[[], bool], what: str) -> None:
    give_up_at_s = time.monotonic() + WAIT_MAX_S
    while not condition():
        assert time.monotonic() < give_up_at_s, f"waited in vain for: {what}"
        await asyncio.sleep(LOOK_INTERVAL_S)


def _needle(device: ForeignDevice) -> None:
    facts = {
        "place": PLACE,
        "window_ms": 200,
        "offset_ms": [0, 200, 400],
        "stroke_count": [23, 24, None],
        "depth_commanded_mm": [1.5, 1.5, 1.5],
        "depth_measured_median_mm": [1.46, 1.47, None],
        "contact_fraction": [1, 0.85, 0],
    }
    device.record("needling.windows", facts)


def _shoot(device: ForeignDevice) -> None:
    pulse = {"power_w": 11.6, "duration_ms": 101.5, "energy_scope": "total"}
    depth = {
        "depth_commanded_mm": 1.5,
        "depth_measured_mm": 1.46,
        "sub_pulses": [{**pulse, "energy_delivered_mj": 1177.4}],
    }
    device.record("rf.shot", {"place": PLACE, "shot_number": 1, "depths": [depth]})


async def _play(device: ForeignDevice, broker: Mosquitto, journal: Path) -> None:
    """Begin with a recorder; lose what comes while it is away; end with it back."""
    with _recorder(journal, broker.port):
        async with asyncio.timeout(WAIT_MAX_S):
            maker = {"vendor": "Another Maker", "model": "Mixed One", "serial": "M-1"}
            device.record("session.started", {"salt": "bm90LXRoZS1zYW1lLW9uZQ", "device": maker})
            device.record("zone.entered", {"place": PLACE})
            _needle(device)
            await _until(lambda: device.settled_seq == 3, "a receipt for the first three")
    # The broker confirms what it keeps for the absent recorder, and then forgets it all.
    _needle(device)
    _shoot(device)
    await _until(lambda: device.everything_was_acknowledged, "the broker's PUBACKs")
    await asyncio.to_thread(broker.kill)
    await _until(lambda: not device.is_connected, "the device to notice")
    device.record("device.event", {"event": "alive"})
    await asyncio.to_thread(broker.start)
    with _recorder(journal, broker.port):
        await _until(lambda: device.settled_seq == 6, "receipts for what had been lost")
        device.stop(
            {
                "outcome": "completed",
                "stroke_count": 94,
                "shot_count": 1,
                "energy_delivered_mj": 1177.4,
            }
        )
        await _until(lambda: device.complete is not None, "the stream to be complete")


def _certificate(journal: Path) -> Certificate:
    with JournalReader(journal) as reader:
        stream = reader.stream(StreamKey(CLINIC, SENDER, "session", SESSION))
        assert stream is not None
        return certify(reader, stream)


def test_device_written_from_the_guide_alone_delivers_through_a_cut_and_a_lost_queue(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    journal = tmp_path / "journal.db"
    device = ForeignDevice(
        mosquitto.port,
        (CLINIC, SENDER),
        SESSION,
        flash=tmp_path / "flash",
        schemas=ROOT / "schemas" / "json",
        receipt_silence_s=1.0,
        reconnect_first_s=0.2,
    )

    async def scenario() -> None:
        async with device:
            await _play(device, mosquitto, journal)

    run_in_own_loop(scenario)

    assert device.connection_count >= 2
    assert device.repeated >= {3, 4}, "the recorder asked, the device answered"
    assert device.rejections == []
    certificate = _certificate(journal)
    assert (certificate.grade, certificate.chain) == ("complete", "matches")
    assert certificate.accepted_count == 7
    assert all(counter.stated == counter.arrived for counter in certificate.counters)


def test_foreign_device_imports_nothing_of_ours() -> None:
    source = (ROOT / "tests" / "support" / "foreign_device.py").read_text(encoding="utf-8")
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").partition(".")[0])
    ours = {name for name in imported if "dermatrace" in name or name == "support"}
    assert not ours
    assert imported & ALLOWED == ALLOWED
