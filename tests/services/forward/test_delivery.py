"""A step in InfluxDB, whole: nothing is dropped, what is refused stands apart with the reason."""

from pathlib import Path
from typing import Final

import pytest

from dermatrace.errors import InfluxUnavailable, PointsRefused
from dermatrace.forward.delivery import (
    PARTS_MAX,
    RETRY_AFTER_MAX_S,
    RETRY_FIRST_S,
    RETRY_MAX_S,
    Stopped,
)
from dermatrace.forward.memory import Standing
from dermatrace.forward.step import STEP_LINES_MAX, Deletion, Outcome
from support.delivery_bench import DeliveryBench, group_of, lines_of
from support.forward_bench import influx_of
from support.forward_journal import HandJournal
from support.forward_twins import DropsRefused
from support.influx_org import InfluxOrg
from support.log_lines import log_lines
from support.manual_clock import NOON_MS
from support.point_shelf import Asked

HOUR_MS: Final = 3_600_000
AROUND: Final = 5
"""Requests beside those that look for the refused: the whole, twice, and what must come last."""


def _poison(bench: DeliveryBench, lines: list[str], *places: int) -> set[str]:
    """Have some lines refused, each with words of its own."""
    bad = {lines[place] for place in places}
    bench.shelf.refuse = lambda line: f"conflict in {line}" if line in bad else None
    return bad


def _refused(outcome: Outcome) -> dict[str, str]:
    return {one.line: one.words for group in outcome.refused.values() for one in group}


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize(
    "places", [(2_500,), (0,), (4_999,), (7, 8), (0, 1_234, 2_500, 2_501, 4_999)], ids=str
)
def test_refused_points_are_found_exactly_and_the_others_are_there(
    status: int, places: tuple[int, ...]
) -> None:
    bench = DeliveryBench()
    bench.shelf.status = status
    lines = lines_of(5_000)
    bad = _poison(bench, lines, *places)
    outcome = bench.deliver(group_of(lines))
    assert _refused(outcome) == {line: f"conflict in {line}" for line in bad}
    assert len(bench.shelf.points) == 5_000 - len(bad)
    assert len(bench.writes) <= PARTS_MAX + AROUND
    assert not outcome.expired


def test_refused_points_belong_to_the_entries_that_made_them() -> None:
    bench = DeliveryBench()
    first, second = lines_of(3), lines_of(3, "other")
    _poison(bench, [*first, *second], 1, 3, 5)
    outcome = bench.deliver(group_of(first), group_of(second, entry_id=2))
    assert {at: [one.line for one in found] for at, found in outcome.refused.items()} == {
        0: [first[1]],
        1: [second[0], second[2]],
    }


def test_points_that_are_all_refused_are_set_aside_within_the_bound() -> None:
    bench = DeliveryBench()
    lines = lines_of(5_000)
    _poison(bench, lines, *range(5_000))
    outcome = bench.deliver(group_of(lines))
    assert set(_refused(outcome)) == set(lines)
    assert len(bench.writes) <= PARTS_MAX + AROUND
    assert all(words.startswith("conflict in ") for words in _refused(outcome).values())


def test_beyond_the_bound_few_good_points_are_set_aside_with_the_bad() -> None:
    """The largest parts are divided first: what is left together in the end is small."""
    bench = DeliveryBench()
    lines = lines_of(5_000)
    bench.shelf.status = 400
    bad = _poison(bench, lines, *range(0, 5_000, 160))
    refused = set(_refused(bench.deliver(group_of(lines))))
    assert bad <= refused
    assert len(refused) < len(lines) / 4
    assert len(bench.writes) <= PARTS_MAX + AROUND
    assert len(bench.shelf.points) == 5_000 - len(refused)


def test_request_that_is_too_large_is_divided_until_it_is_taken() -> None:
    bench = DeliveryBench()

    def refuse_large(asked: Asked) -> None:
        if len(asked.lines) > 700:
            raise PointsRefused(413, "request entity too large")

    bench.shelf.before = refuse_large
    outcome = bench.deliver(group_of(lines_of(5_000)))
    assert not outcome.refused
    assert len(bench.shelf.points) == 5_000


def test_what_says_more_of_a_point_comes_last_though_parts_are_written_in_any_order() -> None:
    """The part with the refused one is divided, and written after what follows it."""
    bench = DeliveryBench()
    at_ns = NOON_MS * 1_000_000
    raised = [f"finding,a=b is_cleared=0,n={n} {at_ns + n}" for n in range(8)]
    cleared = [f"finding,a=b is_cleared=1 {at_ns + n}" for n in range(8) if n != 5]
    bench.shelf.status = 400
    bad = _poison(bench, raised, 5)
    outcome = bench.deliver(
        group_of(raised, "sessions", "judged"), group_of(cleared, "sessions", "replacing")
    )
    assert set(_refused(outcome)) == bad
    assert [told["is_cleared"] for told in bench.shelf.fields("finding")] == [1.0] * 7


def test_step_with_much_that_was_held_goes_in_several_requests() -> None:
    bench = DeliveryBench()
    groups = [group_of(lines_of(300, f"thing{n}"), entry_id=n) for n in range(50)]
    assert not bench.deliver(*groups).refused
    assert len(bench.shelf.points) == 15_000
    assert len(bench.writes) == 3
    assert all(len(asked.lines) < STEP_LINES_MAX + 300 for asked in bench.writes)


def test_twin_that_drops_what_was_refused_is_found_out(journal: HandJournal) -> None:
    journal.shelf.status = 400
    journal.shelf.refuse = lambda line: "no" if line.startswith("shot,") else None
    journal.tell(0, "session.started")
    journal.tell(1, "needling.windows")
    journal.tell(2, "rf.shot")
    account = journal.forward()
    assert (account.quarantined_count, account.forwarded_count) == (1, 7)
    assert [one.words for one in journal.quarantined()] == ["no"]
    journal.way.begin()
    journal.shelf.points.clear()
    journal.way.make_delivery = DropsRefused
    with pytest.raises(AssertionError):
        journal.forward()


# --- too old --------------------------------------------------------------------------------------


def test_points_older_than_the_bucket_keeps_are_counted_and_not_sent() -> None:
    bench = DeliveryBench()
    bench.shelf.retention_s["raw"] = 3_600
    bench.delivery.look()
    old, young = lines_of(3, "old", NOON_MS - HOUR_MS - 1), lines_of(4, "young")
    outcome = bench.deliver(group_of(old), group_of([*old, *young]), group_of(old, "sessions"))
    assert (dict(outcome.expired), outcome.refused) == ({0: 3, 1: 3}, {})
    assert len(bench.shelf.named("young")) == 4
    assert {key.bucket for key in bench.shelf.named("old")} == {"sessions"}, "kept for good"
    sent = [line for asked in bench.writes if asked.bucket == "raw" for line in asked.lines]
    assert sent == young


def test_retention_that_was_shortened_meanwhile_makes_points_expire_and_none_refused() -> None:
    bench = DeliveryBench()
    old, young = lines_of(300, "old", NOON_MS - 2 * HOUR_MS), lines_of(300, "young")
    assert not bench.deliver(group_of(old)).expired
    bench.shelf.retention_s["raw"] = 3_600
    outcome = bench.deliver(group_of(old), group_of(young))
    assert (dict(outcome.expired), outcome.refused) == ({0: 300, 1: 0}, {})
    assert len(bench.shelf.named("young")) == 300
    assert len(bench.writes) == 3, "no search for the refused"


def test_points_that_became_too_old_while_influxdb_was_away_expire() -> None:
    bench = DeliveryBench()
    bench.shelf.retention_s["raw"] = 3_600
    bench.delivery.look()
    bench.fail(3, InfluxUnavailable("away", remedy="", retry_after_s=60))
    outcome = bench.deliver(group_of(lines_of(5, at_ms=NOON_MS - HOUR_MS + 100_000)))
    assert dict(outcome.expired) == {0: 5}
    assert bench.shelf.points == {}


def test_point_too_old_by_the_clock_of_influxdb_expires_and_is_not_called_refused() -> None:
    bench = DeliveryBench()
    bench.shelf.retention_s["raw"] = 3_600
    bench.delivery.look()
    bench.shelf.now_ms = lambda: NOON_MS + 5_000
    lines = [lines_of(1, at_ms=NOON_MS - HOUR_MS + step)[0] for step in (1_000, 4_999, 5_001)]
    outcome = bench.deliver(group_of(lines))
    assert (dict(outcome.expired), outcome.refused) == ({0: 2}, {})
    assert len(bench.shelf.points) == 1


# --- waiting --------------------------------------------------------------------------------------


def test_influxdb_that_is_away_is_asked_again_later_and_later_with_the_same() -> None:
    bench = DeliveryBench()
    bench.fail(12, InfluxUnavailable("no answer", remedy="start it"))
    with log_lines() as logged:
        outcome = bench.deliver(group_of(lines_of(3)))
    assert outcome == Outcome()
    assert len(bench.shelf.points) == 3
    assert len(bench.waits_s) == 12
    assert {asked.lines for asked in bench.writes} == {tuple(lines_of(3))}
    ceilings = [min(RETRY_FIRST_S * 2**n, RETRY_MAX_S) for n in range(12)]
    for wait_s, ceiling_s in zip(bench.waits_s, ceilings, strict=True):
        assert ceiling_s / 10 <= wait_s <= ceiling_s
    events = [line["event"] for line in logged()]
    assert events == ["InfluxDB unavailable", "InfluxDB answers again"], "once, not twelve times"


def test_waits_begin_short_again_after_an_answer() -> None:
    bench = DeliveryBench()
    for _ in range(2):
        bench.fail(6, InfluxUnavailable("no answer", remedy=""))
        bench.deliver(group_of(lines_of(1)))
    assert bench.waits_s[6] <= RETRY_FIRST_S


@pytest.mark.parametrize(
    ("asked_for_s", "least_s", "most_s"),
    [
        (0.0, 0.0, RETRY_FIRST_S),
        (45.0, 45.0, 45.0),
        (86_400.0, RETRY_AFTER_MAX_S, RETRY_AFTER_MAX_S),
    ],
)
def test_server_that_asks_to_be_left_alone_is_within_reason(
    asked_for_s: float, least_s: float, most_s: float
) -> None:
    bench = DeliveryBench()
    bench.fail(1, InfluxUnavailable("busy", remedy="", retry_after_s=asked_for_s))
    bench.deliver(group_of(lines_of(1)))
    (wait_s,) = bench.waits_s
    assert least_s <= wait_s <= most_s


def test_trouble_is_known_while_it_lasts_and_since_when() -> None:
    bench = DeliveryBench(stops_after=4)
    bench.fail(9, InfluxUnavailable("no bucket", remedy=""))
    began_ms = bench.clock.utc_ms()
    with pytest.raises(Stopped):
        bench.deliver(group_of(lines_of(1)))
    assert (bench.delivery.trouble.what, bench.delivery.trouble.since_ms) == ("no bucket", began_ms)
    bench.stops_after = None
    bench.deliver(group_of(lines_of(1)))
    assert bench.delivery.trouble.what == ""


def test_forwarding_that_is_stopped_while_it_waits_ends_without_an_outcome() -> None:
    bench = DeliveryBench(stops_after=1)
    bench.fail(9, InfluxUnavailable("away", remedy=""))
    with pytest.raises(Stopped):
        bench.deliver(group_of(lines_of(1)))
    assert len(bench.waits_s) == 1
    assert bench.shelf.points == {}


def test_search_for_refused_points_goes_on_after_an_outage() -> None:
    bench = DeliveryBench()
    lines = lines_of(100)
    bad = _poison(bench, lines, 41)
    outages = iter([False] * 4 + [True, True] + [False] * 200)

    def fail(asked: Asked) -> None:
        if asked.what == "write" and next(outages):
            raise InfluxUnavailable("away", remedy="")

    bench.shelf.before = fail
    assert set(_refused(bench.deliver(group_of(lines)))) == bad
    assert len(bench.waits_s) == 2


def test_bucket_made_again_while_it_was_away_is_looked_at() -> None:
    """Its retention may be another, and that it is another bucket must be said."""
    bench = DeliveryBench()
    bench.fail(2, InfluxUnavailable("no bucket", remedy=""))
    bench.deliver(group_of(lines_of(1)))
    bench.shelf.bucket_ids["raw"] = "another"
    bench.shelf.retention_s["raw"] = 3_600
    bench.deliver(group_of(lines_of(1, "old", NOON_MS - 2 * HOUR_MS)))
    assert bench.delivery.bucket_ids["raw"] == "another"
    assert bench.shelf.named("old") == {}


# --- deletions ------------------------------------------------------------------------------------


def test_deletions_come_before_the_lines_of_their_step() -> None:
    bench = DeliveryBench()
    once = Standing('_measurement="session_close" AND clinic="north-clinic"', 7)
    deletion = Deletion(
        1, "north-clinic", "pen-7", "s-1", "superseded", whole=False, standing=(once,)
    )
    bench.deliver(group_of(lines_of(1)), deletions=[deletion])
    *deleted, written = bench.shelf.asked
    own = 'clinic="north-clinic" AND device="pen-7" AND session="s-1"'
    assert [(one.what, one.bucket, one.predicate) for one in deleted] == [
        ("delete", "sessions", f'_measurement="finding" AND {own}'),
        ("delete", "raw", f'_measurement="limit" AND {own}'),
        ("delete", "sessions", once.predicate),
    ]
    assert written.what == "write"


def test_whole_session_goes_from_both_buckets_with_the_state_of_its_device() -> None:
    bench = DeliveryBench()
    once = Standing('_measurement="session_close" AND clinic="north-clinic"', 7)
    deletion = Deletion(
        1, "north-clinic", "pen-7", "s-1", "erased", whole=True, standing=(once,), started_ns=7
    )
    bench.deliver(deletions=[deletion])
    names = [asked.predicate.split('"')[1] for asked in bench.shelf.asked]
    assert names == [
        "window", "shot", "sub_pulse", "channel", "event", "session_state", "finding", "limit",
        "session_close", "device_state",
    ]  # fmt: skip


@pytest.mark.influx
def test_real_influxdb_has_all_but_the_points_it_refuses(influx: InfluxOrg, tmp_path: Path) -> None:
    answer = influx.write(f"strict,a=b n=1i {NOON_MS}000000")
    assert answer.status == 204
    lines = lines_of(2_000)
    lines[1_234] = f"strict,a=b n=1 {NOON_MS}000001"
    with influx_of(influx, tmp_path) as points:
        bench = DeliveryBench(points=points)
        outcome = bench.deliver(group_of(lines))
    ((line, words),) = _refused(outcome).items()
    assert line == lines[1_234]
    assert "field type conflict" in words
    assert influx.count("thing") == 1_999
