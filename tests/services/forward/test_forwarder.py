"""Read, write, advance: two threads, of which the one never gets far ahead of the other."""

import threading
from pathlib import Path
from random import Random
from typing import Final

import pytest

from dermatrace.forward.delivery import Delivery
from dermatrace.forward.forwarder import STEPS_AHEAD_MAX, Forwarder
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.step import STEP_LINES_MAX
from dermatrace.forward.store import Store
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from support.forward_journal import PEN, HandJournal
from support.manual_clock import ManualClock
from support.point_shelf import Asked, PointShelf
from support.waiting import wait_until

AHEAD: Final = STEPS_AHEAD_MAX + 2
"""Steps made while one is on its way: those that wait, and one that waits to wait."""


class _Bench:
    """A forwarder in a thread of its own, on a journal of some documents."""

    def __init__(self, folder: Path, shelf: PointShelf) -> None:
        self.shelf, self.clock = shelf, ManualClock()
        self.reads: list[int] = []
        self.failure: BaseException | None = None
        self.breaks_after: int | None = None
        self._reader = JournalReader(folder / "journal.db")
        self.store = Store(folder / "forward.db")
        self._reading = Store(folder / "forward.db", read_only=True)
        renderer = Renderer(self._reader, self._reading)
        delivery = Delivery(shelf, self.clock, Random(1), lambda _: False)
        self.forwarder = Forwarder(renderer, self._read, delivery, self.store, self.clock)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        self.forwarder.stop()
        self._thread.join()
        for one in (self._reading, self.store, self._reader):
            one.close()

    def _run(self) -> None:
        try:
            self.forwarder.run()
        except BaseException as error:  # noqa: BLE001  looked at by the test
            self.failure = error

    def _read(self, entry_id: int) -> list[Entry]:
        if len(self.reads) == self.breaks_after:
            raise ZeroDivisionError
        entries = self._reader.read_after(entry_id, limit=1)
        if entries:
            self.reads.append(entries[0].entry_id)
        return entries


def _tell(journal: HandJournal, count: int) -> None:
    for seq in range(count):
        journal.tell(seq, "session.started" if seq == 0 else "device.event")


def test_reading_waits_while_influxdb_takes_its_time(journal: HandJournal) -> None:
    _tell(journal, 20)
    answer = threading.Event()

    def take_time(asked: Asked) -> None:
        if asked.what == "write":
            answer.wait()

    journal.shelf.before = take_time
    bench = _Bench(journal.way.folder, journal.shelf)
    try:
        wait_until(lambda: len(bench.reads) == AHEAD, what="reading as far ahead as it may")
        assert bench.forwarder.head.entry_id == 0
        assert bench.store.place().head.entry_id == 0, "nothing is kept before InfluxDB has it"
        bench.clock.advance(5_000)
        assert bench.forwarder.behind_s() == 5.0
        answer.set()
        wait_until(lambda: bench.forwarder.head.entry_id == 20, what="the end")
        assert len(bench.reads) == 20
        wait_until(lambda: bench.forwarder.behind_s() == 0.0, what="nothing on its way")
    finally:
        answer.set()
        bench.close()


def test_what_comes_later_is_forwarded_when_it_comes(journal: HandJournal) -> None:
    _tell(journal, 2)
    bench = _Bench(journal.way.folder, journal.shelf)
    try:
        wait_until(lambda: bench.forwarder.head.entry_id == 2)
        journal.tell(2, "needling.windows")
        wait_until(lambda: len(journal.shelf.named("window")) == 3)
    finally:
        bench.close()
    assert bench.failure is None


def test_reading_that_fails_ends_forwarding_with_its_reason(journal: HandJournal) -> None:
    _tell(journal, 5)
    bench = _Bench(journal.way.folder, journal.shelf)
    bench.breaks_after = 5
    try:
        wait_until(lambda: bench.failure is not None, what="the end of the process")
    finally:
        bench.close()
    assert isinstance(bench.failure, ZeroDivisionError)


def test_writing_that_fails_ends_both_threads(journal: HandJournal) -> None:
    _tell(journal, 5)

    def fail(asked: Asked) -> None:
        if asked.what == "write":
            raise ZeroDivisionError

    journal.shelf.before = fail
    with pytest.raises(ZeroDivisionError):
        journal.forward()
    assert not [one for one in threading.enumerate() if one.name == "forward.read"]


def test_steps_are_closed_when_they_are_full(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    columns = {
        name: [1] * 20
        for name in ("stroke_count", "stroke_rate_hz", "depth_commanded_mm", "motor_current_ma",
                     "depth_measured_min_mm", "depth_measured_median_mm", "depth_measured_max_mm",
                     "contact_fraction")
    }  # fmt: skip
    offsets = list(range(0, 2_000, 100))
    payloads = [
        journal.payload(seq, "needling.windows", offset_ms=offsets, **columns)
        for seq in range(1, 400)
    ]
    journal.bench.send(*payloads, to=PEN)
    journal.forward()
    sizes = [len(asked.lines) for asked in journal.shelf.asked if asked.what == "write"]
    assert sum(sizes) == 2 + 399 * 20
    assert max(sizes) < STEP_LINES_MAX + 20
    assert len(sizes) == 2
