"""A judgement that is interrupted goes on as if nothing had happened."""

from dataclasses import asdict
from math import inf
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.paperwork import word_event
from dermatrace.judge.raising import Event
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import Latch, SessionState, spot_of_key, tally_key
from dermatrace.judge.summarising import summaries
from dermatrace.judge.tally import Tally
from dermatrace.simulator.faults import ClockStep, Fault, Gap, LimitCrossing, Reboot, UnsetClock
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.rf import SubPulse
from support.cases import (
    ending_of,
    judge_all,
    kept,
    kept_and_read,
    played,
    sample_context,
    shot,
    windows,
)

MINUTES: Final = 0.4


def readings_of(documents: tuple[StreamDocument, ...]) -> list[int]:
    """Return the numbers of the readings between start and stop."""
    return [d.seq for d in documents[1:-1] if d.kind in {"needling.windows", "rf.shot"}]


@st.composite
def sessions(draw: st.DrawFn) -> tuple[int, int, tuple[Fault, ...]]:
    """Choose a device, a seed and what befalls the session."""
    number, seed = draw(st.integers(0, 4)), draw(st.integers(1, 200))
    plain = readings_of(played(number, minutes=MINUTES, seed=seed))
    first, last = sorted(draw(st.lists(st.sampled_from(plain), min_size=2, max_size=2)))
    possible: list[Fault] = [
        LimitCrossing(first, last, over_mm=0.5, over_energy_fraction=0.8),
        LimitCrossing(first, last, over_mm=0.9, dialled=True),
        ClockStep(first, 3_600_000),
        UnsetClock(last),
        Reboot(last, keeps_outbox=True),
        Gap(plain[1], plain[1]),
    ]
    faults = draw(st.lists(st.sampled_from(possible), max_size=3, unique=True))
    return number, seed, tuple(faults)


@settings(max_examples=15)
@given(sessions(), st.data())
def test_judgement_interrupted_anywhere_comes_to_the_very_same(
    told: tuple[int, int, tuple[Fault, ...]], data: st.DataObject
) -> None:
    number, seed, faults = told
    documents = played(number, minutes=MINUTES, seed=seed, faults=faults)
    context, ending = sample_context(number, minutes=MINUTES, seed=seed), ending_of(documents)
    stops = data.draw(st.sets(st.integers(0, len(documents) - 1), max_size=5))
    straight = SessionJudge(context)
    judge = SessionJudge(context)
    for place, document in enumerate(documents):
        if place in stops:
            judge = SessionJudge(context, kept_and_read(judge.state))
        expected = [(e.what, asdict(e.standing)) for e in straight.feed(document)]
        assert [(e.what, asdict(e.standing)) for e in judge.feed(document)] == expected
    straight.close(ending)
    judge.close(ending)
    assert judge.state == straight.state
    assert summaries(judge, ending) == summaries(straight, ending)
    assert judge.open_gates() == straight.open_gates()
    assert straight.state.failed_rules == []


@pytest.mark.parametrize("number", range(5))
def test_state_of_every_device_survives_being_kept_after_each_document(number: int) -> None:
    judge = SessionJudge(sample_context(number, minutes=0.2))
    for document in played(number, minutes=0.2):
        judge.feed(document)
        assert kept_and_read(judge.state) == judge.state


def test_state_stays_small_over_a_long_session() -> None:
    documents = played(0, minutes=2.0)
    judge = judge_all(sample_context(0, minutes=2.0), documents)
    before = len(str(kept(judge.state)))
    for _ in range(5):
        for document in documents[1:-1]:
            judge.feed(document)
    assert len(str(kept(judge.state))) < 1.5 * before


def test_sums_beyond_every_number_come_back_as_they_were() -> None:
    state = SessionState(
        numbers={"a.sum": inf},
        latches={"a": Latch(extreme=-inf)},
        tallies={"cheek/left": Tally(energy_delivered_mj=inf, contact_ms=inf)},
    )
    assert kept_and_read(state) == state


BURSTING: Final = SubPulse(
    energy_delivered_mj=1.7e308,
    energy_commanded_mj=1.7e308,
    energy_scope="per_pin",
    power_w=1.7e308,
    duration_ms=1.7e308,
    impedance_start_ohm=1e-308,
    impedance_end_ohm=1.7e308,
    impedance_before_ohm=1.7e308,
    temperature_max_celsius=1.7e308,
)


@pytest.mark.parametrize(
    "document",
    [
        windows(1, depth_commanded_mm=[1.7e308], depth_measured_median_mm=[-1.7e308]),
        windows(1, depth_measured_median_mm=[1.7e308], depth_measured_max_mm=[1.7e308]),
        windows(1, stroke_count=[None], stroke_rate_hz=[1.7e308], window_ms=10_000),
        windows(1, stroke_count=[2**31] * 10, contact_fraction=[1e308] * 10),
        windows(1, stroke_count=None, stroke_rate_hz=[-1.7e308, 0.0]),
        shot(
            1,
            depth_commanded_mm=1.7e308,
            depth_measured_mm=-1.7e308,
            position={"x_mm": 1.7e308, "y_mm": -1.7e308},
        ),
        shot(1, *[BURSTING] * 3),
    ],
)
@pytest.mark.parametrize("number", range(5))
def test_readings_that_cannot_be_are_judged_kept_and_told_like_any_other(
    document: StreamDocument, number: int
) -> None:
    documents = played(number, minutes=0.2)
    judge = SessionJudge(sample_context(number, minutes=0.2))
    for told in (*documents[:4], *[document] * 4):
        judge.feed(told)
        assert kept_and_read(judge.state) == judge.state
    ending = ending_of([document])
    judge.close(ending)
    assert judge.state.failed_rules == []
    assert summaries(judge, ending)
    for standing in judge.state.findings:
        for event in (Event("raised", standing), Event("cleared", standing)):
            assert word_event(event, judge.context)


@pytest.mark.parametrize("spot", [NOWHERE, Spot("cheek", "left"), Spot("chin"), Spot(None, "left")])
def test_name_of_a_tally_leads_back_to_its_spot(spot: Spot) -> None:
    assert spot_of_key(tally_key(spot)) == spot
