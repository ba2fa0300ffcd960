"""The journal in InfluxDB is a fold: whatever the way to the end, the same stands there.

In one go, entry by entry, in steps of any size, killed anywhere, filled again, arrived in disorder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dermatrace.forward.account import points_of
from dermatrace.journal.reader import JournalReader
from dermatrace.simulator.faults import ClockStep, UnsetClock
from dermatrace_schemas.parse import parse
from dermatrace_schemas.topics import parse_topic
from support.forward_bench import ForwardBench, influx_of
from support.forward_runs import Content, Life, Way, in_one_go
from support.forward_scenes import everything_sent, opened, play, record_at_once
from support.forward_twins import (
    AdvancesFirst,
    CountsApart,
    ForgetsWhatStandsOnce,
    KeepsOlderVerdicts,
    TimesPoints,
)
from support.influx_org import InfluxOrg
from support.judge_bench import JudgeBench, Message
from support.judge_runs import close_by_silence
from support.judge_scenes import JITTERS, Scene, mixed, scenes
from support.points_in_influx import points_in

LIVES: Final = st.lists(
    st.builds(
        Life,
        entries=st.sampled_from([1, 2, 7, 30, 500]),
        requests=st.integers(0, 30),
        where=st.sampled_from(["before", "after"]),
        commits=st.sampled_from([0, 1, 2, 5, 1_000_000]),
    ),
    min_size=1,
    max_size=6,
)
ORDERS: Final = st.tuples(st.integers(0, 1_000), st.sampled_from(JITTERS))
BUSY: Final = Scene(0, 0.2, asides=("withdrawn", "reattributed"), comes_again=True)
"""A visit that is judged several times over."""
OF_THE_ARRIVAL: Final = frozenset({"record_event", "rejection"})
"""Measurements that tell what the recorder noted, by its own clock."""


@settings(max_examples=6)
@given(scene=scenes(), order=ORDERS, lives=LIVES)
def test_forwarding_killed_anywhere_leads_to_the_same_points(
    clinics: Path, scene: Scene, order: tuple[int, int], lives: list[Life]
) -> None:
    with opened(clinics) as bench:
        play(bench, mixed(scene.messages(), *order))
        _check_killed(Way(bench.folder), lives)


def _check_killed(way: Way, lives: Sequence[Life]) -> None:
    """Forward a journal once without a break and once with kills, and compare."""
    whole, account = in_one_go(way.folder)
    way.begin()
    assert way.go_with_kills(lives) == account
    assert way.content == whole


@settings(max_examples=6)
@given(scene=scenes(), order=ORDERS, entries=st.sampled_from([1, 3, 17]), cut=st.integers(0, 300))
def test_steps_of_any_size_and_a_rebuild_lead_to_the_same_points(
    clinics: Path, scene: Scene, order: tuple[int, int], entries: int, cut: int
) -> None:
    with opened(clinics) as bench:
        play(bench, mixed(scene.messages(), *order))
        whole, account = in_one_go(bench.folder)
        way = Way(bench.folder)
        way.begin()
        way.bench(entries).catch_up(up_to=cut)
        assert way.go(entries) == account
        assert way.content == whole
        way.bench(entries).begin_rebuild()
        way.was_killed = True  # InfluxDB is still full when the account begins anew
        assert way.go(entries) == account
        assert way.content == whole
        assert account.journalled_count == _called_for(bench.folder)


def _called_for(folder: Path) -> int:
    """Return how many points the documents on record call for, entry by entry."""
    count = 0
    with JournalReader(folder / "journal.db") as reader:
        for entry in reader.read_after(0):
            if entry.outcome in {"rejected", "conflict"}:
                count += 1
            elif entry.outcome == "system":
                count += points_of(parse("system", entry.payload or b""))
            else:
                message_class = parse_topic(entry.topic).message_class
                count += points_of(parse(message_class, entry.payload or b""))
    return count


def _is_sure(scene: Scene) -> bool:
    return not any(isinstance(fault, ClockStep | UnsetClock) for fault in scene.faults)


@settings(max_examples=6)
@given(scene=scenes().filter(_is_sure), seed=st.integers(0, 1_000), jitter=st.sampled_from(JITTERS))
def test_documents_that_arrive_in_disorder_lead_to_the_same_points(
    clinics: Path, scene: Scene, seed: int, jitter: int
) -> None:
    """What a session tells may come in any order, and then what the judge says of it.

    Where a document names no place, that of the moment counts: that much depends on the order. So
    do times that had to be worked out, which is why no clock here is in doubt.
    """
    with opened(clinics) as bench, opened(clinics) as later:
        play(bench, scene.messages())
        whole, account = in_one_go(bench.folder)
        sent = everything_sent(bench)
        said = [message for message in sent if "/verdict/" in message.topic]
        others = [message for message in sent if "/verdict/" not in message.topic]
        _arrive(later, mixed(others, seed, jitter), mixed(said, seed, jitter))
        mixed_up, mixed_account = in_one_go(later.folder)
        assert _without_arrival(mixed_up) == _without_arrival(whole)
        assert mixed_account.pending_count == mixed_account.quarantined_count == 0
        assert account.pending_count == account.quarantined_count == 0


def _arrive(bench: JudgeBench, *parts: Sequence[Message]) -> None:
    for messages in parts:
        for first in range(0, len(messages), 20):
            record_at_once(bench, messages[first : first + 20], 10)
    close_by_silence(bench)


def _without_arrival(content: Content) -> dict[Any, dict[str, Any]]:
    """Return what stands there, without what depends on when it arrived."""
    found: dict[Any, dict[str, Any]] = {}
    for key, told in content.items():
        tags, fields, at_ns = key.tag, dict(told), key.at_ns
        if key.measurement in OF_THE_ARRIVAL:
            continue
        if key.measurement == "device_state":
            at_ns //= 1_000_000  # below that it is told apart by its entry
        if key.measurement == "event" and tags["event"] != "zone_entered":
            del tags["zone"], tags["laterality"]
            fields.pop("pass_number", None)
        found[key.measurement, tuple(tags.items()), at_ns] = fields
    return found


def test_no_two_points_share_a_place_in_influxdb(clinics: Path) -> None:
    """What is counted and what stands there are compared with every commit, see AuditedStore."""
    with opened(clinics) as bench:
        play(bench, BUSY.messages())
        content, account = in_one_go(bench.folder)
    assert account.superseded_count > 0
    assert len({key for key in content if key.measurement != "limit"}) == account.forwarded_count


TWINS: Final[list[tuple[dict[str, Any], Life]]] = [
    ({"make_forwarder": AdvancesFirst}, Life(entries=7, requests=12)),
    ({"make_store": CountsApart}, Life(entries=7, requests=1_000, commits=15)),
    ({"make_renderer": KeepsOlderVerdicts}, Life(entries=7, requests=12)),
    ({"make_renderer": ForgetsWhatStandsOnce}, Life(entries=7, requests=12)),
]


@pytest.mark.parametrize(("parts", "life"), TWINS)
def test_twin_without_a_protection_is_found_out(
    clinics: Path, parts: dict[str, Any], life: Life
) -> None:
    """Points lost, counted twice, or left behind by an older judgement."""
    with opened(clinics) as bench:
        play(bench, BUSY.messages())
        _check_killed(Way(bench.folder), [life])
        with pytest.raises(AssertionError):
            _check_killed(Way(bench.folder, was_killed=True, **parts), [life])


def test_twin_whose_points_have_another_time_when_made_again_makes_them_twice(
    clinics: Path,
) -> None:
    with opened(clinics) as bench:
        play(bench, BUSY.messages())
        life = Life(entries=7, requests=1_000, commits=15)
        assert _surplus_of(Way(bench.folder), life) == 0
        assert _surplus_of(Way(bench.folder, make_renderer=TimesPoints), life) > 0


def _surplus_of(way: Way, life: Life) -> int:
    """Return how many points stand in InfluxDB after a kill beyond those of the account."""
    way.begin()
    way.was_killed = True
    account = way.go_with_kills([life])
    return way.shelf.counted() - account.forwarded_count


@pytest.mark.influx
@pytest.mark.parametrize(
    "scene", [BUSY, Scene(3, 0.2, asides=("withdrawn",), faults=(UnsetClock(4),))]
)
def test_real_influxdb_has_what_the_shelf_has(
    clinics: Path, scene: Scene, influx: InfluxOrg
) -> None:
    with opened(clinics) as bench:
        play(bench, scene.messages())
        whole, account = in_one_go(bench.folder)
        (bench.folder / "forward.db").unlink()
        with influx_of(influx, bench.folder) as points:
            forwarding = ForwardBench(bench.folder, points, fewest_entries=50)
            assert forwarding.catch_up() == account
            assert points_in(influx) == whole
            forwarding.begin_rebuild()
            assert forwarding.catch_up() == account
            assert points_in(influx) == whole
