"""`dermatrace doctor`: look at everything that may be wrong, and say what to do about each."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from dermatrace.cli.doctor_forward import look_at_forward
from dermatrace.cli.doctor_influxdb import look_at_influxdb
from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, table
from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError, ServerUnavailable, WrongFile
from dermatrace.health import ask_health
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.reading.looked_at import Finding
from dermatrace.reading.registry_lacks import look_at_registry
from dermatrace.settings import Settings, load_settings
from dermatrace.supervisor.broker import answers, find_mosquitto

FREE_MIN_BYTES: Final = 2 * 1024**3
"""Less free disk than this is worth a word: about a month of five devices."""
LAG_ENTRIES_MAX: Final = 2_000
"""A judge further behind the journal than this is not keeping up, or not running."""


def doctor(data: Data = None, *, as_json: AsJson = False) -> None:
    """Look at data folder, disk, journal, broker, recorder, InfluxDB, judge and registry.

    Of the registry it says what each clinic on record lacks before its first day of treatments.
    Exit code 1 if something is not as it should be; each line says what to do.
    """
    settings = load_settings(data=data)
    findings = list(_look(settings))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table(
            ("", "looked at", "found", "what to do"),
            [
                ("ok" if finding.ok else "!!", finding.what, finding.found, finding.remedy)
                for finding in findings
            ],
        )
    if not all(finding.ok for finding in findings):
        raise DermatraceError("something needs attention, see above")


def _look(settings: Settings) -> Iterator[Finding]:
    yield _data_folder(settings)
    yield _disk(settings)
    journal = _journal(settings)
    yield journal
    yield _mosquitto()
    yield _broker(settings)
    yield _recorder(settings)
    yield from look_at_influxdb(settings)
    if journal.ok:
        yield from look_at_forward(settings)
        yield _judge(settings)
        yield _judge_process(settings)
        yield from look_at_registry(settings.journal_file, SystemClock().utc_ms())


def _data_folder(settings: Settings) -> Finding:
    folder = settings.data
    if not folder.exists():
        return Finding("data folder", ok=True, found=f"{folder} does not exist yet")
    if not os.access(folder, os.W_OK):
        remedy = "Let the user who runs dermatrace write there."
        return Finding("data folder", ok=False, found=f"{folder} is not writable", remedy=remedy)
    return Finding("data folder", ok=True, found=str(folder.resolve()))


def _disk(settings: Settings) -> Finding:
    folder = next(
        path
        for path in (settings.data.resolve(), *settings.data.resolve().parents)
        if path.exists()
    )
    free_bytes = shutil.disk_usage(folder).free
    ok = free_bytes >= FREE_MIN_BYTES
    remedy = "" if ok else "Free space, or move the data folder: a full disk stops recording."
    return Finding("free disk", ok=ok, found=f"{free_bytes / 1024**3:.1f} GiB", remedy=remedy)


def _journal(settings: Settings) -> Finding:
    path = settings.journal_file
    if not path.exists():
        return Finding("journal", ok=True, found="none yet: ingest makes it")
    try:
        with JournalReader(path) as reader:
            head = reader.head()
            return Finding("journal", ok=True, found=f"{reader.journal_id}, head {head}")
    except WrongFile as error:
        return Finding("journal", ok=False, found=str(error), remedy=error.remedy)


def _judge(settings: Settings) -> Finding:
    if not settings.index_file.exists():
        if not settings.journal_file.exists():
            return Finding("judge", ok=True, found="nothing to judge yet")
        remedy = (
            "Start it (`dermatrace up` or `dermatrace judge`): it judges all that is on record."
        )
        return Finding("judge", ok=False, found="nothing has been judged", remedy=remedy)
    with (
        JournalReader(settings.journal_file) as reader,
        Index(settings.index_file, read_only=True) as index,
    ):
        head, (judged, _) = reader.head(), index.cursor()
    lag = head.entry_id - judged.entry_id
    ok = lag <= LAG_ENTRIES_MAX
    remedy = "" if ok else "Is it running? Its log says why it ended."
    found = f"judged to entry {judged.entry_id} of {head.entry_id}"
    return Finding("judge", ok=ok, found=found, remedy=remedy)


def _judge_process(settings: Settings) -> Finding:
    if not settings.journal_file.exists():
        return Finding("judging", ok=True, found="nothing to judge yet")
    try:
        state = ask_health(settings.judge_page)
    except ServerUnavailable:
        found = f"nobody answers at {settings.judge_page}/healthz"
        remedy = "Start it (`dermatrace up` or `dermatrace judge`); its log says why it ended."
        return Finding("judging", ok=False, found=found, remedy=remedy)
    told = state.problems or ["runs" if state.is_healthy else "runs, but cannot reach the broker"]
    remedy = "" if state.is_healthy else "Its log says more. Verdicts wait in its outboxes."
    return Finding("judging", ok=state.is_healthy, found="; ".join(told), remedy=remedy)


def _mosquitto() -> Finding:
    program = find_mosquitto()
    found = program or "not installed"
    remedy = "" if program else "For real use: apt-get install mosquitto (the demo does without)."
    return Finding("mosquitto", ok=True, found=found, remedy=remedy)


def _broker(settings: Settings) -> Finding:
    host, port = settings.broker_host, settings.broker_port
    ok = answers(host, port)
    found = f"{'answers' if ok else 'nobody answers'} at {host}:{port}"
    remedy = "" if ok else "Start it (`dermatrace up`), or set DERMATRACE_BROKER_HOST and _PORT."
    return Finding("broker", ok=ok, found=found, remedy=remedy)


def _recorder(settings: Settings) -> Finding:
    remedy = "Start it (`dermatrace up` or `dermatrace ingest`); its log says why it ended."
    try:
        state = ask_health(settings.ingest_page)
    except ServerUnavailable as error:
        return Finding("recorder", ok=False, found=str(error.args[0]), remedy=remedy)
    told = state.problems or ["records" if state.is_healthy else "not connected to the broker yet"]
    remedy = "" if state.is_healthy else "Is the broker running? The recorder tries by itself."
    return Finding("recorder", ok=state.is_healthy, found="; ".join(told), remedy=remedy)
