"""A device as its maker would write it: from docs/device-guide.md and the JSON Schemas alone.

Nothing here knows what the recorder is made of, and the MQTT client is not the recorder's. That
client, gmqtt, shows no reason code of a PUBACK, so a refusal goes unnoticed until no receipt comes.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import random
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import gmqtt
from gmqtt.mqtt.constants import MQTTv50
from jsonschema import Draft202012Validator

IN_FLIGHT_MAX: Final = 200
REPEATED_AGAIN_S: Final = 4.0
OUTBOX_INTERVAL_S: Final = 1.0
RECEIPT_SILENCE_MAX_S: Final = 300.0
RECONNECT_MAX_S: Final = 60.0
UP_WAIT_S: Final = 10.0
LOOK_INTERVAL_S: Final = 0.05
NO_RECONNECT: Final = -2
"""gmqtt takes -1 for "for ever" and tries once at 0; anything lower leaves reconnecting to us."""

Document = dict[str, Any]


class Flash:
    """The durable outbox: one file, one document a line, flushed before `store` returns."""

    def __init__(self, path: Path) -> None:
        whole, _, _torn = path.read_bytes().rpartition(b"\n") if path.exists() else (b"", b"", b"")
        self.documents = whole.split(b"\n") if whole else []
        self._path = path

    def store(self, payload: bytes) -> None:
        """Keep one more document; its number is its place."""
        with self._path.open("ab") as file:
            file.write(payload + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self.documents.append(payload)


class Window:
    """What gmqtt has published and the broker has not answered; stands in for its storage."""

    def __init__(self) -> None:
        self.publishing: int | None = None
        """The number being published just now; None for an outbox or a status."""
        self.unanswered: dict[int, int | None] = {}
        self.is_empty = True
        """gmqtt asks this to send again by itself; what goes out again is decided by us."""

    def push_message(self, mid: int, raw_package: bytes) -> None:  # noqa: ARG002  gmqtt's names
        """Note a publication."""
        self.unanswered[mid] = self.publishing

    def remove_message_by_mid(self, mid: int) -> None:
        """Note a PUBACK."""
        self.unanswered.pop(mid, None)

    def clear(self) -> None:
        """Forget them all: a new session began."""
        self.unanswered.clear()

    def get_all(self) -> list[tuple[int, bytes]]:
        """Return what gmqtt should send again: nothing."""
        return []

    async def wait_empty(self) -> None:
        """Return at once: nothing is sent again at a connect."""


class ForeignDevice:
    """One device with one session, from its start to its `complete`."""

    def __init__(
        self,
        port: int,
        root: tuple[str, str],
        stream_id: str,
        *,
        flash: Path,
        schemas: Path,
        receipt_silence_s: float = 10.0,
        reconnect_first_s: float = 1.0,
    ) -> None:
        """Boot; `root` is (clinic, sender id). Both waits are the guide's unless a test hurries."""
        self._port = port
        self._topics = f"dermatrace/v1/{root[0]}/{root[1]}"
        self._sender_id = root[1]
        self.stream_id = stream_id
        self._flash = Flash(flash)
        self._schemas = schemas
        self._receipt_silence_s = receipt_silence_s
        self._reconnect_first_s = reconnect_first_s
        self._boot_id = secrets.token_hex(6)
        self._booted_s = time.monotonic()
        self._window = Window()
        self._queue: set[int] = set()
        self._repeated_s: dict[int, float] = {}
        self._asked_s = self._outbox_sent_s = -RECEIPT_SILENCE_MAX_S
        self._silence_s = receipt_silence_s
        self._outbox_wanted = True
        self._ended = False
        self._journal_id: str | None = None
        self._task: asyncio.Task[None] | None = None
        self.settled_seq = 0
        self.complete: Document | None = None
        self.repeated: set[int] = set()
        self.rejections: list[Document] = []
        self.connection_count = 0
        self.is_connected = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_connected())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # --- the application's side ---------------------------------------------------------------

    def record(self, kind: str, facts: Mapping[str, object]) -> int:
        """Number, serialise once, check, persist, queue; return the number."""
        seq = len(self._flash.documents)
        document = {
            "seq": seq,
            "kind": kind,
            "boot_id": self._boot_id,
            "uptime_ms": self._uptime_ms(),
            "wall_time_ms": time.time_ns() // 1_000_000,
            **facts,
        }
        self._flash.store(self._serialise(document))
        self._queue.add(seq)
        return seq

    def stop(self, facts: Mapping[str, object]) -> None:
        """End the session; the chain covers everything before this document."""
        value = hashlib.sha256(b"dermatrace/v1\n" + self.stream_id.encode()).digest()
        for payload in self._flash.documents:
            value = hashlib.sha256(value + hashlib.sha256(payload).digest()).digest()
        self.record("session.stopped", {**facts, "chain": value.hex()})
        self._ended = self._outbox_wanted = True

    @property
    def everything_was_acknowledged(self) -> bool:
        """Whether the broker has answered all that was made."""
        return not self._queue and not self._window.unanswered

    # --- the connection -----------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        wait_s = self._reconnect_first_s
        while True:
            with contextlib.suppress(OSError, TimeoutError, gmqtt.mqtt.handler.MQTTConnectError):
                await self._live_through_one_connection()
                wait_s = self._reconnect_first_s
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, RECONNECT_MAX_S)

    async def _live_through_one_connection(self) -> None:
        unanswered = [seq for seq in self._window.unanswered.values() if seq is not None]
        self._queue.update(seq for seq in unanswered if seq >= self.settled_seq)
        self._window = Window()
        self._repeated_s.clear()
        lost, heard = asyncio.Event(), asyncio.Event()
        client = self._make_client(lost, heard)
        try:
            async with asyncio.timeout(UP_WAIT_S):
                await client.connect("127.0.0.1", self._port, keepalive=15, version=MQTTv50)
                answers = [f"{self._topics}/{name}" for name in ("receipt", "rejection")]
                client.subscribe([gmqtt.Subscription(topic, qos=1) for topic in answers])
                await heard.wait()
            self.connection_count += 1
            self.is_connected = self._outbox_wanted = True
            self._asked_s = time.monotonic()
            self._report(client, "status", {"boot_id": self._boot_id, "state": "online"})
            while not lost.is_set():
                self._do_what_is_due(client)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), LOOK_INTERVAL_S)
        finally:
            self.is_connected = False
            with contextlib.suppress(OSError):
                await client.disconnect()

    def _make_client(self, lost: asyncio.Event, heard: asyncio.Event) -> Any:  # noqa: ANN401  untyped
        offline = {"kind": "status", "boot_id": self._boot_id, "state": "offline"}
        client = gmqtt.Client(
            self._sender_id,
            clean_session=True,
            session_expiry_interval=0,
            persistent_storage=self._window,
            will_message=gmqtt.Message(
                f"{self._topics}/status", self._serialise(offline), qos=1, retain=True
            ),
        )
        client.set_config({"reconnect_retries": NO_RECONNECT})
        client.set_auth_credentials(self._sender_id, "not checked by the test's broker")
        client.on_message = self._hear
        client.on_disconnect = lambda *_: lost.set()
        client.on_subscribe = lambda *_: heard.set()
        return client

    def _do_what_is_due(self, client: Any) -> None:  # noqa: ANN401  gmqtt has no types
        while self._queue and len(self._window.unanswered) < IN_FLIGHT_MAX:
            seq = min(self._queue)
            self._queue.remove(seq)
            self._window.publishing = seq
            topic = f"{self._topics}/session/{self.stream_id}"
            client.publish(topic, self._flash.documents[seq], qos=1)
        self._window.publishing = None
        now_s = time.monotonic()
        unsettled = self.settled_seq < len(self._flash.documents) or (
            self._ended and self.complete is None
        )
        silent = unsettled and now_s - self._asked_s >= self._silence_s
        if silent:
            self._silence_s = min(2 * self._silence_s, RECEIPT_SILENCE_MAX_S)
        if (self._outbox_wanted or silent) and now_s - self._outbox_sent_s >= OUTBOX_INTERVAL_S:
            self._outbox_wanted = False
            self._asked_s = self._outbox_sent_s = now_s
            self._report(client, "outbox", self._account())

    def _account(self) -> Document:
        """Return what is held: here always everything, for nothing is ever freed."""
        count = len(self._flash.documents)
        stream: Document = {
            "stream_class": "session",
            "stream_id": self.stream_id,
            "first_seq": 0 if count else None,
            "last_seq": count - 1 if count else None,
            "ended": self._ended,
            "lost": [],
        }
        return {
            "boot_id": self._boot_id,
            "uptime_ms": self._uptime_ms(),
            "wall_time_ms": time.time_ns() // 1_000_000,
            "streams": [stream] if count else [],
        }

    def _report(self, client: Any, kind: str, facts: Document) -> None:  # noqa: ANN401  gmqtt's
        payload = self._serialise({"kind": kind, **facts})
        client.publish(f"{self._topics}/{kind}", payload, qos=1, retain=kind == "status")

    # --- the recorder's answers ---------------------------------------------------------------

    def _hear(self, _client: object, topic: str, payload: bytes, *_: object) -> int:
        answer = json.loads(payload)
        self._validate(answer)
        if topic.endswith("/rejection"):
            self.rejections.append(answer)
        elif answer["stream_id"] == self.stream_id:
            self._take_receipt(answer)
        return 0

    def _take_receipt(self, receipt: Document) -> None:
        another = self._journal_id not in {None, receipt["journal_id"]}
        if another or receipt["next_seq"] < self.settled_seq:
            self._outbox_wanted = True
        self._journal_id = receipt["journal_id"]
        self.settled_seq, self.complete = receipt["next_seq"], receipt["complete"]
        self._asked_s, self._silence_s = time.monotonic(), self._receipt_silence_s
        for span in receipt["missing"]:
            for seq in range(span["first_seq"], span["last_seq"] + 1):
                self._repeat(seq)

    def _repeat(self, seq: int) -> None:
        now_s = time.monotonic()
        on_its_way = seq in self._queue or seq in self._window.unanswered.values()
        if on_its_way or now_s - self._repeated_s.get(seq, -REPEATED_AGAIN_S) < REPEATED_AGAIN_S:
            return
        self._repeated_s[seq] = now_s
        self.repeated.add(seq)
        self._queue.add(seq)

    def _serialise(self, document: Document) -> bytes:
        self._validate(document)
        return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()

    def _validate(self, document: Document) -> None:
        """Hold a message against its published schema. Raises ValidationError."""
        path = self._schemas / f"{document['kind']}.json"
        Draft202012Validator(json.loads(path.read_text(encoding="utf-8"))).validate(document)

    def _uptime_ms(self) -> int:
        return int((time.monotonic() - self._booted_s) * 1_000)
