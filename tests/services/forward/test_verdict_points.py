"""What the judge says as points: told apart from one another, and in words and numbers."""

from typing import Any

import pytest

from dermatrace.forward import verdict_points
from dermatrace.forward.memory import EnteredPlace, SessionMemory, VerdictMemory
from dermatrace_schemas.quantities import Band
from support.cases import band
from support.forward_journal import HandJournal
from support.manual_clock import NOON_MS


@pytest.fixture
def judged(journal: HandJournal) -> HandJournal:
    """Return a journal with a session and its judgement begun."""
    journal.tell(0, "session.started")
    journal.judge(0, "opened")
    return journal


def test_two_judgements_that_say_something_in_the_same_moment_stand_apart(
    judged: HandJournal,
) -> None:
    judged.judge(3, "state", 0)
    judged.judge(0, "opened", 1)
    judged.judge(3, "state", 1, state="stopped")
    assert judged.forward().forwarded_count == judged.shelf.counted()
    assert [told["state"] for told in judged.fields("session_state")] == ["running", "stopped"]


def test_zone_that_a_device_calls_unknown_is_not_what_was_told_without_a_zone(
    judged: HandJournal,
) -> None:
    judged.judge(1, "summary", zone="unknown", laterality=None, totals={"stroke_count": 5})
    judged.judge(
        2, "summary", scope="unknown_zone", zone=None, laterality=None, totals={"stroke_count": 7}
    )
    assert judged.forward().forwarded_count == judged.shelf.counted()
    assert judged.tags("zone_summary", "zone") == ["unknown"] * 2
    assert [told["stroke_count"] for told in judged.fields("zone_summary")] == [5.0, 7.0]


def test_state_says_what_is_open(judged: HandJournal) -> None:
    judged.judge(1, "state", state="paused", open_gates=["consent", "photo_after"])
    judged.judge(2, "state", state="silent", open_gates=[])
    judged.forward()
    first, second = judged.fields("session_state")
    assert (first["is_running"], first["is_paused"], first["is_silent"]) == (0.0, 1.0, 0.0)
    assert (first["open_gates"], first["open_gate_count"]) == ("consent, photo_after", 2.0)
    assert first["unresolved_medium_count"] == 1.0
    assert second["is_silent"] == 1.0
    assert "open_gates" not in second


@pytest.mark.parametrize(
    ("grade", "chain", "expected"),
    [
        ("complete", "matches", (1.0, 1.0)),
        ("incomplete", "differs", (0.0, 0.0)),
        ("disputed", "cannot_be_checked", (0.0, None)),
    ],
)
def test_end_says_how_complete_the_record_is(
    judged: HandJournal, grade: str, chain: str, expected: tuple[float, float | None]
) -> None:
    judged.judge(1, "closed", grade=grade, stream_chain=chain)
    judged.forward()
    (told,) = judged.fields("session_close")
    assert (told["is_complete"], told.get("chain_matches")) == expected
    assert (told["grade"], told["stream_chain"]) == (grade, chain)


def test_summary_stands_where_the_session_began_and_counts_its_faults(judged: HandJournal) -> None:
    judged.tell(1, "device.event")
    judged.tell(2, "device.event", event="alive", fault_code=None)
    judged.judge(1, "summary", scope="session", zone=None, laterality=None)
    judged.forward()
    ((key, told),) = judged.shelf.named("session_summary").items()
    assert key.at_ns // 1_000_000 == NOON_MS
    assert key.tag["setting"] == "clinic"
    assert (told["session"], told["series"]) == ("s-1", "unknown")
    assert (told["fault_count"], told["session_count"]) == (1.0, 1.0)
    assert told["puncture_count"] == 528.0
    assert told["why_not"] == "data_coverage"
    assert "adherence_fraction" not in told


def _limits(*bands: Band, zone: str = "cheek") -> list[str]:
    session = SessionMemory.of(1, "north-clinic", "pen-7", "s-1")
    verdict = VerdictMemory(2, 1, 0, dict.fromkeys(
        ("operator_role", "protocol", "protocol_version", "series"), "x"))  # fmt: skip
    place = EnteredPlace(zone, "left", 7, 3)
    found = verdict_points.limits(session, verdict, bands, [place])
    return [line.partition(" ")[2] for line in found]


def _line(numbers: str, unit: str = "mm") -> str:
    said = f',unit="{unit}"' if unit else ""
    return f"seq=3,generation=0,{numbers}{said} 7"


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        ([band("depth", 0.5, 1.5)], [_line("lower_value=0.5,upper_value=1.5")]),
        ([band("depth", upper=2)], [_line("upper_value=2.0")]),
        ([band("depth", 0.5, 1.5), band("depth", 0.7, 2)],
         [_line("lower_value=0.7,upper_value=1.5")]),
        ([band("depth", upper=2), band("depth", upper=1, zones=["cheek"])],
         [_line("upper_value=1.0")]),
        ([band("depth", upper=1, zones=["chin"])], []),
        ([band("depth", upper=1, phototypes=["VI"])], []),
        ([band("depth")], []),
        ([band("age", 18), band("interval", 28), band("session_count", 3)], []),
        ([band("stroke_count", upper=100)], [_line("upper_value=100.0", unit="")]),
    ],
)  # fmt: skip
def test_limits_at_a_place_are_the_narrowest_that_anybody_there_must_keep(
    bands: list[Any], expected: list[str]
) -> None:
    assert _limits(*bands) == expected


def test_place_without_a_zone_has_the_limits_of_every_zone() -> None:
    bands = [band("depth", upper=2), band("depth", upper=1, zones=["cheek"])]
    assert _limits(*bands, zone="unknown") == [_line("upper_value=2.0")]
