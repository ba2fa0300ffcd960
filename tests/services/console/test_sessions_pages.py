"""The list of sessions: what is found, page by page, kept, exported, and who sees it."""

import csv
import io
from dataclasses import fields
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.testclient import TestClient

from dermatrace.console.searches import SEARCHES_MAX
from dermatrace.console.sessions_form import READY_MADE
from dermatrace.console.sessions_question import PAGE_SESSIONS_MAX, SessionsAsked
from dermatrace.judge.search import SessionQuery
from support.console_bench import NORTH, SOUTH, ConsoleBench, post
from support.judged_clinic import LATE_CONSENT, RUNNING, SESSION_COUNT, UNDATED

SESSIONS = "/api/v1/sessions"
FROM_TIME = {"from_day", "until_day", "from_ms", "until_ms", "timed"}
"""Members of a question that its fields of time become."""
OURS = {"clinics", "after_row", "newest"}
"""Members that follow from who asks, and from where on the list one is."""


@pytest.fixture
def director(bench: ConsoleBench) -> TestClient:
    return bench.signed_in("director")


def _found(client: TestClient, question: str = "") -> list[str]:
    return [one["session_id"] for one in client.get(f"{SESSIONS}?{question}").json()["sessions"]]


def test_everything_that_can_be_asked_of_the_index_can_be_asked_here() -> None:
    asked = set(SessionsAsked.model_fields) - {"from_", "until", "last_days", "limit", "after"}
    assert asked == {member.name for member in fields(SessionQuery)} - FROM_TIME - OURS


def test_form_has_a_field_for_every_question(director: TestClient) -> None:
    page = director.get("/sessions").text
    names = {field.alias or name for name, field in SessionsAsked.model_fields.items()}
    missing = {name for name in names - {"limit", "after"} if f'name="{name}"' not in page}
    assert not missing


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("state=open", [RUNNING]),
        ("rule=gate.consent", [LATE_CONSENT]),
        ("undated=true", [UNDATED]),
        ("gate=plan&priority=high", [UNDATED]),
        ("treatment=rf_needling&operator_id=&zone=", [LATE_CONSENT]),
        ("from=2026-05-29&until=2026-05-30", [RUNNING, LATE_CONSENT]),
        ("subject_id=nobody", []),
    ],
)
def test_question_finds_what_fits(director: TestClient, question: str, expected: list[str]) -> None:
    found = [one for one in _found(director, question) if one != "broken-1"]
    assert found == expected


@pytest.mark.parametrize(
    ("question", "status", "said"),
    [
        ("from=yesterday", 400, "from:"),
        ("priority=urgent", 422, "priority"),
        ("depth=1", 422, "depth"),
        ("energy_above_mj=inf", 422, "energy_above_mj"),
        (f"limit={PAGE_SESSIONS_MAX + 1}", 422, "limit"),
    ],
)
def test_question_that_makes_no_sense_is_answered_with_what_is_wrong(
    director: TestClient, question: str, status: int, said: str
) -> None:
    answered = director.get(f"{SESSIONS}?{question}")
    assert answered.status_code == status
    assert said in answered.json()["title"]
    assert said in director.get(f"/sessions?{question}").text


def test_pages_follow_one_another_without_gap_or_double(director: TestClient) -> None:
    whole, pages, after = _found(director), list[str](), ""
    while True:
        told = director.get(f"{SESSIONS}?limit=4{after}").json()
        assert told["count"] == len(whole)
        pages += [one["session_id"] for one in told["sessions"]]
        if told["next"] is None:
            break
        after = f"&after={told['next']}"
    assert pages == whole
    assert len(whole) >= SESSION_COUNT


def test_last_page_of_html_leads_nowhere_and_the_first_to_the_next(director: TestClient) -> None:
    first = director.get("/sessions?limit=4").text
    assert 'rel="next"' in first
    assert 'rel="next"' not in director.get("/sessions").text


@pytest.mark.parametrize(("clinic", "other"), [(NORTH, SOUTH), (SOUTH, NORTH)])
def test_visitor_finds_only_sessions_of_their_clinics_whatever_they_ask(
    bench: ConsoleBench, clinic: str, other: str
) -> None:
    client = bench.signed_in("operator", clinic)
    told = client.get(SESSIONS).json()
    assert {one["clinic"] for one in told["sessions"]} == {clinic}
    assert told["count"] == len(told["sessions"])
    assert _found(client, f"clinic={other}") == []
    assert other not in client.get("/sessions.csv").text


def test_sessions_without_a_day_are_counted_beside_a_search_by_time(
    director: TestClient,
) -> None:
    told = director.get(f"{SESSIONS}?from=2020-01-01").json()
    assert told["unplaced_count"] >= 1
    assert "fit but for the time" in director.get("/sessions?from=2020-01-01").text


def test_csv_holds_what_was_asked_for(director: TestClient) -> None:
    answered = director.get("/sessions.csv?treatment=rf_needling")
    rows = list(csv.DictReader(io.StringIO(answered.text)))
    assert [row["session_id"] for row in rows] == [LATE_CONSENT]
    assert answered.headers["content-type"].startswith("text/csv")
    assert "attachment" in answered.headers["content-disposition"]


def test_search_is_kept_for_whoever_kept_it_and_can_be_removed(bench: ConsoleBench) -> None:
    director, other = bench.signed_in("director"), bench.signed_in("operator")
    kept = post(director, "/sessions/searches", title="My own", question="priority=high")
    assert kept.headers["location"] == "/sessions?priority=high"
    assert "My own" in director.get("/sessions").text
    assert "My own" not in other.get("/sessions").text
    post(other, "/sessions/searches/remove", title="My own")
    assert "My own" in director.get("/sessions").text
    post(director, "/sessions/searches/remove", title="My own")
    assert "My own" not in director.get("/sessions").text


def test_search_without_a_title_or_one_too_many_is_refused(director: TestClient) -> None:
    assert post(director, "/sessions/searches", title=" ", question="").status_code == 400
    answers = [
        post(director, "/sessions/searches", title=f"Search {n}", question="").status_code
        for n in range(SEARCHES_MAX + 1)
    ]
    assert answers == [303] * SEARCHES_MAX + [400]


@pytest.mark.parametrize("one", READY_MADE, ids=lambda one: one.title)
def test_ready_made_search_asks_what_can_be_asked(director: TestClient, one: Any) -> None:  # noqa: ANN401  a row
    assert dict(parse_qsl(one.question))
    assert director.get(f"/sessions?{one.question}").status_code == 200


def test_list_is_noted_with_the_question_before_it_is_shown(bench: ConsoleBench) -> None:
    bench.signed_in("director", NORTH).get("/sessions?priority=high")
    (read,) = bench.installation.audit.newest(limit=1)
    assert (read.user_name, read.reads) == (f"director.{NORTH}", "sessions")
    assert (read.path, read.admitted) == ("/sessions?priority=high", True)


def test_refused_visit_is_noted_too(bench: ConsoleBench) -> None:
    bench.signed_in("vendor").get("/sessions")
    (read,) = bench.installation.audit.newest(limit=1)
    assert (read.user_name, read.admitted) == ("vendor.every", False)


def test_empty_folder_teaches_how_to_begin(empty_bench: ConsoleBench) -> None:
    client = empty_bench.signed_in("director")
    page = client.get("/sessions")
    assert page.status_code == 200
    assert "dermatrace up" in page.text
    assert client.get(SESSIONS).json()["is_recording"] is False


def test_record_without_an_index_teaches_how_to_get_one(bench: ConsoleBench) -> None:
    for path in bench.installation.settings.data.glob("index.db*"):
        path.unlink()
    page = bench.signed_in("director").get("/sessions")
    assert page.status_code == 200
    assert "dermatrace judge" in page.text
