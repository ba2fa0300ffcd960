"""Check-in, chart and review: what is made of what people enter, and who may enter it."""

from typing import Any

import pytest
from httpx2 import Response

from dermatrace.console.access import Role
from support.console_bench import NORTH, SOUTH, ConsoleBench, csrf_of

VISIT = "visit-run-pen-north-1-1"
SESSION = f"/sessions/{NORTH}/pen-north-1/run-pen-north-1-1"
CHART = f"/chart/{NORTH}/sessions/pen-north-1/run-pen-north-1-1"


def _send(
    bench: ConsoleBench, role: Role, path: str, body: dict[str, Any], name: str = ""
) -> Response:
    client = bench.signed_in(role, NORTH) if not name else _named(bench, role, name)
    token = csrf_of(client)
    return client.post(f"/api/v1{path}", json=body, headers={"x-csrf-token": token})


def _named(bench: ConsoleBench, role: Role, name: str) -> Any:  # noqa: ANN401  a client
    bench.people.add(name, role, (NORTH,))
    client = bench.anybody()
    client.post("/enter", data={"token": bench.people.issue("link", name)})
    return client


def test_new_visit_gets_a_random_pseudonym_and_its_plan_is_on_its_way(bench: ConsoleBench) -> None:
    body = {"protocol_id": "example-medical-needling", "protocol_version": "1"}
    made = _send(bench, "operator", f"/visits/{NORTH}", body).json()
    again = _send(bench, "operator", f"/visits/{NORTH}", body).json()
    assert made["subject_id"].startswith("p-")
    assert made["subject_id"] != again["subject_id"]
    assert [one["kind"] for one in made["told"]] == ["chart.plan"]
    client = bench.signed_in("operator", NORTH)
    page = client.get(f"/visits/{NORTH}/{made['visit_id']}")
    assert page.status_code == 200
    assert "waiting for the recorder" in page.text
    slip = client.get(f"/visits/{NORTH}/{VISIT}/slip").text
    assert "Pseudonym" in slip


def test_known_subject_keeps_the_pseudonym_and_gets_the_last_plan(bench: ConsoleBench) -> None:
    made = _send(bench, "operator", f"/visits/{NORTH}", {"subject_id": "s-series-0001"}).json()
    assert made["subject_id"] == "s-series-0001"
    page = bench.signed_in("operator", NORTH).get("/visits?subject=s-series-0001").text
    assert '<option value="north-nurse" selected>' in page
    assert '<option value="example-medical-needling 1" selected>' in page


def test_running_session_is_attached_to_the_new_visit_at_once(bench: ConsoleBench) -> None:
    session = {"sender": "pen-north-1", "session_id": "run-pen-north-1-1"}
    made = _send(bench, "operator", f"/visits/{NORTH}", {"session": session}).json()
    assert sorted(one["kind"] for one in made["told"]) == ["chart.attach", "chart.plan"]


def test_visit_tells_plan_facts_gates_and_sessions(bench: ConsoleBench) -> None:
    told = bench.signed_in("clinic_viewer", NORTH).get(f"/api/v1/visits/{NORTH}/{VISIT}").json()
    kinds = {fact["kind"] for fact in told["facts"]}
    assert {"chart.plan", "chart.consent", "chart.exam", "chart.answers"} <= kinds
    assert all(fact["words"] for fact in told["facts"])
    assert [one["session_id"] for one in told["sessions"]] == ["run-pen-north-1-1"]
    assert "consent" in told["asked_gates"]


def test_consent_is_asked_for_what_is_planned_and_for_nothing_if_nothing_is(
    bench: ConsoleBench,
) -> None:
    client = bench.signed_in("operator", NORTH)
    planned = client.get(f"/visits/{NORTH}/{VISIT}").text
    assert '<option value="medical_needling" selected>' in planned
    made = _send(bench, "operator", f"/visits/{NORTH}", {}).json()
    unplanned = client.get(f"/visits/{NORTH}/{made['visit_id']}").text
    assert '<option value="medical_needling">' in unplanned


def test_times_are_those_of_the_clinic(bench: ConsoleBench) -> None:
    page = bench.signed_in("operator", NORTH).get(f"/visits/{NORTH}/{VISIT}").text
    assert "Europe/Vienna" in page


def test_unknown_visit_and_visit_of_another_clinic_are_not_there(bench: ConsoleBench) -> None:
    assert bench.signed_in("operator", NORTH).get(f"/visits/{NORTH}/v-none").status_code == 404
    assert bench.signed_in("operator", SOUTH).get(f"/visits/{NORTH}/{VISIT}").status_code == 404
    made = _send(bench, "operator", f"/visits/{NORTH}", {}).json()
    other = bench.signed_in("operator", SOUTH)
    assert other.get(f"/visits/{SOUTH}/{made['visit_id']}").status_code == 404


def test_viewer_reads_and_finds_no_form(bench: ConsoleBench) -> None:
    page = bench.signed_in("clinic_viewer", NORTH).get(f"/visits/{NORTH}/{VISIT}").text
    assert "data-tells" not in page
    assert "Your role reads" in page


def test_reason_names_the_findings_it_is_for(bench: ConsoleBench) -> None:
    chart = bench.signed_in("operator", NORTH).get(f"/api/v1{SESSION}/chart").json()
    if not chart["findings"]:
        pytest.skip("the session has no finding")
    number = chart["findings"][0]["number"]
    sent = _send(
        bench, "operator", f"{CHART}/justified", {"numbers": [number], "reason": "Agreed."}
    )
    assert sent.json()["told"][0]["kind"] == "chart.justification"


def test_finding_that_there_is_not_cannot_be_named(bench: ConsoleBench) -> None:
    sent = _send(bench, "operator", f"{CHART}/seen", {"numbers": [9_999]})
    assert sent.status_code == 400
    assert "9999" in sent.json()["title"]


def test_only_a_director_of_the_registry_signs_and_only_what_was_shown(bench: ConsoleBench) -> None:
    shown = bench.signed_in("director", NORTH).get(f"/api/v1{SESSION}/chart").json()
    body = {
        "meaning": "review",
        "generation": shown["generation"],
        "as_of_entry_id": shown["as_of_entry_id"],
    }
    path = f"{CHART}/signature"
    assert _send(bench, "operator", path, body).status_code == 403
    unknown = _send(bench, "director", path, body)
    assert unknown.status_code == 400
    assert "no appointment" in unknown.json()["title"]
    director = _named(bench, "director", "north-director")
    headers = {"x-csrf-token": csrf_of(director)}
    older = director.post(f"/api/v1{path}", json=body | {"as_of_entry_id": 1}, headers=headers)
    assert older.status_code == 400
    other = director.post(f"/api/v1{path}", json=body | {"generation": 99}, headers=headers)
    assert other.status_code == 400
    signed = director.post(f"/api/v1{path}", json=body, headers=headers)
    assert signed.json()["told"][0]["kind"] == "chart.signature"


def test_list_of_the_day_teaches_while_it_is_empty(bench: ConsoleBench) -> None:
    page = bench.signed_in("operator", NORTH).get("/visits").text
    assert "No visit in the last day" in page
    assert "New visit" in page


def _first_fact(bench: ConsoleBench, kind: str) -> dict[str, Any]:
    told = bench.signed_in("operator", NORTH).get(f"/api/v1/visits/{NORTH}/{VISIT}").json()
    found: dict[str, Any] = next(fact for fact in told["facts"] if fact["kind"] == kind)
    return found


def _key_of(fact: dict[str, Any]) -> dict[str, Any]:
    return {"stream_class": "chart"} | {name: fact[name] for name in ("sender", "stream_id", "seq")}


def test_fact_tells_what_its_form_has_to_be_filled_with(bench: ConsoleBench) -> None:
    said = _first_fact(bench, "chart.consent")["said"]
    assert {"visit_id", "procedure", "decision"} <= set(said)
    assert not {"salt", "seq", "author", "source"} & set(said)


def test_correction_of_what_nobody_told_says_so_and_sends_nothing(bench: ConsoleBench) -> None:
    gone = _key_of(_first_fact(bench, "chart.consent")) | {"seq": 900}
    facts = {"visit_id": VISIT, "earlier": gone, "reason": "Wrong."}
    alone = {"kind": "chart.correction", "facts": facts}
    note = {
        "kind": "chart.note",
        "facts": {"visit_id": VISIT, "text": "Came late."},
        "replaces": {"earlier": gone, "reason": "Wrong."},
    }
    for one in (alone, note):
        sent = _send(bench, "operator", f"/chart/{NORTH}", {"about": VISIT, "documents": [one]})
        assert sent.status_code == 400
        assert "no chart document 900" in sent.json()["title"]
        assert "list" in sent.json()["detail"]
    assert not list((bench.installation.settings.data / "outbox").glob("*.console.db"))


def test_wrong_detail_of_an_adverse_event_is_named(bench: ConsoleBench) -> None:
    event = {"category": "frostbite"}
    facts = {"visit_id": VISIT, "observed": "adverse_event", "adverse_event": event}
    one = {"kind": "chart.observation", "facts": facts}
    sent = _send(bench, "operator", f"/chart/{NORTH}", {"about": VISIT, "documents": [one]})
    assert sent.status_code == 400
    assert sent.json()["title"].startswith("adverse_event.category: ")
