"""The demonstration shows every treatment and can be played for ever."""

import re
from itertools import islice, pairwise

import pytest

from dermatrace.simulator.fleet import (
    FLEET,
    FleetSession,
    demo_fleet,
    endless_sessions,
)
from dermatrace.simulator.pace import ImmediatePace
from dermatrace.simulator.player import Opening, Player
from dermatrace_schemas.identifiers import CLINIC_PATTERN, SENDER_PATTERN, STREAM_PATTERN
from dermatrace_schemas.parse import Unreadable, parse
from support.fake_sender import FakePower, FakeSender, FakeWire

DEMO = demo_fleet(1, minutes=0.5)


def test_demo_shows_all_treatments_on_five_devices_and_one_session_with_faults() -> None:
    assert {session.script.treatment.name for session in DEMO} == {
        "nano-needling",
        "cosmetic needling",
        "cosmetic needling at home",
        "medical needling",
        "medical RF needling",
    }
    assert len({session.device.sender_id for session in DEMO}) == 5
    assert sum(bool(session.faults) for session in DEMO) == 1


def test_demo_names_fit_the_contract() -> None:
    for session in DEMO:
        assert _matches(CLINIC_PATTERN, session.device.clinic)
        assert _matches(SENDER_PATTERN, session.device.sender_id)
        assert _matches(STREAM_PATTERN, session.stream_id("run-1"))


@pytest.mark.parametrize("session", DEMO, ids=lambda session: session.stream_id("run"))
def test_demo_session_is_published_as_expected(session: FleetSession) -> None:
    wire = FakeWire()
    player = Player(FakeSender(wire), session.script.descriptor, power=FakePower(wire))
    opening = Opening(session.stream_id("run"), uptime_ms=0, wall_time_ms=0)
    player.play(session.steps(), opening, ImmediatePace())
    (record,) = session.expected("run")
    accepted, refused = 0, 0
    for payload in set(wire.payloads(record.stream_id)):
        try:
            parse("session", payload)
            accepted += 1
        except Unreadable:
            refused += 1
    assert accepted == record.accepted_count
    assert refused == len(record.rejected) + record.rejected_without_seq_count


def test_demo_grades_are_complete_but_for_the_session_with_faults() -> None:
    grades = [record.grade for session in DEMO for record in session.expected("run")]
    assert grades == ["complete"] * 5 + ["with_declared_losses"]


def test_same_seed_gives_the_same_demo() -> None:
    again = demo_fleet(1, minutes=0.5)
    assert [session.steps() for session in again] == [session.steps() for session in DEMO]


def test_demo_too_short_for_its_faults_is_refused() -> None:
    with pytest.raises(ValueError, match=r"choose 0\.5 or more"):
        demo_fleet(1, minutes=0.4)


def test_endless_sessions_of_one_device_never_overlap_and_are_numbered() -> None:
    sessions = list(islice(endless_sessions(1, FLEET[0]), 4))
    assert [session.number for session in sessions] == [1, 2, 3, 4]
    for earlier, later in pairwise(sessions):
        assert earlier.ends_ms < later.begins_ms


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None
