"""The data folder of the console's tests: the judged clinic, and what goes wrong around it."""

import json
from pathlib import Path
from typing import Any, Final

from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.topics import Topic
from support.judge_bench import JudgeBench, Message, registry_messages
from support.judged_clinic import fill

PROTOCOL: Final = "example-medical-needling"
DEVICES: Final = {"north-clinic": "pen-north-1", "south-clinic": "pen-south-1"}
BROKEN: Final = b'{"seq": 7, "kind": "session.started", "depth": '
NO_TEXT: Final = bytes(range(128, 160))
STRAY_TOPIC: Final = "dermatrace/v1/Not A Clinic/pen/session/s-1"


def fill_with_mishaps(folder: Path) -> None:
    """Make journal and index of the judged clinic, and record what the pages are about."""
    fill(folder)
    bench = JudgeBench(folder)
    bench.record(mishaps())
    bench.judge()
    bench.close()


def mishaps() -> list[Message]:
    """Return what the pages of rejections, devices and protocols are about."""
    found = []
    for clinic, sender in DEVICES.items():
        stream = str(Topic(clinic, sender, "session", "broken-1"))
        found += [Message(stream, BROKEN), Message(stream, NO_TEXT), *_reports(clinic, sender)]
    return [*found, Message(STRAY_TOPIC, BROKEN), *_second_version()]


def _reports(clinic: str, sender: str) -> list[Message]:
    """Return what a device says of itself, another serial than is registered among it."""
    device = {
        "vendor": "dermatrace simulator",
        "model": "Constant Rate Pen",
        "serial": "SIM-PEN-9999",
        "firmware": "2.4.1",
    }
    said: dict[str, dict[str, Any]] = {
        "announcement": {"wall_time_ms": None, "device": device},
        "status": {"state": "online"},
    }
    return [
        Message(
            f"dermatrace/v1/{clinic}/{sender}/{kind}",
            json.dumps({"kind": kind, "boot_id": "boot-1"} | facts).encode(),
        )
        for kind, facts in said.items()
    ]


def _second_version() -> list[Message]:
    """Return a second version of a protocol at one clinic, and another content under its name."""
    documents = [
        json.loads(message.payload)
        for message in registry_messages()
        if "/north-clinic/" in message.topic
    ]
    first = next(told for told in documents if told.get("registry_id") == PROTOCOL)
    bands = first["content"]["bands"]
    deeper = [{**bands[0], "upper": {**bands[0]["upper"], "value": 0.8}}, *bands[1:]]
    contents = {
        "2": {**first["content"], "bands": deeper},
        "1": {**first["content"], "zones": ["nose"]},
    }
    return [
        _of(first, seq, version, content) for seq, (version, content) in enumerate(contents.items())
    ]


def _of(first: dict[str, Any], seq: int, version: str, content: dict[str, Any]) -> Message:
    told = {**first, "seq": seq, "version": version, "content": content}
    told["digest"] = registry_digest(content)
    topic = str(Topic("north-clinic", "registry", "registry", "import-2"))
    return Message(topic, json.dumps(told).encode())
