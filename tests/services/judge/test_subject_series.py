"""Series out of a real journal and index: steps, windows, home weeks, deviations, photos."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.index import Index
from dermatrace.judge.series_view import HomeWeeks, NextWindow
from dermatrace.judge.spot import Spot
from dermatrace.judge.subject_series import SeriesDesk, Subject, SubjectSeries
from support.judged_clinic import (
    DAY_MS,
    FIRST_MS,
    HOME_SERIES,
    HOME_SUBJECT,
    MEDICAL,
    SUBJECT,
    fill,
)

FIRST_DAY = FIRST_MS // DAY_MS
"""Of both clinics: in their time zone it is the same date."""
TREATED = Subject("north-clinic", SUBJECT)
AT_HOME = Subject("south-clinic", HOME_SUBJECT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder as a judge leaves it."""
    folder = tmp_path_factory.mktemp("series")
    fill(folder)
    return folder


@pytest.fixture
def desk(folder: Path) -> Iterator[SeriesDesk]:
    """Return a desk sixty days after the first session."""
    with (
        JournalReader(folder / "journal.db") as reader,
        Index(folder / "index.db", read_only=True) as index,
    ):
        yield SeriesDesk(reader, index, FIRST_MS + 60 * DAY_MS)


def _only(desk: SeriesDesk, subject: Subject) -> SubjectSeries:
    (series,) = desk.series(subject)
    return series


def test_subjects_are_those_treated_last_first_then_those_only_planned_for(
    desk: SeriesDesk,
) -> None:
    assert desk.subjects() == [TREATED, AT_HOME, Subject("south-clinic", "s-other-0001")]
    assert desk.subjects("north-clinic") == [TREATED]
    assert desk.subjects_of_series(HOME_SERIES) == [AT_HOME]
    assert desk.subjects_of_series(HOME_SERIES, "north-clinic") == []


def test_without_a_plan_the_intervals_of_the_protocol_used_count(desk: SeriesDesk) -> None:
    series = _only(desk, TREATED)
    assert (series.plan, series.treatment, series.is_over) == (None, "medical_needling", False)
    assert series.protocol is not None
    assert series.protocol.registry_id == "example-medical-needling"
    forehead = next(z for z in series.progress.zones if z.spot == Spot("forehead", "midline"))
    told = [(step.stream_ids, step.waited_days, step.timing) for step in forehead.steps]
    assert told == [
        ((MEDICAL[1],), None, "first"),
        ((MEDICAL[3],), 20, "early"),
        ((MEDICAL[5],), 35, "on_time"),
    ]
    assert forehead.window == NextWindow(FIRST_DAY + 55 + 28, None, FIRST_DAY + 55 + 42)


def test_a_zone_where_nothing_was_delivered_is_no_step(desk: SeriesDesk) -> None:
    zones = {zone.spot.zone: zone for zone in _only(desk, TREATED).progress.zones}
    assert [step.stream_ids for step in zones["neck"].steps] == [(MEDICAL[1],), (MEDICAL[5],)]
    (other,) = desk.series(Subject("south-clinic", "s-other-0001"))
    assert "temple" not in {zone.spot.zone for zone in other.progress.zones}  # only test shots


def test_a_plan_is_found_by_its_subject_and_its_weeks_are_counted(desk: SeriesDesk) -> None:
    series = _only(desk, AT_HOME)
    assert series.plan is not None
    assert series.plan.registry_id == HOME_SERIES
    home = series.progress.home
    assert isinstance(home, HomeWeeks)
    assert home.told_week_count == 3
    assert home.unknown_week_count == home.week_count - 3
    later = SeriesDesk(desk.reader, desk.index, desk.now_ms + 7 * DAY_MS)
    after = _only(later, AT_HOME).progress.home
    assert after == HomeWeeks(home.week_count + 1, home.told_week_count)


def test_a_subject_that_nobody_treated_or_planned_for_has_no_series(desk: SeriesDesk) -> None:
    nobody = Subject("north-clinic", HOME_SUBJECT)
    assert (desk.series(nobody), desk.deviations(nobody), desk.photos(nobody)) == ([], [], [])


def test_deviations_are_the_findings_about_the_series(desk: SeriesDesk) -> None:
    told = {(d.session.stream_id, d.finding.rule) for d in desk.deviations(TREATED)}
    assert told == {(MEDICAL[3], "series.early"), (MEDICAL[5], "series.late")}


def test_photos_are_told_visit_by_visit_as_facts(desk: SeriesDesk) -> None:
    told = [(p.clinic_day, p.photo.moment, p.photo.consent) for p in desk.photos(TREATED)]
    assert told == [
        (FIRST_DAY + day, moment, "record") for day in (0, 20, 55) for moment in ("before", "after")
    ]


def test_today_is_a_day_of_the_clinic_calendar(desk: SeriesDesk) -> None:
    assert desk.today("north-clinic") == FIRST_DAY + 60
    assert desk.today("a-clinic-nobody-knows") is None
