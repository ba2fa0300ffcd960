"""`dermatrace sessions`: by the record alone, and as the judge left it."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from dermatrace.judge.index import Index
from support.judge_bench import RUN, JudgeBench, device_messages, session_of
from support.judged_clinic import (
    LATE_CONSENT,
    MEDICAL,
    MINUTES,
    RUNNING,
    SESSION_COUNT,
    UNDATED,
)
from support.program import Result, command, dermatrace


def _list(folder: Path, *words: str) -> Result:
    return command("sessions", "list", *words, "--data", folder)


def _named(folder: Path, *words: str) -> list[str]:
    result = _list(folder, *words, "--json")
    assert result.exit_code == 0, result.errors
    return [row["session_id"] for row in result.json()]


def _words(text: str) -> str:
    return " ".join(text.split())


# --- by the record alone ----------------------------------------------------------------------


@pytest.fixture
def unjudged(judged: Path, tmp_path: Path) -> Path:
    """Return a folder with the record, without what the judge keeps."""
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        shutil.copy(judged / name, tmp_path)
    return tmp_path


def test_list_shows_every_session_with_its_grade(data: Path) -> None:
    sessions = _list(data, "--json").json()
    assert len(sessions) == 6
    assert sorted(session["grade"] for session in sessions) == [
        "complete",
        "complete",
        "complete",
        "complete",
        "complete",
        "with_declared_losses",
    ]


def test_list_for_people_names_each_session(data: Path) -> None:
    text = _list(data).output
    assert all(name in text for name in _named(data))


def test_list_without_index_examines_the_record_and_says_how_to_judge_it(unjudged: Path) -> None:
    result = _list(unjudged)
    assert (result.exit_code, result.output.count("complete")) == (0, SESSION_COUNT - 2)
    assert "no index.db" in result.errors
    assert "`dermatrace judge`" in result.errors
    rows = _list(unjudged, "--json").json()
    assert {row["grade_as_of"] for row in rows} == {"now"}
    assert {row["session_id"]: row["grade"] for row in rows}[RUNNING] == "open"


def test_list_without_index_cannot_search_and_says_so(unjudged: Path) -> None:
    result = _list(unjudged, "--operator", "north-nurse")
    assert result.exit_code == 2
    assert "`dermatrace judge`" in result.errors


def test_csv_without_index_leaves_empty_what_was_not_judged(unjudged: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(_list(unjudged, "--csv").output)))
    assert len(rows) == SESSION_COUNT
    assert {row["adherence"] + row["operator_id"] + row["consent"] for row in rows} == {""}
    assert all(row["session_id"] and row["grade"] for row in rows)


def test_list_of_a_folder_without_journal_asks_for_the_right_one(tmp_path: Path) -> None:
    result = _list(tmp_path)
    assert result.exit_code == 3
    assert "--data" in result.errors


# --- as the judge left it ---------------------------------------------------------------------


def test_list_tells_newest_first_what_the_judge_thinks(judged: Path) -> None:
    rows = _list(judged, "--json").json()
    assert (rows[0]["session_id"], rows[-1]["session_id"]) == (MEDICAL[5], UNDATED)
    by_name = {row["session_id"]: row for row in rows}
    assert len(by_name) == SESSION_COUNT
    medical, late = by_name[MEDICAL[1]], by_name[LATE_CONSENT]
    assert (medical["operator_id"], medical["consent"]) == ("north-nurse", "in_time")
    assert (medical["adherence"], medical["why_not"], medical["grade"]) == (1.0, None, "complete")
    assert medical["grade_as_of"] == "judgement"
    assert (late["consent"], late["open_gates"]) == ("finding", ["consent"])
    assert (by_name[RUNNING]["state"], by_name[RUNNING]["grade"]) == ("open", "open")
    assert by_name[UNDATED]["why_not"] == "no_protocol"


def test_list_for_people_says_in_words_what_is_missing(judged: Path) -> None:
    spoken = _words(_list(judged, "--session", UNDATED).output)
    assert "no protocol" in spoken
    assert "disputed" in spoken
    assert "plan" in spoken
    assert "not yet" in _words(_list(judged, "--session", RUNNING).output)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--zone", "temple"), {LATE_CONSENT, UNDATED}),
        (("--zone", "temple", "--side", "right"), set()),
        (("--zone", "neck", "--depth-median-above-mm", "9"), set()),
        (("--justified",), {LATE_CONSENT}),
        (("--rule", "gate.consent"), {LATE_CONSENT}),
        (("--rule", "series", "--priority", "medium"), {MEDICAL[3]}),
        (("--without-rule", "series", "--operator", "north-nurse"), {MEDICAL[1]}),
        (("--gate", "consent"), {LATE_CONSENT}),
        (("--state", "open"), {RUNNING}),
        (("--grade", "disputed"), {UNDATED}),
        (("--undated",), {UNDATED}),
        (("--subject", "s-series-0001", "--until", "2026-06-17"), {MEDICAL[1], MEDICAL[3]}),
        (("--from", "2026-06-17", "--until", "2026-06-17"), {MEDICAL[3]}),
        (("--from", "2026-07-22T21:00Z"), {MEDICAL[5]}),
        (("--modality", "rf", "--data-coverage-min", "0.9", "--dated"), {LATE_CONSENT}),
        (("--energy-above-mj", "5000", "--clinic", "south-clinic"), {LATE_CONSENT}),
        (("--operator", "nobody"), set()),
    ],
)
def test_list_finds_what_is_asked_for(
    judged: Path, words: tuple[str, ...], expected: set[str]
) -> None:
    assert set(_named(judged, *words)) == expected


def test_list_with_a_span_of_time_says_that_a_clock_was_not_set(judged: Path) -> None:
    for from_ in ("2026-06-17", "2026-06-17T00:00Z"):
        result = _list(judged, "--from", from_, "--newest", "2")
        assert "2 of 3" in result.errors
        assert "1 more fit but for the time" in result.errors
    assert "fit but for the time" not in _list(judged, "--clinic", "south-clinic").errors


def test_list_that_finds_nothing_says_so(judged: Path) -> None:
    result = _list(judged, "--operator", "nobody")
    assert (result.exit_code, result.output) == (0, "no session fits\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--from", "spring"), "--from: 'spring' is not a time"),
        (("--until", "2026-02-30"), "--until: "),
        (("--from", "2026-03-01", "--last-days", "7"), "Use one of them."),
        (("--adherence-min", "nan"), "--adherence-min: nan is no number"),
        (("--csv", "--json"), "Use one of them."),
        (("--grade", "fine"), "'fine' is not one of"),
    ],
)
def test_list_refuses_what_makes_no_sense(
    judged: Path, words: tuple[str, ...], expected: str
) -> None:
    result = _list(judged, *words)
    assert result.exit_code == 2
    assert expected in _words(result.errors.replace("│", " "))


def test_list_says_how_far_the_judge_is_behind(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path / "data")
    with Index(tmp_path / "data" / "index.db") as index:
        index.begin()
        index.connection.execute("UPDATE follower SET entry_id = 0, entry_hash = x''")
        index.commit()
    result = _list(tmp_path / "data")
    assert "The judge has read 0 of " in result.errors


def test_list_with_the_index_of_another_journal_says_what_to_delete(
    judged: Path, tmp_path: Path
) -> None:
    bench = JudgeBench(tmp_path)
    bench.record(device_messages(session_of(0, minutes=MINUTES)))
    bench.close()
    for name in ("index.db", "index.db-wal", "index.db-shm"):
        shutil.copy(judged / name, tmp_path)
    result = _list(tmp_path)
    assert result.exit_code == 3
    assert "Delete the follower's file" in result.errors


def test_csv_quotes_what_a_spreadsheet_would_split(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path / "data")
    version = '1, "draft"\nof spring'
    with Index(tmp_path / "data" / "index.db") as index:
        index.begin()
        index.connection.execute("UPDATE sessions SET protocol_version = ?", (version,))
        index.commit()
    rows = list(csv.DictReader(io.StringIO(_list(tmp_path / "data", "--csv").output, newline="")))
    assert len(rows) == SESSION_COUNT
    assert {row["protocol_version"] for row in rows} == {version}
    late = next(row for row in rows if row["session_id"] == LATE_CONSENT)
    assert late["started_utc"] == "2026-05-29T21:26:40.000Z"
    assert (late["clinic_day"], late["open_gates"], late["adherent"]) == (
        "2026-05-29",
        "consent",
        "false",
    )


def test_csv_leaves_empty_what_nobody_knows(judged: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(_list(judged, "--csv", "--undated").output))
    names = ("started_utc", "clinic_day", "adherence", "operator_id", "subject_id")
    assert [row[name] for name in names] == [""] * len(names)
    assert row["why_not"] == "no_protocol"


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_names_stay_whole_on_any_terminal(judged: Path, columns: int) -> None:
    text = command("sessions", "list", "--data", judged, columns=columns).output
    assert all(name in text for name in _named(judged))
    assert max(map(len, text.splitlines())) <= columns


# --- one session ------------------------------------------------------------------------------


def _show(folder: Path, session: str, *words: str) -> Result:
    return command("sessions", "show", session, *words, "--data", folder)


def test_show_compares_what_the_device_counted_with_what_arrived(data: Path) -> None:
    sessions: list[dict[str, Any]] = _list(data, "--json").json()
    complete = next(
        session
        for session in sessions
        if session["grade"] == "complete" and "pen" in session["session_id"]
    )
    shown = _show(data, complete["session_id"], "--json").json()
    assert shown["chain"] == "matches"
    strokes = next(c for c in shown["counters"] if c["name"] == "stroke_count")
    assert strokes["stated"] == strokes["arrived"]
    text = _show(data, complete["session_id"]).output
    assert "stream chain" in text
    assert "matches" in text


def test_show_of_an_unknown_session_says_how_to_find_one(data: Path) -> None:
    result = _show(data, "no-such-session")
    assert result.exit_code == 2
    assert "sessions list" in result.errors


def test_show_tells_every_generation_and_what_the_newest_rests_on(judged: Path) -> None:
    told = _show(judged, MEDICAL[3], "--json").json()["judgement"]
    generations = told["generations"]
    assert [one["generation"] for one in generations] == list(range(len(generations)))
    assert [one["cause"] for one in generations[:2]] == ["live", "chart_fact"]
    protocol = generations[-1]["protocol"]
    assert protocol["registry_id"] == "example-medical-needling"
    assert protocol in told["pins"]
    assert told["index"]["generation"] == generations[-1]["generation"]
    spoken = _words(_show(judged, MEDICAL[3]).output)
    assert f"generation {len(generations) - 1} chart fact" in spoken
    assert protocol["digest"][:12] in spoken
    assert "operator north-nurse 1" in spoken


def test_show_names_each_finding_as_it_can_be_asked_about(judged: Path) -> None:
    told = _show(judged, LATE_CONSENT, "--json").json()["judgement"]
    (finding,) = told["findings"]
    assert (finding["name"], finding["rule"]) == (f"{LATE_CONSENT}/0", "gate.consent")
    assert (finding["cleared"], finding["justified"]) == (False, True)
    assert told["open_gates"] == ["consent"]
    spoken = _words(_show(judged, LATE_CONSENT).output)
    assert f"the name of each is {LATE_CONSENT}/NUMBER" in spoken
    assert "0 medium gate.consent justified Consent to rf needling" in spoken
    assert "open gates: consent" in spoken
    assert "consent before the first contact: finding 0" in spoken


def test_show_tells_adherence_and_coverage_of_session_and_zones(judged: Path) -> None:
    output = _show(judged, LATE_CONSENT).output
    rows = {line[:13].strip(): line.split()[-6:] for line in output.splitlines() if "1.00" in line}
    assert {"whole session", "forehead", "neck"} <= rows.keys()
    summaries = _show(judged, LATE_CONSENT, "--json").json()["judgement"]["summaries"]
    assert summaries[0]["scope"] == "session"
    assert {s["zone"] for s in summaries[1:]} >= {"forehead", "neck", "temple"}


def test_show_of_a_running_session_tells_what_there_is_so_far(judged: Path) -> None:
    shown = _show(judged, RUNNING, "--json").json()
    assert shown["grade"] == "open"
    assert shown["judgement"]["generations"][0]["outcome"] is None
    spoken = _words(_show(judged, RUNNING).output)
    assert "generation 0 live none not yet" in spoken
    assert "not yet not yet" in spoken


def test_show_without_index_tells_verdicts_but_not_what_was_justified(unjudged: Path) -> None:
    told = _show(unjudged, LATE_CONSENT, "--json").json()["judgement"]
    assert [finding["justified"] for finding in told["findings"]] == [None]
    assert (told["index"], told["open_gates"]) == (None, ["consent"])
    assert "Whether findings were justified is not known" in _show(unjudged, LATE_CONSENT).output


def test_show_of_a_session_never_judged_says_so(tmp_path: Path) -> None:
    bench = JudgeBench(tmp_path)
    session = session_of(0, minutes=MINUTES)
    bench.record(device_messages(session))
    bench.close()
    name = session.stream_id(RUN)
    assert _show(tmp_path, name, "--json").json()["judgement"] is None
    assert "not judged: there is no index.db" in _show(tmp_path, name).output


def test_both_commands_run_as_a_user_calls_them(judged: Path) -> None:
    listed = dermatrace("sessions", "list", "--data", judged, "--rule", "gate.consent", "--csv")
    assert (listed.exit_code, len(listed.output.splitlines())) == (0, 2)
    shown = dermatrace("sessions", "show", LATE_CONSENT, "--data", judged)
    assert (shown.exit_code, "open gates: consent" in shown.output) == (0, True)
