"""What a board shows is what the record says: one figure of each, worked out from the journal."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from support import judged_clinic
from support.boards_data import Placed
from support.boards_record import Record, Told
from support.boards_run import Shown, panel_named, show
from support.boards_sample import FAULTY_PLACE, PAST_RF_PLACE, RUNNING_PEN_PLACE, BoardsData
from support.grafana import milliseconds

pytestmark = pytest.mark.slow
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def record(data: BoardsData) -> Record:
    """Return the record that was forwarded."""
    return Record.read(data.folder)


def _shown(data: BoardsData, slug: str, title: str, chosen: str = "all") -> Shown:
    return show(data.org, panel_named(slug, title), data.scopes(slug)[chosen])


def _standing(data: BoardsData, record: Record, *states: str) -> dict[Placed, Told]:
    since_ms = data.ends_ms - milliseconds("12h")
    return {
        place: told
        for place, told in record.judged("verdict.state").items()
        if told.at_ms >= since_ms and told.document["state"] in states
    }


@pytest.mark.parametrize(
    ("title", "states"), [("Under way", ("running", "paused")), ("Silent", ("silent",))]
)
def test_floor_counts_the_sessions_of_which_the_judge_says_so(
    data: BoardsData, record: Record, title: str, states: tuple[str, ...]
) -> None:
    expected = Counter(place.clinic for place in _standing(data, record, *states))
    assert expected
    shown = _shown(data, "treatment-floor", title)
    assert {name: shown.figure(name) for name in shown.names - {"Time"}} == expected


def test_floor_has_a_row_for_each_pen_under_way_and_none_for_what_is_over(
    data: BoardsData, record: Record
) -> None:
    pens = {
        Placed(row["Clinic"], row["Device"], row["Session"]): row["State"]
        for row in _shown(data, "treatment-floor", "Pens").rows()
    }
    standing = _standing(data, record, "running", "paused", "silent")
    expected = {
        place: told.document["state"]
        for place, told in standing.items()
        if place.device.startswith("pen")
    }
    assert RUNNING_PEN_PLACE in expected
    assert pens == expected


def test_live_board_shows_the_deepest_and_the_shallowest_that_the_pen_reported(
    data: BoardsData, record: Record
) -> None:
    windows = record.of_session(RUNNING_PEN_PLACE, "needling.windows")
    reported = {
        "Reported least": min(_all(windows, "depth_measured_min_mm")),
        "Reported most": max(_all(windows, "depth_measured_max_mm")),
        "Set": max(_all(windows, "depth_commanded_mm")),
    }
    shown = _shown(data, "live-session", "Depth of a pen", "pen")
    series = {frame.fields[1].shown: frame.fields[1].values for frame in shown.frames}
    found = {name: [value for value in series[name] if value is not None] for name in reported}
    assert {
        "Reported least": min(found["Reported least"]),
        "Reported most": max(found["Reported most"]),
        "Set": max(found["Set"]),
    } == reported


def test_live_board_has_a_point_for_every_window_with_a_depth(
    data: BoardsData, record: Record
) -> None:
    windows = record.of_session(RUNNING_PEN_PLACE, "needling.windows")
    shown = _shown(data, "live-session", "Depth of a pen", "pen")
    (drawn,) = (
        frame.fields[1].values
        for frame in shown.frames
        if frame.fields[1].shown == "Reported median"
    )
    expected = len(_all(windows, "depth_measured_median_mm"))
    assert sum(value is not None for value in drawn) == expected > 0


def _all(windows: list[dict[str, Any]], name: str) -> list[float]:
    return [value for window in windows for value in window[name] if value is not None]


def test_review_adds_up_the_energy_that_each_zone_was_given(
    data: BoardsData, record: Record
) -> None:
    expected: Counter[str] = Counter()
    for shot in record.of_session(PAST_RF_PLACE, "rf.shot"):
        if shot["purpose"] == "treatment":
            pulses = [pulse for depth in shot["depths"] for pulse in depth["sub_pulses"]]
            assert {pulse["energy_scope"] for pulse in pulses} == {"total"}
            expected[shot["place"]["zone"]] += sum(one["energy_delivered_mj"] for one in pulses)
    shown: Counter[str] = Counter()
    for row in _shown(data, "session-review", "Dose by zone", "rf").rows():
        if row["Energy"]:
            shown[row["Zone"]] += row["Energy"]
    assert expected
    assert shown == pytest.approx({zone: mj / 1_000 for zone, mj in expected.items()})


def test_review_lists_the_findings_of_the_newest_judgement(
    data: BoardsData, record: Record
) -> None:
    newest = record.judged("verdict.opened")[FAULTY_PLACE].place
    expected = Counter(
        one.document["finding"]["rule"]
        for one in record.told_of("verdict.finding_raised")
        if one.place == newest
    )
    shown = _shown(data, "session-review", "Findings", "pen").rows()
    assert Counter(row["Rule"] for row in shown) == expected
    assert expected["data.gap"] + expected["data.declared_loss"] > 0


def test_adherence_counts_sessions_and_those_that_could_be_assessed(
    data: BoardsData, record: Record
) -> None:
    summaries = [
        one.document["adherence"]
        for one in record.judged("verdict.summary", scope="session").values()
    ]
    assessed = [one for one in summaries if one["fraction"] is not None]
    shown = _shown(data, "protocol-adherence", "Sessions")
    assert shown.figure("Sessions") == len(summaries)
    assert shown.figure("Assessed") == len(assessed)
    assert shown.figure("Cannot be assessed") == len(summaries) - len(assessed) > 0
    share = sum(one["within_count"] for one in summaries) / sum(
        one["assessed_count"] for one in summaries
    )
    scores = _shown(data, "protocol-adherence", "Adherence and data coverage")
    assert scores.figure("Adherence") == pytest.approx(share)
    assert 0 < share < 1


def test_session_that_cannot_be_assessed_stands_in_the_list_with_the_reason(
    data: BoardsData, record: Record
) -> None:
    expected = {
        place.session: told.document["adherence"]["why_not"]
        for place, told in record.judged("verdict.summary", scope="session").items()
    }
    rows = _shown(data, "protocol-adherence", "One by one").rows()
    assert {row["Session"]: row["Why not"] for row in rows} == expected


def test_series_shows_the_days_between_its_sessions(data: BoardsData, record: Record) -> None:
    sessions = [Placed("south-clinic", "home-south-1", f"run-home-south-1-{n}") for n in (1, 2, 3)]
    begun_ms = [record.of_session(one, "session.started")[0]["wall_time_ms"] for one in sessions]
    (frame,) = _shown(data, "series", "Interval", "home").frames
    expected = [(later - earlier) / DAY_MS for earlier, later in pairwise(begun_ms)]
    assert expected == [7, 21]
    assert frame.fields[1].values == pytest.approx(expected)
    assert frame.fields[0].values == begun_ms[1:]


def test_series_counts_its_sessions_and_no_others(data: BoardsData) -> None:
    shown = _shown(data, "series", "Sessions so far", "home")
    assert shown.figure("Sessions") == len(judged_clinic.HOME_DAYS)


def test_fleet_counts_sessions_and_faults_of_each_device(data: BoardsData, record: Record) -> None:
    shows = data.scopes("device-fleet")["all"]
    judged = {
        place
        for place in record.judged("verdict.summary", scope="session")
        # The one whose device knew no time was recorded before what is shown.
        if (record.of_session(place, "session.started")[0]["wall_time_ms"] or 0) >= shows.from_ms
    }
    sessions = Counter((place.clinic, place.device) for place in judged)
    faults = Counter(
        (one.place.clinic, one.place.device)
        for one in record.told_of("device.event")
        if one.document["event"] == "fault" and one.place in judged
    )
    rows = _shown(data, "device-fleet", "Faults by device").rows()
    found = {(row["Clinic"], row["Device"]): row for row in rows}
    assert {key: row["Sessions"] for key, row in found.items()} == sessions
    assert {key: row["Faults"] for key, row in found.items() if row["Faults"]} == faults
    for key, row in found.items():
        if row["Time on skin"]:
            an_hour = faults[key] / row["Time on skin"] * 3_600_000
            assert row["Faults an hour on skin"] == pytest.approx(an_hour)


def test_pipeline_counts_what_was_not_understood_by_sender_and_reason(
    data: BoardsData, record: Record
) -> None:
    rows = _shown(data, "pipeline-health", "Not understood, by sender").rows()
    found = {(row["Device"], row["Why"]): row["Messages"] for row in rows}
    assert found == Counter(record.rejected)
    assert found


def test_pipeline_tells_where_every_point_went(data: BoardsData) -> None:
    (row,) = _shown(data, "pipeline-health", "Where points went").rows()
    assert row["Journalled"] == data.account.journalled_count
    assert row["Forwarded"] == data.account.forwarded_count
    assert row["Journalled"] == sum(row[name] for name in row.keys() - {"Journalled"})
    assert _shown(data, "pipeline-health", "Points unaccounted for").figure("Points") == 0


def test_pipeline_lists_the_sessions_that_fell_silent(data: BoardsData, record: Record) -> None:
    rows = _shown(data, "pipeline-health", "Silent in session").rows()
    found = {Placed(row["Clinic"], row["Device"], row["Session"]) for row in rows}
    assert found
    assert found == set(_standing(data, record, "silent"))
