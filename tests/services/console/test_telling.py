"""What people enter, on its way: said to be recorded only when it is, also after a restart."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from dermatrace.clock import SystemClock
from dermatrace.console.store import Store
from dermatrace.console.telling import Telling, Told
from dermatrace.journal.reader import JournalReader
from dermatrace.settings import Settings
from dermatrace_schemas.parse import parse
from support.broker import Mosquitto
from support.console_bench import NORTH, SOUTH, ConsoleBench, csrf_of
from support.ingest_thread import IngestThread
from support.judge_bench import JudgeBench
from support.telling_twins import HastyTelling
from support.waiting import wait_until

VISIT = "v-tried"
FACTS: dict[str, JsonValue] = {
    "salt": "0" * 32,
    "visit_id": VISIT,
    "text": "Came late.",
    "source": "console",
}
NOTE = {"kind": "chart.note", "facts": {"visit_id": VISIT, "text": "Came late."}}


@pytest.fixture
def reached(data: Path, mosquitto: Mosquitto) -> Iterator[ConsoleBench]:
    """Return a console with a broker that keeps what comes for a recorder that is away."""
    _introduce(data, mosquitto)
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        yield bench


def _introduce(data: Path, mosquitto: Mosquitto) -> None:
    """Let the broker know the recorder: to one that knows nobody, a sender waits for a minute."""
    settings = Settings(data=data, broker_port=mosquitto.port)
    with IngestThread(data / "journal.db", settings.broker_address()) as ingest:
        ingest.wait_healthy()


def _enter(bench: ConsoleBench, *documents: object, about: str = VISIT) -> Any:  # noqa: ANN401  JSON
    client = bench.signed_in("operator", NORTH)
    return client.post(
        f"/api/v1/chart/{NORTH}",
        json={"about": about, "documents": list(documents)},
        headers={"x-csrf-token": csrf_of(client)},
    )


def _told(bench: ConsoleBench, stream_id: str) -> dict[str, Any]:
    client = bench.signed_in("operator", NORTH)
    told: dict[str, Any] = client.get(f"/api/v1/chart/{NORTH}/told/{stream_id}").json()["told"][0]
    return told


def test_document_is_recorded_only_when_the_receipt_has_come(
    reached: ConsoleBench, data: Path
) -> None:
    (waiting,) = _enter(reached, NOTE).json()["told"]
    assert waiting["state"] == "waiting"
    with IngestThread(data / "journal.db", reached.installation.settings.broker_address()):
        wait_until(
            lambda: _told(reached, waiting["stream_id"])["state"] == "recorded", what="a receipt"
        )
        assert _told(reached, waiting["stream_id"])["recorded_after_ms"] > 0
        (quick,) = _enter(reached, NOTE).json()["told"]
    assert quick["state"] == "recorded"
    assert 0 <= quick["recorded_after_ms"] < 2_000


def test_what_is_recorded_says_who_and_when_and_from_where(
    reached: ConsoleBench, data: Path
) -> None:
    with IngestThread(data / "journal.db", reached.installation.settings.broker_address()):
        (told,) = _enter(reached, NOTE).json()["told"]
    with JournalReader(data / "journal.db") as reader:
        (stream,) = reader.streams_named("chart", told["stream_id"])
        (entry,) = reader.read_stream(stream.row)
    document = json.loads(entry.payload or b"")
    assert parse("chart", entry.payload or b"")
    assert (stream.key.clinic, stream.key.sender) == (NORTH, "console")
    assert document["source"] == "console"
    assert document["author"] == f"operator.{NORTH}"
    assert document["entered_ms"] is not None
    assert len(document["salt"]) == 32
    assert stream.coverage.is_complete()


def test_console_started_again_offers_what_waited_and_knows_what_was_recorded(
    data: Path, mosquitto: Mosquitto
) -> None:
    _introduce(data, mosquitto)
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        (waiting,) = _enter(bench, NOTE).json()["told"]
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        assert _told(bench, waiting["stream_id"])["state"] == "waiting"
        with IngestThread(data / "journal.db", bench.installation.settings.broker_address()):
            wait_until(
                lambda: _told(bench, waiting["stream_id"])["state"] == "recorded",
                what="the document of before",
            )
    with ConsoleBench(data) as bench:
        assert _told(bench, waiting["stream_id"])["state"] == "recorded", "the record has it"


def test_outbox_that_is_gone_makes_nothing_look_recorded(data: Path) -> None:
    with ConsoleBench(data) as bench:
        (waiting,) = _enter(bench, NOTE).json()["told"]
    for file in (data / "outbox").glob(f"{NORTH}.console.db*"):
        file.unlink()
    with ConsoleBench(data) as bench:
        told = _told(bench, waiting["stream_id"])
    assert told["state"] == "lost"
    assert "once more" in told["reason"]


def test_document_that_would_be_rejected_says_why_and_sends_nothing(bench: ConsoleBench) -> None:
    wrong = {"kind": "chart.consent", "facts": {"visit_id": VISIT, "procedure": "x"}}
    answer = _enter(bench, NOTE, wrong)
    assert answer.status_code == 400
    assert "decision" in answer.json()["title"]
    assert not list((bench.installation.settings.data / "outbox").glob("*.console.db"))


def test_nobody_signs_with_another_name(bench: ConsoleBench) -> None:
    for name in ("author", "salt", "source", "entered_ms"):
        facts = {**NOTE["facts"], name: "somebody-else"}  # type: ignore[dict-item]
        assert _enter(bench, {"kind": "chart.note", "facts": facts}).status_code == 400
    for kind in ("chart.signature", "chart.acknowledgement", "registry.room"):
        assert _enter(bench, {"kind": kind, "facts": {}}).status_code == 422


def test_what_was_entered_at_one_clinic_is_not_told_at_another(bench: ConsoleBench) -> None:
    (told,) = _enter(bench, NOTE).json()["told"]
    other = bench.signed_in("operator", SOUTH)
    assert other.get(f"/api/v1/chart/{NORTH}/told/{told['stream_id']}").status_code == 404
    assert other.get(f"/api/v1/chart/{SOUTH}/told/{told['stream_id']}").status_code == 404


def test_gate_closes_once_the_judge_has_read_what_was_entered(
    data: Path, mosquitto: Mosquitto
) -> None:
    visit_id = "visit-run-pen-north-1-1"
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        director = bench.signed_in("director", NORTH)
        before = director.get(f"/api/v1/visits/{NORTH}/{visit_id}").json()
        with IngestThread(data / "journal.db", bench.installation.settings.broker_address()):
            seen = {"visit_id": visit_id, "text": "Second look."}
            (told,) = _enter(bench, {"kind": "chart.note", "facts": seen}, about=visit_id).json()[
                "told"
            ]
            assert told["state"] == "recorded"
        under_way = director.get(f"/api/v1/visits/{NORTH}/{visit_id}").json()
        assert len(under_way["facts"]) == len(before["facts"])
        _judge(data)
        after = director.get(f"/api/v1/visits/{NORTH}/{visit_id}").json()
    assert [fact["words"] for fact in after["facts"]][-1] == "Second look."


def _judge(data: Path) -> None:
    judge = JudgeBench(data)
    judge.judge()
    judge.close()


def test_replacement_holds_once_judged_and_its_correction_names_both(
    data: Path, mosquitto: Mosquitto
) -> None:
    visit_id = "visit-run-pen-north-1-1"
    path = f"/api/v1/visits/{NORTH}/{visit_id}"
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        facts = bench.signed_in("director", NORTH).get(path).json()["facts"]
        wrong = next(fact for fact in facts if fact["kind"] == "chart.consent")
        named = ("sender", "stream_id", "seq")
        earlier = {"stream_class": "chart"} | {name: wrong[name] for name in named}
        refused = {
            "kind": "chart.consent",
            "facts": wrong["said"] | {"decision": "refused"},
            "replaces": {"earlier": earlier, "reason": "Ticked wrongly."},
        }
        del refused["facts"]["fact_time_ms"]
        with IngestThread(data / "journal.db", bench.installation.settings.broker_address()):
            told = _enter(bench, refused, about=visit_id).json()["told"]
        assert {one["state"] for one in told} == {"recorded"}
        _judge(data)
        facts = bench.signed_in("director", NORTH).get(path).json()["facts"]
    by_key = {(fact["stream_id"], fact["seq"]): fact for fact in facts}
    assert by_key[wrong["stream_id"], wrong["seq"]]["is_withdrawn"]
    new, correction = (by_key[told[0]["stream_id"], seq] for seq in (0, 1))
    assert (new["said"]["decision"], new["is_withdrawn"]) == ("refused", False)
    assert new["said"]["procedure"] == wrong["said"]["procedure"]
    assert correction["said"]["earlier"] == earlier
    place = {"sender": "console", "stream_id": told[0]["stream_id"], "seq": 0}
    assert correction["said"]["replacement"] == place | {"stream_class": "chart"}


def test_adverse_event_is_recorded_with_all_that_is_known_and_read_back(
    data: Path, mosquitto: Mosquitto
) -> None:
    visit_id = "visit-run-pen-north-1-1"
    event = {
        "category": "burn",
        "seriousness": "serious_injury",
        "onset_ms": 1_700_000_000_000,
        "aware_ms": 1_700_000_600_000,
        "device_udi": "(01)1",
        "tip_udi": "(01)2",
        "director_part": "Cooled it.",
    }
    facts = {
        "visit_id": visit_id,
        "observed": "adverse_event",
        "session": {"sender": "pen-north-1", "stream_id": "run-pen-north-1-1"},
        "seq_range": {"first_seq": 3, "last_seq": 9},
        "adverse_event": event,
    }
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        with IngestThread(data / "journal.db", bench.installation.settings.broker_address()):
            one = {"kind": "chart.observation", "facts": facts}
            (told,) = _enter(bench, one, about=visit_id).json()["told"]
        assert told["state"] == "recorded"
        _judge(data)
        client = bench.signed_in("director", NORTH)
        read = client.get(f"/api/v1/visits/{NORTH}/{visit_id}").json()["facts"][-1]
    assert read["said"]["adverse_event"] == event
    for word in (
        "burn",
        "serious injury",
        "2023-11-14 22:13",
        "22:23",
        "(01)2",
        "Cooled it.",
        "3 to 9",
    ):
        assert word in read["words"]


def _claimed_too_much(telling: Telling, journal: Path) -> list[Told]:
    """Return what is said to be recorded and stands in no journal."""
    telling.tell(NORTH, VISIT, "nurse-1", [("chart.note", FACTS)], wait_s=0.0)
    with JournalReader(journal) as reader:
        return [
            one
            for one in telling.about(NORTH, VISIT, reader)
            if one.state == "recorded" and not reader.streams_named("chart", one.stream_id)
        ]


@pytest.mark.parametrize(("made", "is_honest"), [(Telling, True), (HastyTelling, False)])
def test_nothing_is_claimed_that_the_record_lacks(
    data: Path, free_port: int, made: type[Telling], *, is_honest: bool
) -> None:
    settings = Settings(data=data, broker_port=free_port)
    with Store(settings.console_file, serve=True) as store:
        telling = made(settings, store, SystemClock())
        claimed = _claimed_too_much(telling, settings.journal_file)
        telling.close()
    assert (claimed == []) is is_honest
