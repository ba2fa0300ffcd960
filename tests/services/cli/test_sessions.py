"""`dermatrace sessions`."""

from pathlib import Path

from support.program import dermatrace


def test_list_shows_every_session_with_its_grade(data: Path) -> None:
    sessions = dermatrace("sessions", "list", "--data", data, "--json").json()
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
    sessions = dermatrace("sessions", "list", "--data", data, "--json").json()
    text = dermatrace("sessions", "list", "--data", data).output
    assert all(session["session_id"] in text for session in sessions)


def test_show_compares_what_the_device_counted_with_what_arrived(data: Path) -> None:
    sessions = dermatrace("sessions", "list", "--data", data, "--json").json()
    complete = next(
        session
        for session in sessions
        if session["grade"] == "complete" and "pen" in session["session_id"]
    )
    shown = dermatrace("sessions", "show", complete["session_id"], "--data", data, "--json").json()
    assert shown["chain"] == "matches"
    strokes = next(c for c in shown["counters"] if c["name"] == "stroke_count")
    assert strokes["stated"] == strokes["arrived"]
    text = dermatrace("sessions", "show", complete["session_id"], "--data", data).output
    assert "stream chain" in text
    assert "matches" in text


def test_show_of_an_unknown_session_says_how_to_find_one(data: Path) -> None:
    result = dermatrace("sessions", "show", "no-such-session", "--data", data)
    assert result.exit_code == 2
    assert "sessions list" in result.errors


def test_list_of_a_folder_without_journal_asks_for_the_right_one(tmp_path: Path) -> None:
    result = dermatrace("sessions", "list", "--data", tmp_path)
    assert result.exit_code == 3
    assert "--data" in result.errors
