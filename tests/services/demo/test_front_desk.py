"""Visits written down through a real broker and a real recorder."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dermatrace.clock import SystemClock
from dermatrace.demo.front_desk import FrontDesks, sender_id_of
from dermatrace.demo.live import LiveFleet
from dermatrace.demo.once import play_once
from dermatrace.errors import AlreadyRunning
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.mqtt import BrokerAddress
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import (
    HOME_SOUTH,
    PEN_NORTH,
    FleetSession,
    demo_fleet,
    on_a_bad_day,
)
from dermatrace.simulator.visits import visit_facts
from dermatrace_schemas.chart import ChartAttach, ChartDocument, ChartPlan
from dermatrace_schemas.identifiers import SENDER_PATTERN
from dermatrace_schemas.parse import parse
from support.broker import Mosquitto
from support.recorder_thread import recorder_thread
from support.waiting import wait_until

pytestmark = pytest.mark.broker

WAIT_S: Final = 20.0
NORTH: Final = PEN_NORTH.session(1, 1, 0, 0.1)
SOUTH: Final = HOME_SOUTH.session(1, 1, 0, 0.1)


@pytest.fixture
def address(mosquitto: Mosquitto) -> BrokerAddress:
    return BrokerAddress(host=mosquitto.host, port=mosquitto.port)


@pytest.fixture
def recorded(tmp_path: Path, address: BrokerAddress) -> Iterator[Settings]:
    settings = Settings(data=tmp_path / "data")
    settings.data.mkdir()
    with recorder_thread(settings.journal_file, address):
        yield settings


def _desks(settings: Settings, address: BrokerAddress, *sessions: FleetSession) -> FrontDesks:
    clinics = [session.device.clinic for session in sessions]
    return FrontDesks(settings, address, clinics, SystemClock())


def _streams(settings: Settings, stream_class: str) -> list[StreamRecord]:
    with JournalReader(settings.journal_file) as reader:
        return reader.streams_of_class(stream_class, newest=100)


def _entries(settings: Settings, record: StreamRecord) -> list[Entry]:
    with JournalReader(settings.journal_file) as reader:
        return list(reader.read_stream(record.row))


def _charts(settings: Settings, record: StreamRecord) -> list[ChartDocument]:
    read = [parse("chart", entry.payload or b"") for entry in _entries(settings, record)]
    return [document for document in read if isinstance(document, ChartDocument)]


def test_both_sittings_of_a_visit_are_recorded_whole_and_in_order(
    recorded: Settings, address: BrokerAddress
) -> None:
    begins_ms = SystemClock().utc_ms()
    with _desks(recorded, address, NORTH) as desks:
        desk = desks.of("north-clinic")
        desk.enter(NORTH, "run", begins_ms, "before")
        desk.enter(NORTH, "run", begins_ms, "after")
        assert desk.sender.wait_settled(WAIT_S)

    before, after = sorted(_streams(recorded, "chart"), key=lambda s: s.first_entry_id or 0)
    assert (before.key.sender, before.key.clinic) == ("front-desk-north", "north-clinic")
    assert not before.is_open
    assert not after.is_open
    documents = _charts(recorded, before) + _charts(recorded, after)
    facts = visit_facts(NORTH, "run", begins_ms)
    assert [document.kind for document in documents] == [fact.kind for fact in facts]
    for document, fact in zip(documents, facts, strict=True):
        assert document.wall_time_ms == fact.entered_ms
        assert document.salt == fact.facts["salt"]
    assert len({d.wall_time_ms - d.uptime_ms for d in documents if d.wall_time_ms}) == 1


def test_clinics_have_desks_of_their_own_that_the_broker_tells_apart(
    recorded: Settings, address: BrokerAddress
) -> None:
    with _desks(recorded, address, NORTH, SOUTH) as desks:
        for session in (NORTH, SOUTH):
            desks.of(session.device.clinic).enter(session, "run", SystemClock().utc_ms(), "before")
        for clinic in ("north-clinic", "south-clinic"):
            assert desks.of(clinic).sender.wait_settled(WAIT_S)
    keys = {(s.key.clinic, s.key.sender) for s in _streams(recorded, "chart")}
    assert keys == {("north-clinic", "front-desk-north"), ("south-clinic", "front-desk-south")}


def test_sitting_in_which_nothing_is_written_down_opens_no_stream(
    recorded: Settings, address: BrokerAddress
) -> None:
    with _desks(recorded, address, SOUTH) as desks:
        desk = desks.of("south-clinic")
        desk.enter(SOUTH, "run", SystemClock().utc_ms(), "after")
        assert desk.sender.standings() == []


def test_desk_in_use_is_refused_and_leaves_no_other_desk_open(
    recorded: Settings, address: BrokerAddress
) -> None:
    with _desks(recorded, address, SOUTH):
        with pytest.raises(AlreadyRunning):
            _desks(recorded, address, NORTH, SOUTH)
        with _desks(recorded, address, NORTH) as again:
            assert again.of("north-clinic")


@pytest.mark.parametrize("clinic", ["north-clinic", "elsewhere"])
def test_desk_has_a_name_that_fits_a_topic(clinic: str) -> None:
    assert re.fullmatch(SENDER_PATTERN, sender_id_of(clinic))


def test_play_once_puts_every_visit_on_record_around_its_session(
    recorded: Settings, address: BrokerAddress
) -> None:
    unlucky = on_a_bad_day(demo_fleet(1, 0.5)[2])
    played = play_once(recorded, address, (NORTH, unlucky, SOUTH), SystemClock())
    assert [summary.differs for summary in played.summaries] == [[], [], []]
    assert all(summary.session.startswith(played.run) for summary in played.summaries)
    sessions = {s.key.stream_id: s for s in _streams(recorded, "session")}
    charts = _streams(recorded, "chart")
    assert not [stream for stream in charts if stream.is_open]
    assert {s.key.stream_id.rpartition(".")[2] for s in charts} == {"before", "after"}
    attached = set()
    for stream in charts:
        for document in _charts(recorded, stream):
            if isinstance(document, ChartAttach):
                session = sessions[document.session.stream_id]
                assert (stream.last_entry_id or 0) < (session.first_entry_id or 0)
                attached.add(session.key.stream_id)
    assert attached == sessions.keys()


def test_visit_of_the_session_with_faults_lacks_what_was_left_out(
    recorded: Settings, address: BrokerAddress
) -> None:
    unlucky = on_a_bad_day(demo_fleet(1, 0.5)[2])
    play_once(recorded, address, (unlucky,), SystemClock())
    documents = [d for s in _streams(recorded, "chart") for d in _charts(recorded, s)]
    (plan,) = [document for document in documents if isinstance(document, ChartPlan)]
    assert plan.plan.protocol_id == "example-nano-needling"
    assert plan.plan.operator_id is None


def test_live_fleet_has_the_visit_on_record_before_the_session_begins(
    recorded: Settings, address: BrokerAddress
) -> None:
    fleet = LiveFleet(recorded, address, 1, SystemClock())
    fleet.start()
    try:
        wait_until(lambda: _streams(recorded, "session") or fleet.failures, what="a session")
    finally:
        fleet.stop()
    assert fleet.failures == []
    (session, *_) = sorted(_streams(recorded, "session"), key=lambda s: s.first_entry_id or 0)
    visit = f"visit-{session.key.stream_id}.before"
    (before,) = [s for s in _streams(recorded, "chart") if s.key.stream_id == visit]
    assert not before.is_open
    assert (before.last_entry_id or 0) < (session.first_entry_id or 0)
