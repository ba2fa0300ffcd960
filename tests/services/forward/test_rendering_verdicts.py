"""What the judge says: the newest judgement stands, whatever came when; older ones are gone."""

from typing import Final

import pytest

from dermatrace.forward.memory import HELD_MAX_MS
from dermatrace.forward.rendering_verdicts import NAMELESS
from dermatrace.journal.streams import StreamKey
from dermatrace.simulator.fleet import NORTH
from dermatrace_schemas.digest import registry_digest
from support.forward_journal import OTHER, PEN, HandJournal
from support.manual_clock import NOON_MS
from support.pipeline_bench import FakeArrival
from support.vectors import example

JUDGED: Final = ("finding", "session_summary", "zone_summary", "session_close", "limit")
ONCE: Final = ("session_summary", "zone_summary", "session_close")
PROTOCOL: Final = example("registry.protocol")
PIN: Final = {
    "registry_kind": "protocol",
    "registry_id": PROTOCOL["registry_id"],
    "version": PROTOCOL["version"],
    "digest": PROTOCOL["digest"],
}
LONG_NAME: Final = "x" * 159


def _generation(journal: HandJournal, generation: int) -> None:
    """Let the judge say one of everything: five points that another judgement replaces."""
    journal.judge(0, "opened", generation)
    journal.judge(1, "state", generation)
    journal.judge(2, "finding_raised", generation)
    journal.judge(3, "summary", generation)
    journal.judge(4, "summary", generation, scope="session", zone=None, laterality=None)
    journal.judge(5, "closed", generation)


def _standing(journal: HandJournal) -> dict[str, set[object]]:
    """Return which generations each measurement tells of."""
    return {
        key.measurement: {told["generation"] for told in journal.fields(key.measurement)}
        for key, fields in journal.shelf.points.items()
        if "generation" in fields
    }


def _begin(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    journal.tell(2, "needling.windows")


@pytest.mark.parametrize("entries", [1, 3, 500])
def test_new_judgement_replaces_all_the_one_before_has_said(
    journal: HandJournal, entries: int
) -> None:
    _begin(journal)
    _generation(journal, 0)
    journal.judge(6, "finding_cleared", 0)
    before = journal.forward(entries)
    assert before.superseded_count == 1, "the point of what cleared stands once"
    _generation(journal, 1)
    account = journal.forward(entries)
    assert account.superseded_count == 1 + 4
    newest: set[object] = {1.0}
    assert _standing(journal) == dict.fromkeys(
        ("finding", "session_summary", "zone_summary", "session_close"), newest
    ) | {"session_state": {0.0, 1.0}}
    assert [told["is_cleared"] for told in journal.fields("finding")] == [0.0]


@pytest.mark.parametrize("entries", [1, 500])
def test_older_judgement_that_comes_after_the_newer_is_not_written(
    journal: HandJournal, entries: int
) -> None:
    _begin(journal)
    _generation(journal, 1)
    _generation(journal, 0)
    account = journal.forward(entries)
    assert account.superseded_count == 4
    assert _standing(journal)["finding"] == {1.0}
    assert _standing(journal)["session_state"] == {0.0, 1.0}


def _summarise(journal: HandJournal, generation: int, key: StreamKey = PEN) -> None:
    """Let the judge say what a session came to, and one zone of it, and how complete it is."""
    journal.judge(1, "summary", generation, key=key)
    journal.judge(2, "summary", generation, key, scope="session", zone=None, laterality=None)
    journal.judge(3, "closed", generation, key)


@pytest.mark.parametrize("entries", [1, 500])
def test_sessions_that_begin_in_the_same_moment_are_told_and_replaced_apart(
    journal: HandJournal, entries: int
) -> None:
    for key in (PEN, OTHER):
        journal.tell(0, "session.started", key)
        journal.judge(0, "opened", 0, key)
        _summarise(journal, 0, key)
    journal.forward(entries)
    assert all(len(journal.fields(name)) == 2 for name in ONCE)
    journal.judge(0, "opened", 1)
    _summarise(journal, 1)
    journal.forward(entries)
    for name in ONCE:
        told = {one["session"]: one["generation"] for one in journal.fields(name)}
        assert told == {"s-1": 1.0, "s-2": 0.0}


@pytest.mark.parametrize("entries", [1, 500])
def test_summary_is_replaced_although_the_session_turns_out_to_have_begun_earlier(
    journal: HandJournal, entries: int
) -> None:
    journal.tell(1, "device.event")
    journal.wait(HELD_MAX_MS + 1)
    journal.tell(2, "device.event")
    journal.judge(0, "opened", 0)
    _summarise(journal, 0)
    journal.forward(entries)
    journal.tell(0, "session.started")
    journal.judge(0, "opened", 1)
    _summarise(journal, 1)
    journal.forward(entries)
    for name in ONCE:
        ((key, told),) = journal.shelf.named(name).items()
        assert (key.at_ns // 1_000_000, told["generation"]) == (NOON_MS, 1.0)


def test_rebuild_writes_the_newest_judgement_and_deletes_none(journal: HandJournal) -> None:
    _begin(journal)
    for generation in range(3):
        _generation(journal, generation)
    account = journal.forward()
    whole = journal.way.content
    journal.way.bench(1).begin_rebuild()
    journal.shelf.asked.clear()
    assert journal.forward() == account
    assert journal.way.content == whole
    deletions = [one.predicate for one in journal.shelf.asked if one.what == "delete"]
    assert all("session=" not in predicate for predicate in deletions)
    written = [line for one in journal.shelf.asked for line in one.lines]
    assert sum(line.startswith("finding,") for line in written) == 1


def test_judgement_that_begins_after_a_rebuild_replaces_what_the_rebuild_wrote(
    journal: HandJournal,
) -> None:
    _begin(journal)
    _generation(journal, 0)
    journal.forward()
    journal.way.bench(1).begin_rebuild()
    _generation(journal, 1)
    journal.forward()
    assert _standing(journal)["finding"] == {1.0}
    assert journal.forward().superseded_count == 4


def test_one_judgement_of_another_session_stays(journal: HandJournal) -> None:
    _begin(journal)
    journal.tell(0, "session.started", key=OTHER)
    _generation(journal, 0)
    journal.judge(0, "opened", 0, key=OTHER)
    journal.judge(2, "finding_raised", 0, key=OTHER)
    _generation(journal, 1)
    journal.forward()
    assert sorted(zip(journal.tags("finding", "session"), _generations(journal), strict=True)) == [
        (PEN.stream_id, 1.0),
        (OTHER.stream_id, 0.0),
    ]


def _generations(journal: HandJournal) -> list[object]:
    return [told["generation"] for told in journal.fields("finding")]


@pytest.mark.parametrize("entries", [1, 500])
def test_what_the_judge_says_before_the_first_document_of_a_judgement_is_held(
    journal: HandJournal, entries: int
) -> None:
    _begin(journal)
    before = journal.forward()
    journal.judge(5, "closed")
    journal.judge(2, "finding_raised")
    held = journal.forward(entries)
    assert held.pending_count == 2
    assert held.forwarded_count == before.forwarded_count
    journal.judge(0, "opened", pins=[PIN])
    told = journal.forward(entries)
    assert told.pending_count == 0
    assert journal.tags("finding", "protocol") == [PROTOCOL["registry_id"]]
    assert journal.tags("session_close", "protocol_version") == [PROTOCOL["version"]]


def test_judgement_whose_first_document_never_comes_is_known_by_its_name(
    journal: HandJournal,
) -> None:
    _begin(journal)
    journal.judge(2, "finding_raised", 3)
    journal.wait(HELD_MAX_MS + 1)
    journal.report("status")
    account = journal.forward()
    assert (account.pending_count, account.quarantined_count) == (0, 0)
    assert _generations(journal) == [3.0]
    assert journal.tags("finding", "protocol") == ["unknown"]


def test_judgement_whose_name_tells_nothing_goes_to_quarantine_with_the_reason(
    journal: HandJournal,
) -> None:
    _begin(journal)
    payload = journal.verdict_payload(1, "finding_raised", PEN)
    topic = f"dermatrace/v1/{NORTH}/judge/verdict/{'0' * 64}.g0"
    journal.bench.run(FakeArrival(topic, payload))
    assert journal.forward().pending_count == 1
    journal.wait(HELD_MAX_MS + 1)
    journal.report("status")
    account = journal.forward()
    assert (account.pending_count, account.quarantined_count) == (0, 1)
    (one,) = journal.quarantined()
    assert one.words == NAMELESS


@pytest.mark.parametrize("entries", [1, 2, 500])
@pytest.mark.parametrize("is_late", [False, True])
def test_judgement_on_record_before_its_session_waits_for_it(
    journal: HandJournal, entries: int, *, is_late: bool
) -> None:
    """A restored backup: the judge sends again what it has said, devices what they still hold."""
    _registry(journal)
    journal.judge(0, "opened", pins=[PIN])
    journal.judge(1, "finding_raised")
    assert journal.forward(entries).pending_count == 1
    journal.tell(2, "needling.windows")
    journal.tell(1, "zone.entered")
    if not is_late:
        journal.tell(0, "session.started")
    journal.forward(entries)
    journal.wait(HELD_MAX_MS + 1)
    journal.report("status")
    account = journal.forward(entries)
    assert (account.pending_count, account.quarantined_count) == (0, 0)
    assert journal.tags("finding", "model") == ["unknown" if is_late else "Pen One"]
    assert journal.tags("finding", "protocol") == [PROTOCOL["registry_id"]]
    assert [told["upper_value"] for told in journal.fields("limit")] == [1.5]
    (told,) = journal.fields("finding")
    (key,) = journal.shelf.named("finding")
    assert key.at_ns == (NOON_MS + 2_000) * 1_000_000, "when the document happened it rests on"
    assert told["ended_ms"] == NOON_MS + 2_000


def test_judgement_waits_for_the_first_document_of_its_session(journal: HandJournal) -> None:
    """So that findings and readings of a session have the same tags."""
    journal.tell(2, "needling.windows")
    journal.judge(0, "opened")
    journal.judge(1, "finding_raised")
    assert journal.forward().pending_count == 4
    journal.tell(0, "session.started")
    journal.wait(HELD_MAX_MS + 1)
    journal.report("status")
    assert journal.forward().pending_count == 0
    assert set(journal.tags("window", "model")) == {"Pen One"}
    assert journal.tags("finding", "model") == ["Pen One"]


def test_judgement_of_a_session_nobody_knows_goes_to_quarantine(journal: HandJournal) -> None:
    """And in a rebuild again, though by then the session may be on record."""
    journal.judge(0, "opened")
    journal.judge(1, "finding_raised")
    journal.wait(HELD_MAX_MS + 1)
    journal.report("status")
    account = journal.forward()
    assert (account.pending_count, account.quarantined_count) == (0, 1)
    assert [one.words for one in journal.quarantined()] == [NAMELESS]
    journal.tell(0, "session.started")
    account = journal.forward()
    whole = journal.way.content
    journal.way.bench(1).begin_rebuild()
    assert journal.forward() == account
    assert journal.way.content == whole


def test_nobody_but_the_judge_is_believed(journal: HandJournal) -> None:
    _begin(journal)
    before = journal.forward()
    topic = f"dermatrace/v1/{NORTH}/pen-8/verdict/pen-7.s-1.g0"
    payload = journal.verdict_payload(0, "opened", PEN)
    journal.bench.run(FakeArrival(topic, payload))
    assert journal.forward() == before


def _registry(journal: HandJournal, clinic: str = NORTH) -> None:
    """Put the treatment protocol and an operator on record."""
    protocol = PROTOCOL | {"digest": registry_digest(PROTOCOL["content"])}
    operator = example("registry.operator")
    for seq, document in enumerate((protocol, operator)):
        journal.send_json(f"dermatrace/v1/{clinic}/registry/registry/import-1", document, seq)


def test_verdicts_say_by_which_protocol_and_by_whom(journal: HandJournal) -> None:
    _registry(journal)
    _begin(journal)
    operator = example("registry.operator")
    pins = [
        PIN,
        _pin("operator", operator["registry_id"], operator["version"], operator["digest"]),
        _pin("series_plan", "plan-1", "1", "0" * 64),
    ]
    journal.judge(0, "opened", pins=pins)
    journal.judge(1, "finding_raised")
    journal.forward()
    (key,) = journal.shelf.named("finding")
    assert key.tag["operator_role"] == operator["content"]["role"]
    assert key.tag["series"] == "plan-1"
    assert (key.tag["protocol"], key.tag["protocol_version"]) == (
        PROTOCOL["registry_id"],
        PROTOCOL["version"],
    )


def _pin(kind: str, registry_id: str, version: str, digest: str) -> dict[str, str]:
    return {
        "registry_kind": kind, "registry_id": registry_id, "version": version, "digest": digest,
    }  # fmt: skip


def test_limits_are_drawn_where_work_moves_to_and_again_by_each_judgement(
    journal: HandJournal,
) -> None:
    _registry(journal)
    journal.tell(0, "session.started")
    journal.tell(1, "zone.entered", place={"zone": "cheek"})
    journal.judge(0, "opened", pins=[PIN])
    journal.tell(2, "zone.entered", place={"zone": "forehead"})
    journal.tell(3, "zone.entered", place={"zone": "cheek"})
    account = journal.forward()
    names = ("seq", "lower_value", "upper_value", "unit")
    drawn = [tuple(told[name] for name in names) for told in journal.fields("limit")]
    assert drawn == [(1, 0.5, 1.5, "mm"), (3, 0.5, 1.5, "mm")]
    assert account.forwarded_count == journal.shelf.counted(), "limits are in no account"
    journal.judge(0, "opened", 1)
    journal.forward()
    assert journal.fields("limit") == [], "the new judgement rests on no protocol"
    journal.judge(0, "opened", 2, pins=[PIN])
    journal.forward()
    assert [told["generation"] for told in journal.fields("limit")] == [2.0, 2.0]
