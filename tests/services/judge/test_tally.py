"""Numbers added up document by document equal those counted at once; memory stays bounded."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.state import spot_of_key
from dermatrace.judge.tally import COUNT_MAX, DEPTH_BIN_MM, DEPTH_MAX_MM, Tally
from dermatrace.simulator.faults import Fault, Gap, LimitCrossing
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.session import SessionStarted
from dermatrace_schemas.verdict import Totals
from support.cases import judge_all, played, sample_context
from support.recount import Counted, Judged, recount

MINUTES = 0.3
HALF_A_BIN_MM = DEPTH_BIN_MM / 2 + 1e-9


def limits_of(judge: SessionJudge, documents: Iterable[StreamDocument]) -> Judged:
    """Return the few numbers that a count needs besides the documents."""
    started = next(iter(documents))
    assert isinstance(started, SessionStarted)
    assert started.tip is not None
    assert started.tip.needle_count is not None
    assert judge.context.protocol is not None
    return Judged(judge.context.protocol, judge.case.depth_tolerance_mm, started.tip.needle_count)


def faults_of(documents: tuple[StreamDocument, ...], kinds: Iterable[str]) -> tuple[Fault, ...]:
    """Return faults in the middle of a session."""
    readings = [d.seq for d in documents[1:-1] if d.kind in {"needling.windows", "rf.shot"}]
    third, half = readings[len(readings) // 3], readings[len(readings) // 2]
    made: dict[str, Fault] = {
        "over": LimitCrossing(third, half, over_mm=0.4, over_energy_fraction=0.5),
        "dialled": LimitCrossing(third, half, over_mm=0.3, dialled=True),
        "gap": Gap(half, half),
    }
    return tuple(made[kind] for kind in kinds)


SESSIONS = st.tuples(
    st.integers(0, 4),
    st.integers(1, 10_000),
    st.sampled_from([(), ("over",), ("dialled",), ("gap",), ("over", "gap")]),
)


def judged(
    told: tuple[int, int, tuple[str, ...]],
) -> tuple[SessionJudge, tuple[StreamDocument, ...]]:
    """Judge a simulated session."""
    number, seed, kinds = told
    plain = played(number, minutes=MINUTES, seed=seed)
    faults = faults_of(plain, kinds)
    documents = played(number, minutes=MINUTES, seed=seed, faults=faults) if faults else plain
    return judge_all(sample_context(number, minutes=MINUTES, seed=seed), documents), documents


@settings(max_examples=20)
@given(SESSIONS)
def test_numbers_added_up_one_by_one_equal_those_counted_at_once(
    told: tuple[int, int, tuple[str, ...]],
) -> None:
    judge, documents = judged(told)
    counted, good = recount(documents, limits_of(judge, documents))
    tallies = {tuple(spot_of_key(key)): t for key, t in judge.state.tallies.items()}
    assert tallies.keys() == counted.keys()
    assert judge.state.good_count == good
    for where, expected in counted.items():
        compare(tallies[where], expected)


def compare(tally: Tally, expected: Counted) -> None:
    """Hold one zone's numbers against those counted at once."""
    totals = tally.totals()
    assert set(tally.passes) == expected.passes
    for name in (
        "stroke_count",
        "contact_stroke_count",
        "test_shot_count",
        "treatment_shot_count",
    ):
        assert getattr(totals, name) == getattr(expected, name), name
    assert (tally.assessed_count, tally.within_count) == (expected.assessed, expected.within)
    assert tally.contact_ms == pytest.approx(expected.contact_ms)
    assert tally.in_band_ms == pytest.approx(expected.in_band_ms)
    assert (totals.puncture_count or 0) == expected.punctures
    assert (totals.energy_delivered_mj or 0.0) == pytest.approx(expected.energy_mj, abs=0.001)
    assert totals.depth_commanded_max_mm == max(expected.set_mm, default=None)
    assert totals.depth_measured_max_mm == max(expected.deepest_mm, default=None)
    if expected.depths_mm:
        found = (
            totals.depth_measured_low_mm,
            totals.depth_measured_median_mm,
            totals.depth_measured_high_mm,
        )
        for mm, share in zip(found, (5, 50, 95), strict=True):
            assert mm == pytest.approx(expected.not_exceeded_by(share), abs=HALF_A_BIN_MM)
    else:
        assert totals.depth_measured_median_mm is None


@given(st.lists(st.lists(st.floats(0.0, 9.0), max_size=20), max_size=5))
def test_zones_added_up_equal_one_zone_with_everything(zones: list[list[float]]) -> None:
    whole, together = Tally(), Tally()
    for number, depths_mm in enumerate(zones):
        tally = Tally()
        for one in (tally, together):
            one.add_depths(depths_mm, [3] * len(depths_mm))
            one.contact_stroke_count += number
            one.puncture_count = (one.puncture_count or 0) + number
            one.depth_measured_max_mm = max([one.depth_measured_max_mm or 0.0, *depths_mm])
        whole.add(tally)
    assert whole == together


def test_what_no_zone_knows_stays_unknown_in_the_whole() -> None:
    whole = Tally()
    whole.add(Tally(stroke_count=3))
    assert whole.totals() == Totals(
        contact_ms=0,
        stroke_count=3,
        contact_stroke_count=0,
        treatment_shot_count=0,
        test_shot_count=0,
    )


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=50))
def test_depths_that_cannot_be_share_the_outermost_bins(depths_mm: list[float]) -> None:
    tally = Tally()
    tally.add_depths(depths_mm, [1] * len(depths_mm))
    last = round(DEPTH_MAX_MM / DEPTH_BIN_MM)
    assert all(0 <= place <= last for place in tally.depth_bins)
    assert sum(tally.depth_bins.values()) == len(depths_mm)


def test_nulls_and_what_weighs_nothing_are_not_counted() -> None:
    tally = Tally()
    tally.add_depths([1.0, None, 2.0], [0, 5, 7])
    assert tally.depth_bins == {200: 7}


def test_depth_not_exceeded_by_a_share_is_that_of_the_stroke_at_that_place() -> None:
    tally = Tally()
    tally.add_depths([0.1, 0.2, 0.3], [5, 90, 5])
    assert [tally.depth_at(share) for share in (0.05, 0.5, 0.95, 0.951, 1.0)] == [
        0.1,
        0.2,
        0.2,
        0.3,
        0.3,
    ]
    assert Tally().depth_at(0.5) is None


def test_counts_and_sums_that_no_verdict_can_say_are_cut_off_or_unknown() -> None:
    tally = Tally(stroke_count=2**60, puncture_count=2**70, energy_delivered_mj=float("inf"))
    totals = tally.totals()
    assert (totals.stroke_count, totals.puncture_count) == (COUNT_MAX, COUNT_MAX)
    assert totals.energy_delivered_mj is None
    assert Tally(puncture_count=0).totals().puncture_count == 0
