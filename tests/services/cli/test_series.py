"""`dermatrace series`."""

import shutil
from pathlib import Path

import pytest

from dermatrace.judge.series_pace import Pace, Term
from dermatrace.judge.series_steps import Step
from dermatrace.judge.series_view import NextWindow, ZoneProgress
from dermatrace.judge.spot import Spot
from dermatrace.reading.series_text import next_words
from support.judged_clinic import HOME_SERIES, HOME_SUBJECT, MEDICAL, SUBJECT
from support.program import Result, command

STEP = Step("v-1", ("s-1",), 0, None, "first")


def _series(folder: Path, *words: str) -> Result:
    return command("series", *words, "--data", folder)


def _words(text: str) -> str:
    return " ".join(text.split())


def test_list_tells_each_series_with_what_was_given(judged: Path) -> None:
    rows = _series(judged, "list", "--json").json()
    by_subject = {row["subject_id"]: row for row in rows}
    assert by_subject[SUBJECT]["treatment"] == "medical_needling"
    assert by_subject[SUBJECT]["plan"] is None
    assert by_subject[HOME_SUBJECT]["plan"]["registry_id"] == HOME_SERIES
    spoken = _words(_series(judged, "list").output)
    assert f"{HOME_SUBJECT} cosmetic 3 no number" in spoken
    assert "from 2026-08-19" in spoken


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--clinic", "north-clinic"), {SUBJECT}),
        (("--subject", HOME_SUBJECT), {HOME_SUBJECT}),
        (("--subject", HOME_SUBJECT, "--clinic", "north-clinic"), set()),
    ],
)
def test_list_can_be_narrowed(judged: Path, words: tuple[str, ...], expected: set[str]) -> None:
    rows = _series(judged, "list", "--json", *words).json()
    assert {row["subject_id"] for row in rows} == expected


def test_show_tells_each_visit_early_or_on_time_and_what_comes_next(judged: Path) -> None:
    told = _series(judged, "show", SUBJECT, "--json").json()
    (series,) = told["series"]
    forehead = next(zone for zone in series["zones"] if zone["zone"] == "forehead")
    assert [step["timing"] for step in forehead["steps"]] == ["first", "early", "on_time"]
    assert forehead["steps"][1]["clinic_day"] == "2026-06-17"
    assert forehead["interval_min_days"] == {"value": 28, "by": "treatment protocol"}
    assert forehead["next"] == {"earliest": "2026-08-19", "intended": None, "latest": "2026-09-02"}
    spoken = _words(_series(judged, "show", SUBJECT).output)
    assert "forehead 3 of 3 1 first, 1 early, 1 on time done" in spoken
    assert f"forehead 2026-06-17 20 d early {MEDICAL[3]}" in spoken
    assert f"{MEDICAL[3]}/0 medium series.early: " in spoken


def test_show_tells_photos_before_and_after_as_facts(judged: Path) -> None:
    photos = _series(judged, "show", SUBJECT, "--json").json()["photos"]
    assert [photo["moment"] for photo in photos] == ["before", "after"] * 3
    assert photos[0].keys() == {
        "visit_id",
        "clinic_day",
        "moment",
        "place",
        "angle",
        "consent",
        "fact_time_ms",
        "photo_sha256",
    }
    spoken = _words(_series(judged, "show", SUBJECT).output)
    digits = photos[0]["photo_sha256"][:12]
    assert f"not told before front record 2026-05-28 21:21:40Z {digits}" in spoken


def test_show_never_calls_a_week_at_home_missed(judged: Path) -> None:
    told = _series(judged, "show", HOME_SERIES, "--json").json()
    assert told["subject_id"] == HOME_SUBJECT
    weeks = told["series"][0]["home_weeks"]
    assert weeks["told_week_count"] + weeks["unknown_week_count"] == weeks["week_count"]
    spoken = _words(_series(judged, "show", HOME_SERIES).output)
    assert f"{weeks['unknown_week_count']} unknown: a device may have been offline" in spoken
    assert "21 d late or not told" in spoken
    assert "missed" not in spoken


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("nobody",), "neither a subject nor a series nobody on record"),
        ((SUBJECT, "--clinic", "south-clinic"), "on record at south-clinic"),
    ],
)
def test_show_of_what_is_not_on_record_says_where_to_look(
    judged: Path, words: tuple[str, ...], expected: str
) -> None:
    result = _series(judged, "show", *words)
    assert result.exit_code == 2
    assert expected in result.errors
    assert "`dermatrace series list`" in result.errors


@pytest.mark.parametrize("words", [("list",), ("show", SUBJECT)])
def test_without_index_series_ask_for_the_judge(
    judged: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        shutil.copy(judged / name, tmp_path)
    result = _series(tmp_path, *words)
    assert result.exit_code == 2
    assert "`dermatrace judge`" in result.errors


@pytest.mark.parametrize("columns", [40, 60])
def test_subjects_stay_whole_on_a_narrow_terminal(judged: Path, columns: int) -> None:
    text = command("series", "list", "--data", judged, columns=columns).output
    assert SUBJECT in text
    assert HOME_SERIES in text
    assert max(map(len, text.splitlines())) <= columns


@pytest.mark.parametrize(
    ("window", "today", "expected"),
    [
        (NextWindow(10, None, 20), 9, "from 1970-01-11, until 1970-01-21; not yet"),
        (NextWindow(10, None, 20), 10, "from 1970-01-11, until 1970-01-21; now"),
        (NextWindow(10, None, 20), 20, "from 1970-01-11, until 1970-01-21; now"),
        (NextWindow(10, None, 20), 21, "from 1970-01-11, until 1970-01-21; that has passed"),
        (NextWindow(10, None, 20), None, "from 1970-01-11, until 1970-01-21"),
        (NextWindow(10, 12, None), 99, "from 1970-01-11, intended 1970-01-13; now"),
        (NextWindow(None, 12, None), 99, "intended 1970-01-13"),
        (NextWindow(None, None, None), 99, "no interval entered"),
        (None, 99, "unknown: so is the day of a session"),
    ],
)
def test_the_next_visit_is_told_by_the_limits_there_are(
    window: NextWindow | None, today: int | None, expected: str
) -> None:
    zone = ZoneProgress(Spot("cheek"), Pace(), (STEP,), window=window)
    assert next_words(zone, today, is_over=False) == expected


@pytest.mark.parametrize(
    ("pace", "steps", "is_over", "expected"),
    [
        (Pace(needed_count=Term(1, "series plan")), (STEP,), True, "done"),
        (Pace(), (STEP,), True, "the plan has ended"),
        (Pace(), (), False, "not begun"),
        (Pace(step_count_max=Term(1, "series plan")), (STEP,), False, "none allowed"),
    ],
)
def test_where_no_visit_is_due_it_says_why(
    pace: Pace, steps: tuple[Step, ...], *, is_over: bool, expected: str
) -> None:
    zone = ZoneProgress(Spot("cheek"), pace, steps)
    assert next_words(zone, 0, is_over=is_over) == expected
