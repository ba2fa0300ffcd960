"""Opening a finished half-hour session in the console, from a journal of ten million windows.

The session is a pen's visit to the sample clinic, 18,000 windows in some 1,800 documents, judged,
with its verdicts on record. Beside it lie 560 sessions of the same length, of which half came
before it and half after, each twenty of them at the same time; they were written by the recorder's
own code, without a broker, and judged. The baseline is the same session from a journal that holds
nothing else. Each is opened in a console of its own, in alternation. *First byte* is from asking to
the answer's head; *page* and *readings* to their last byte. *First chart drawn* is from leaving for
the page until its plots are drawn, in a Chromium that has seen nothing of the console yet. The aim
is two seconds.

It is not a file that nobody has read lately: it lies in the system's cache, as it was just written.
No network lies between.
"""

import http.client
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import drawing, filled, floor, judged, stack, visits
from benchmarks.documents import HALF_HOUR_DOCUMENTS
from benchmarks.rounds import Row, Run, Sample, alternate
from dermatrace.errors import DermatraceError
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import PEN_NORTH
from dermatrace.supervisor.broker import free_port
from dermatrace_schemas.identifiers import JUDGE_SENDER
from dermatrace_schemas.topics import Topic
from support.console_browser import Browser
from support.judge_bench import payload_of
from support.manual_clock import ManualClock
from support.real_servers import find_chromium

WINDOWS_PER_DOCUMENT: Final = 10
HALF_HOUR_MS: Final = 1_800_000
ALONE: Final = "alone"
ANSWER_MAX_S: Final = 60.0
MILLISECONDS: Final = 1e3
DRAWN: Final = """
new MutationObserver((_, observer) => {
  if (!document.getElementById("plots")?.dataset.drawn) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame((at) => { window.drawnMs = at; }));
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Notes when the frame after the one in which the readings were drawn begins."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many sessions lie around the one, how long each is, how often it is opened."""

    around: int
    documents: int
    minutes: float
    rounds: int
    drawn_rounds: int


FULL = Size(around=560, documents=HALF_HOUR_DOCUMENTS, minutes=30, rounds=7, drawn_rounds=5)
QUICK = Size(around=4, documents=20, minutes=0.5, rounds=1, drawn_rounds=1)


@dataclass(frozen=True, slots=True)
class Opened:
    """A console, and the session's page in it."""

    settings: Settings
    token: str
    page: str
    readings: str

    @property
    def url(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self.settings.console_port}"


def measure(run: Run) -> list[Row]:
    """Make both journals, then open the session from both in alternation."""
    size = run.size(FULL, QUICK)
    windows = size.around * size.documents * WINDOWS_PER_DOCUMENT
    among = f"among {windows:,} windows"
    with run.scratch() as folder, ExitStack() as at_the_end:
        took_s, opened = {}, {}
        for name, around in ((ALONE, 0), (among, size.around)):
            settings = _settings(folder / str(around))
            started_s = time.perf_counter()
            stream = _make(settings, around, size)
            took_s[name] = time.perf_counter() - started_s
            opened[name] = _opened(settings, stream)
            at_the_end.enter_context(stack.console(settings))
        rows: list[Row] = []
        for what, ask in (("page", _page), ("readings", _readings)):
            asked = _alternate(size.rounds, opened, ask)
            for place, part in enumerate(("first byte", "last byte")):
                found = {name: tuple(one[place] for one in told) for name, told in asked.items()}
                rows += _rows(f"{what}, {part}", found)
        if find_chromium() is not None:
            with Browser(drawing.chromium()) as browser:
                found = _alternate(size.drawn_rounds, opened, partial(_drawn_ms, browser))
            rows += _rows("first chart drawn", found)
        journal = opened[among].settings.journal_file
        mib = journal.stat().st_size / stack.MEBIBYTE
    return [
        *rows,
        Row("making and judging the journal", "s", (took_s[among],)),
        Row("its file", "MiB", (mib,)),
    ]


def _settings(folder: Path) -> Settings:
    folder.mkdir()
    settings = stack.settings_for(folder, free_port())
    return settings.model_copy(update={"console_port": free_port()})


def _make(settings: Settings, around: int, size: Size) -> visits.Visit:
    """Record and judge a session among others; return its visit."""
    journal, clock = settings.journal_file, ManualClock(visits.BEGINS_MS)
    clock.advance(-HALF_HOUR_MS * (2 + around // filled.AT_ONCE))
    script = visits.script_of(PEN_NORTH, size.minutes)
    visit = visits.visit(PEN_NORTH, script, 1)
    filled.record(journal, visits.registry(), clock)
    for first in range(0, around, filled.AT_ONCE):
        if first <= around // 2 < first + filled.AT_ONCE:
            filled.record(journal, [*visit.before, *visit.session, *visit.after], clock)
        numbers = range(first, min(first + filled.AT_ONCE, around))
        filled.fill(journal, numbers, size.documents, clock=clock)
        clock.advance(HALF_HOUR_MS)
    if not around:
        filled.record(journal, [*visit.before, *visit.session, *visit.after], clock)
    said: list[visits.Message] = []
    judged.follow(
        journal,
        settings.index_file,
        lambda one: said.append(
            visits.Message(
                str(Topic(one.clinic, JUDGE_SENDER, "verdict", one.stream_id)), payload_of(one)
            )
        ),
    )
    filled.record(journal, said, clock)
    judged.follow(journal, settings.index_file, judged.unsaid)
    return visit


def _opened(settings: Settings, visit: visits.Visit) -> Opened:
    key = visit.stream
    page = f"/sessions/{key.clinic}/{key.sender}/{key.stream_id}"
    return Opened(settings, floor.let_in(settings, "access"), page, f"/api/v1{page}/trace")


def _alternate(
    rounds: int, opened: dict[str, Opened], measure_one: Callable[[Opened], Sample]
) -> dict[str, tuple[Sample, ...]]:
    """Measure both in alternation, after a first time that does not count."""
    cases = {name: partial(measure_one, one) for name, one in opened.items()}
    alternate(1, cases)
    return alternate(rounds, cases)


def _rows(what: str, found: dict[str, tuple[float, ...]]) -> list[Row]:
    return [
        Row(f"{what}, {name}", "ms", samples, f"{what}, {ALONE}") for name, samples in found.items()
    ]


def _page(opened: Opened) -> tuple[float, float]:
    return _asked_ms(opened, opened.page, b"</html>")


def _readings(opened: Opened) -> tuple[float, float]:
    return _asked_ms(opened, opened.readings, b'"windows"')


def _asked_ms(opened: Opened, path: str, holds: bytes) -> tuple[float, float]:
    """Return how long the answer's head and its last byte took. Raises DermatraceError."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", opened.settings.console_port, timeout=ANSWER_MAX_S
    )
    head = {"Authorization": f"Bearer {opened.token}", "Accept": "text/html"}
    with closing(connection):
        connection.connect()
        started_s = time.perf_counter()
        connection.request("GET", path, headers=head)
        answer = connection.getresponse()
        first_s = time.perf_counter()
        told = answer.read()
        last_s = time.perf_counter()
    if holds not in told:
        raise DermatraceError(f"{path} was answered with {answer.status}: {told[:500]!r}")
    return (first_s - started_s) * MILLISECONDS, (last_s - started_s) * MILLISECONDS


def _drawn_ms(browser: Browser, opened: Opened) -> float:
    link = f"{opened.url}/enter?token={floor.let_in(opened.settings, 'link')}"
    with drawing.signed_in(browser, opened.url, link, DRAWN) as page:
        page.goto(opened.page, wait_until="commit")
        page.wait_for_function("() => window.drawnMs")
        return float(page.evaluate("window.drawnMs"))
