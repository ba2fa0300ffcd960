"""How each part is: asked where it tells it, and read where it leaves its traces."""

import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final

from dermatrace.console.desk import Desk
from dermatrace.console.words import age_words
from dermatrace.reading.looked_at import Finding
from dermatrace.settings import Settings

ASK_WAIT_MAX_S: Final = 1.0
"""Longest wait for one part's answer; then it counts as not answering."""
FREE_MIN_BYTES: Final = 2 * 1024**3
"""Less free disk than this is said: about a month of five devices."""
BEHIND_ENTRIES_MAX: Final = 2_000
"""A judge further behind than this is not keeping up, or does not run."""
ANSWER_BYTES_MAX: Final = 65_536
"""Of a health page; the rest is not read."""
_START: Final = "Start it: `dermatrace up`, or alone"


def look_at_parts(desk: Desk) -> Iterator[Finding]:
    """Yield how each part is, in the order in which a reading passes through them."""
    settings = desk.installation.settings
    yield _broker(settings)
    yield _recorder(settings)
    yield _journal(desk)
    yield _judge(desk)
    yield _forward(settings)
    yield _disk(settings)


def _broker(settings: Settings) -> Finding:
    host, port = settings.broker_host, settings.broker_port
    try:
        socket.create_connection((host, port), timeout=ASK_WAIT_MAX_S).close()
    except OSError as error:
        remedy = "Start it: `dermatrace up`. Devices keep what they have until it answers."
        return Finding("broker", ok=False, found=f"{host}:{port}: {_why(error)}", remedy=remedy)
    return Finding("broker", ok=True, found=f"answers at {host}:{port}")


def _recorder(settings: Settings) -> Finding:
    told = _ask(f"{settings.ingest_page}/healthz")
    if isinstance(told, str):
        remedy = f"{_START} `dermatrace ingest`. Devices keep what they have until it records."
        return Finding("recorder", ok=False, found=told, remedy=remedy)
    problems = ", ".join(map(str, told.get("problems", ())))
    if told.get("healthy") and told.get("connected", True):
        return Finding("recorder", ok=True, found="records what comes")
    remedy = "Its log says more. Nothing is confirmed meanwhile, and nothing is lost."
    return Finding("recorder", ok=False, found=problems or "not connected", remedy=remedy)


def _journal(desk: Desk) -> Finding:
    journal = desk.record.journal
    if journal is None:
        remedy = f"{_START} `dermatrace ingest`: it makes the journal."
        return Finding("journal", ok=False, found="nothing has been recorded yet", remedy=remedy)
    head = journal.head()
    newest = journal.entry(head.entry_id)
    age_ms = None if newest is None else max(0, desk.now_ms - newest.received_ms)
    last = "" if age_ms is None else f", the newest {age_words(age_ms)} old"
    return Finding("journal", ok=True, found=f"{head.entry_id:,} entries{last}")


def _judge(desk: Desk) -> Finding:
    journal, index = desk.record.journal, desk.record.index
    if journal is None:
        return Finding("judge", ok=True, found="nothing to judge yet")
    if index is None:
        remedy = f"{_START} `dermatrace judge`: it judges all that is on record."
        return Finding("judge", ok=False, found="nothing has been judged", remedy=remedy)
    behind = max(0, journal.head().entry_id - index.cursor()[0].entry_id)
    told = _ask(f"{desk.installation.settings.judge_page}/healthz")
    if isinstance(told, str):
        remedy = f"{_START} `dermatrace judge`. It goes on where it was; findings may be missing."
        return Finding("judge", ok=False, found=f"{told}, {behind:,} entries behind", remedy=remedy)
    if not told.get("healthy"):
        problems = ", ".join(map(str, told.get("problems", ()))) or "not connected to the broker"
        remedy = "Its log says more. Verdicts wait in its outboxes, and nothing is lost."
        return Finding("judge", ok=False, found=problems, remedy=remedy)
    if behind <= BEHIND_ENTRIES_MAX:
        found = "has judged all there is" if behind == 0 else f"{behind:,} entries behind"
        return Finding("judge", ok=True, found=found)
    remedy = f"{_START} `dermatrace judge`. If it runs it is catching up: look again."
    return Finding("judge", ok=False, found=f"{behind:,} entries behind", remedy=remedy)


def _forward(settings: Settings) -> Finding:
    what = "forwarding to InfluxDB"
    told = _ask(f"{settings.forward_page}/healthz")
    if isinstance(told, str):
        if not settings.forward_file.exists():
            return Finding(what, ok=True, found="not in use: there are no trends in Grafana")
        remedy = f"{_START} `dermatrace forward`. It goes on where it was; nothing is dropped."
        return Finding(what, ok=False, found=told, remedy=remedy)
    problems = ", ".join(map(str, told.get("problems", ())))
    if told.get("healthy"):
        return Finding(what, ok=True, found=problems or "keeps up")
    remedy = "Its log names the hop that fails. It goes on by itself once that works."
    return Finding(what, ok=False, found=problems or "not well", remedy=remedy)


def _disk(settings: Settings) -> Finding:
    free_bytes = shutil.disk_usage(settings.data).free
    ok = free_bytes >= FREE_MIN_BYTES
    remedy = "" if ok else "Free space, or move the data folder: a full disk stops recording."
    return Finding("free disk", ok=ok, found=f"{free_bytes / 1024**3:.1f} GiB", remedy=remedy)


def _ask(url: str) -> dict[str, Any] | str:
    """Return what a health page says, well or not; a string says why it does not."""
    try:
        with urllib.request.urlopen(url, timeout=ASK_WAIT_MAX_S) as answer:  # noqa: S310  our own address
            return _read(answer.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as error:
        return _read(error.read(ANSWER_BYTES_MAX))
    except OSError as error:
        return f"does not answer: {_why(error)}"


def _read(body: bytes) -> dict[str, Any] | str:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else "something else answers there"


def _why(error: OSError) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason).lower()
