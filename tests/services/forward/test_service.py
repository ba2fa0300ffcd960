"""The forward process: what it waits for, what it says of itself, and what ends it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from dermatrace.clock import SystemClock
from dermatrace.errors import InfluxUnavailable, JournalForked, NeedsAPerson
from dermatrace.forward.account import FATES
from dermatrace.forward.service import ForwardService, another_bucket
from dermatrace.forward.store import Store
from dermatrace.journal.reader import JournalReader
from support.forward_journal import OTHER, PEN, HandJournal
from support.forward_runs import KilledError
from support.point_shelf import Asked, PointShelf
from support.waiting import wait_until


def _service(folder: Path, shelf: PointShelf) -> ForwardService:
    return ForwardService(folder / "journal.db", folder / "forward.db", shelf, SystemClock())


@contextmanager
def _running(folder: Path, shelf: PointShelf) -> Iterator[ForwardService]:
    """Run a service in a thread, and end it; what ended it is raised."""
    service, failures = _service(folder, shelf), list[BaseException]()

    def run() -> None:
        try:
            service.run()
        except BaseException as error:  # noqa: BLE001  raised again below
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()
    if failures:
        raise failures[0]


def _forward(journal: HandJournal) -> None:
    """Let a service bring the shelf up to the journal, and end."""
    with JournalReader(journal.bench.path) as reader:
        head_id = reader.head().entry_id
    _service(journal.way.folder, journal.shelf).run(until=lambda head: head.entry_id >= head_id)


def test_journal_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    shelf = PointShelf()
    with _running(tmp_path, shelf), HandJournal(tmp_path) as journal:
        journal.tell(0, "session.started")
        wait_until(lambda: shelf.named("event"), what="the first point")


def test_service_without_a_journal_ends_when_it_is_told(tmp_path: Path) -> None:
    with _running(tmp_path, PointShelf()) as service:
        assert not service.state.ready


def test_page_says_how_far_it_is_and_what_became_of_each_point(journal: HandJournal) -> None:
    journal.shelf.refuse = lambda line: "no" if line.startswith("shot,") else None
    journal.tell(0, "session.started")
    journal.tell(1, "rf.shot")
    with _running(journal.way.folder, journal.shelf) as service:
        page = service.serve_health("127.0.0.1", 0)
        try:
            wait_until(lambda: service.standing().account.journalled_count == 5)
            wait_until(lambda: service.state.is_healthy)
            values = _values(f"http://127.0.0.1:{page.port}/metrics")
        finally:
            page.close()
    fates = {fate: values[f'dermatrace_forward_points{{fate="{fate}"}}']
             for fate in ("journalled", *FATES, "pending")}  # fmt: skip
    assert fates["quarantined"] == 1.0
    assert fates["journalled"] == sum(fates.values()) - fates["journalled"] == 5.0
    assert values["dermatrace_forward_difference_points"] == 0.0
    assert values["dermatrace_forward_entries"] == 2.0
    assert values["dermatrace_forward_behind_entries"] == 0.0
    assert values["dermatrace_forward_behind_seconds"] == 0.0
    assert values["dermatrace_forward_influxdb_up"] == 1.0


def _values(url: str) -> dict[str, float]:
    with urlopen(url) as answer:  # noqa: S310  our own page
        text = answer.read().decode()
    rows = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def test_influxdb_that_is_away_is_on_the_page_and_stops_nobody_from_ending(
    journal: HandJournal,
) -> None:
    journal.tell(0, "session.started")

    def away(_: Asked) -> None:
        raise InfluxUnavailable("no answer from InfluxDB", remedy="Start it.")

    journal.shelf.before = away
    with _running(journal.way.folder, journal.shelf) as service:
        wait_until(lambda: service.state.problems, what="a word about it")
        assert "no answer from InfluxDB" in service.state.problems[0]
        assert not service.state.is_healthy


def test_bucket_that_is_another_one_is_on_the_page(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    _forward(journal)
    journal.shelf.bucket_ids["raw"] = "made again"
    with _running(journal.way.folder, journal.shelf) as service:
        wait_until(lambda: service.state.problems == [another_bucket()])
        assert "forward rebuild" in another_bucket()


def test_bucket_made_again_while_the_process_waited_for_it_is_on_the_page(
    journal: HandJournal,
) -> None:
    journal.tell(0, "session.started")
    with _running(journal.way.folder, journal.shelf) as service:
        wait_until(lambda: service.state.is_healthy)
        failing = [InfluxUnavailable("does not find bucket", remedy="")]

        def fail_once(_: Asked) -> None:
            if failing:
                raise failing.pop()

        journal.shelf.before = fail_once
        journal.shelf.bucket_ids["raw"] = "made again"
        journal.tell(1, "device.event")
        wait_until(lambda: not failing)
        journal.tell(2, "device.event")
        wait_until(lambda: another_bucket() in service.state.problems)


def test_two_processes_never_forward_one_journal(journal: HandJournal) -> None:
    with _running(journal.way.folder, journal.shelf), pytest.raises(NeedsAPerson) as caught:
        _service(journal.way.folder, journal.shelf)
    assert caught.value.exit_code == 3


# --- another journal, and filling again -----------------------------------------------------------


@pytest.fixture
def replaced(tmp_path: Path) -> Iterator[HandJournal]:
    """Return a journal that lies where another one was forwarded from, whose points still stand."""
    with HandJournal(tmp_path) as before:
        before.tell(0, "session.started", key=OTHER)
        before.tell(1, "needling.windows", key=OTHER)
        _forward(before)
        shelf = before.shelf
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with HandJournal(tmp_path) as journal:
        journal.way.shelf = shelf
        journal.tell(0, "session.started")
        journal.tell(1, "device.event")
        journal.tell(2, "device.event")
        yield journal


def test_another_journal_ends_the_process_and_says_how_to_go_on(replaced: HandJournal) -> None:
    before = dict(replaced.shelf.points)
    with pytest.raises(JournalForked, match="entry 2 differs") as caught:
        _forward(replaced)
    assert caught.value.exit_code == 3
    assert "`dermatrace forward rebuild`" in caught.value.remedy
    assert replaced.shelf.points == before


def _begin_rebuild(journal: HandJournal) -> None:
    with (
        JournalReader(journal.bench.path) as reader,
        Store(journal.way.folder / "forward.db") as store,
    ):
        store.begin_rebuild(reader.head())


def test_rebuild_leaves_nothing_of_the_other_journal(replaced: HandJournal) -> None:
    _begin_rebuild(replaced)
    _forward(replaced)
    assert {key.tag.get("session") for key in replaced.shelf.points} == {PEN.stream_id, None}
    assert len(replaced.shelf.points) == 4


def test_rebuild_that_dies_while_it_empties_goes_on_emptying(replaced: HandJournal) -> None:
    _begin_rebuild(replaced)
    deleted = 0

    def die(asked: Asked) -> None:
        nonlocal deleted
        deleted += asked.what == "delete"
        if deleted == 3:
            raise KilledError

    replaced.shelf.before = die
    with pytest.raises(KilledError):
        _forward(replaced)
    replaced.shelf.before = lambda _: None
    _forward(replaced)
    assert {key.tag.get("session") for key in replaced.shelf.points} == {PEN.stream_id, None}


def test_rebuild_that_has_emptied_does_not_empty_again_at_its_next_start(
    replaced: HandJournal,
) -> None:
    _begin_rebuild(replaced)
    _forward(replaced)
    replaced.tell(3, "device.event")
    replaced.shelf.asked.clear()
    _forward(replaced)
    assert [asked.what for asked in replaced.shelf.asked if asked.what == "delete"] == []


def test_rebuild_leaves_samples_of_the_pipeline(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    _forward(journal)
    journal.shelf.write("raw", b"pipeline,part=ingest is_up=1 1")
    _begin_rebuild(journal)
    _forward(journal)
    assert len(journal.shelf.named("pipeline")) == 1
    assert len(journal.shelf.points) == 3
