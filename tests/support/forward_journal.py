"""A journal written document by document, and forwarding that follows it into a shelf of points."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from dermatrace.forward.account import Account
from dermatrace.forward.store import Quarantined, Store
from dermatrace.journal.streams import StreamKey
from dermatrace_schemas.identifiers import JUDGE_SENDER
from support.forward_runs import Way
from support.judge_bench import erasure_message
from support.manual_clock import NOON_MS
from support.pipeline_bench import PipelineBench
from support.point_shelf import PointShelf, Value
from support.vectors import example

PEN: Final = StreamKey("north-clinic", "pen-7", "session", "s-1")
OTHER: Final = StreamKey("north-clinic", "pen-7", "session", "s-2")
SECOND_MS: Final = 1_000


class HandJournal:
    """Short words for what devices, the judge and people say, and for what forwarding makes of it.

    Every document arrives by itself; time passes only when `wait` is called.
    """

    def __init__(self, folder: Path) -> None:
        self.bench = PipelineBench(folder / "journal.db")
        self.way = Way(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bench.journal.close()

    @property
    def shelf(self) -> PointShelf:
        """What stands in InfluxDB."""
        return self.way.shelf

    def wait(self, step_ms: int) -> None:
        """Let time pass by the recorder's clock; what it notices by then is journalled."""
        self.bench.clock.advance(step_ms)
        self.bench.pipeline.look()

    def tell(self, seq: int, kind: str, /, key: StreamKey = PEN, **members: object) -> None:
        """Let a device send a document; its clock shows a second more with each number."""
        self.bench.send(self.payload(seq, kind, **members), to=key)

    def payload(self, seq: int, kind: str, /, **members: object) -> bytes:
        """Return what a device sends."""
        clock = {"uptime_ms": seq * SECOND_MS, "wall_time_ms": NOON_MS + seq * SECOND_MS}
        document = example(kind) | {"seq": seq, "boot_id": "boot-1"} | clock | members
        return json.dumps(document).encode()

    def judge(
        self,
        seq: int,
        kind: str,
        /,
        generation: int = 0,
        key: StreamKey = PEN,
        **members: Any,  # noqa: ANN401  JSON
    ) -> None:
        """Let the judge say something of a session."""
        members |= {"generation": generation} if kind == "opened" else {}
        payload = self.verdict_payload(seq, kind, key, **members)
        self.judge_bytes(payload, generation=generation, key=key)

    def judge_bytes(self, *payloads: bytes, generation: int = 0, key: StreamKey = PEN) -> None:
        """Let the judge say these."""
        self.bench.send(*payloads, to=verdict_key(key, generation))

    def verdict_payload(
        self,
        seq: int,
        kind: str,
        /,
        key: StreamKey = PEN,
        **members: Any,  # noqa: ANN401  JSON
    ) -> bytes:
        """Return what the judge sends."""
        session = {"sender": key.sender, "stream_id": key.stream_id}
        document = example(f"verdict.{kind}") | {"seq": seq, "wall_time_ms": NOON_MS + 60_000}
        if "finding" in document:
            document["finding"] |= {"session": session}
        if kind == "opened":
            document |= {"session": session, "pins": []}
        return json.dumps(_merged(document, members)).encode()

    def send_json(self, topic: str, document: Mapping[str, Any], seq: int) -> None:
        """Let anything arrive."""
        self.bench.send(json.dumps({**document, "seq": seq}).encode(), to=topic)

    def report(self, kind: str, /, sender: str = "pen-7", **members: object) -> None:
        """Let a device say something of itself outside its sessions."""
        payload = json.dumps(example(kind) | members).encode()
        self.bench.send(payload, to=f"dermatrace/v1/north-clinic/{sender}/{kind}")

    def garble(self, seq: int | None, key: StreamKey = PEN) -> None:
        """Let something arrive that nobody can read."""
        self.bench.send(b"?" if seq is None else b'{"seq":%d,' % seq, to=key)

    def order(self, *keys: StreamKey, name: str = "order-1") -> None:
        """Let somebody order the erasure of sessions."""
        streams = [dict(zip(("clinic", "sender", "stream_class", "stream_id"), k, strict=True))
                   for k in keys]  # fmt: skip
        message = erasure_message("north-clinic", name, streams=streams)
        self.bench.send(message.payload, to=message.topic)

    def limited_session(self) -> None:
        """Let a session be judged by a treatment protocol that limits depth on the cheek."""
        protocol = example("registry.protocol")
        self.send_json("dermatrace/v1/north-clinic/registry/registry/import-1", protocol, 0)
        names = ("registry_id", "version", "digest")
        pin = {"registry_kind": "protocol"} | {name: protocol[name] for name in names}
        self.tell(0, "session.started")
        self.tell(1, "zone.entered", place={"zone": "cheek"})
        self.judge(0, "opened", pins=[pin])
        self.judge(1, "finding_raised")

    def forward(self, entries: int = 500) -> Account:
        """Forward what is there; return the account, which must hold."""
        account = self.way.go(entries)
        assert account.difference_count == 0, str(account)
        return account

    def quarantined(self) -> list[Quarantined]:
        """Return what was refused."""
        with Store(self.way.folder / "forward.db", read_only=True) as store:
            return list(store.quarantined())

    def fields(self, measurement: str) -> list[dict[str, Value]]:
        """Return the fields of a measurement's points, by time."""
        return self.shelf.fields(measurement)

    def tags(self, measurement: str, name: str) -> list[str]:
        """Return one tag of a measurement's points, by time."""
        keys = sorted(self.shelf.named(measurement), key=lambda key: (key.at_ns, key.tags))
        return [key.tag[name] for key in keys]


def verdict_key(key: StreamKey, generation: int) -> StreamKey:
    """Return the stream of one judgement of a session."""
    name = f"{key.sender}.{key.stream_id}.g{generation}"
    return StreamKey(key.clinic, JUDGE_SENDER, "verdict", name)


def _merged(document: dict[str, Any], members: Mapping[str, object]) -> dict[str, Any]:
    """Return a document with members changed; of a member that is an object, its own members."""
    found = dict(document)
    for name, value in members.items():
        told = found.get(name)
        found[name] = told | value if isinstance(told, dict) and isinstance(value, dict) else value
    return found
