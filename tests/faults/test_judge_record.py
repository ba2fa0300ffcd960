"""A judge whose memory is gone, and a registry that contradicts itself: what is said stands."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import pytest
from pydantic import JsonValue

from dermatrace.journal.reader import JournalReader
from dermatrace.registry.references import FolderDocument
from dermatrace.simulator.fleet import PEN_NORTH, FleetSession
from dermatrace.simulator.practices import practice_of
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.parse import parse
from dermatrace_schemas.verdict import VerdictFindingRaised, VerdictOpened
from support.checker_verdicts import verdict_entries
from support.faults_clinics import FEW_DEVICES, HeldPace
from support.faults_judge_stand import JudgeStand, MakeJudgeStand
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.slow]

MOMENT_MAX_S = 1.2
VERDICTS_BEFORE = 10
"""So many are on record before the judge forgets: there is something to contradict."""
HELD_FROM_MS = 30_000
"""In the middle of a session."""


def _forget(stand: JudgeStand, judge: str = "", *, outboxes_too: bool) -> None:
    """Kill the judge, take its memory from it, and start it again."""
    stand.judge.kill()
    stand.judge.forget(stand.judge.index, *(stand.judge.outboxes if outboxes_too else ()))
    stand.judge.start(judge)
    stand.judge.wait_following()


def test_judge_that_has_forgotten_everything_says_nothing_in_another_way(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_judge_stand(FEW_DEVICES)
    stand.judge.start()
    stand.clinics.begin()
    stand.judge.wait_following()
    strike_count = max(1, kills // 2)
    for number in range(strike_count):
        stand.wait_verdicts(len(stand.judge.recorded()) + VERDICTS_BEFORE)
        stand.stand.pause(most_s=MOMENT_MAX_S)
        _forget(stand, outboxes_too=number % 2 == 0)
    found = stand.conclude()
    fault_table.held("judge forgets", strike_count, found)
    assert found.session_count, found
    assert found.is_clean, found


def test_stamping_verdicts_with_the_time_of_saying_contradicts_the_record(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable
) -> None:
    stand = make_judge_stand(FEW_DEVICES)
    stand.judge.start("own-clock")
    stand.clinics.begin()
    stand.wait_verdicts(VERDICTS_BEFORE)
    _forget(stand, "own-clock", outboxes_too=True)
    found = stand.conclude()
    fault_table.broken("judge forgets", "nothing in a verdict depends on who says it when", found)
    assert found.doubled, found


def _changed(document: FolderDocument) -> FolderDocument:
    """Return a treatment protocol with half the depth, under the same version."""
    content = dict(document.content)
    bands = cast("list[dict[str, dict[str, JsonValue]]]", content["bands"])
    content["bands"] = cast("JsonValue", [_with_half_the_depth(band) for band in bands])
    return replace(document, content=content, digest=registry_digest(content))


def _with_half_the_depth(band: dict[str, dict[str, JsonValue]]) -> dict[str, dict[str, JsonValue]]:
    upper = band.get("upper", {})
    if upper.get("quantity") != "depth":
        return band
    return band | {"upper": upper | {"value": cast("float", upper["value"]) / 2}}


def _protocol_of(stand: JudgeStand, session: FleetSession) -> FolderDocument:
    wanted = "protocol", practice_of(session.script.treatment).protocol_id
    documents = stand.clinics.registry.documents_of(session.device.clinic)
    return next(d for d in documents if (d.kind, d.registry_id) == wanted)


def _play_and_contradict(
    stand: JudgeStand, judge: str = "", *, is_killed: bool = False
) -> FolderDocument:
    """Play a session, import its protocol changed in the middle, and return the one before.

    A judge that `is_killed` after that has to find out by itself what it had judged by.
    """
    (device,) = stand.clinics.devices
    stand.judge.start(judge)
    pace = HeldPace(HELD_FROM_MS)
    protocol = _protocol_of(stand, device.device.session(1, 1, 0, 1.0))
    with ThreadPoolExecutor(1) as threads:
        playing = threads.submit(stand.clinics.play, device, 1, pace)
        pace.wait_reached()
        stand.wait_verdicts(1)
        stand.clinics.desks[device.device.clinic].tell([_changed(protocol)], "import-2")
        if is_killed:
            stand.judge.wait_judged(stand.judge.head_entry_id())
            stand.judge.kill()
            stand.judge.start(judge)
            stand.judge.wait_following()
        pace.go_on.set()
        playing.result()
    return protocol


def _verdicts_on_record(stand: JudgeStand) -> list[StreamDocument]:
    with JournalReader(stand.judge.journal) as reader:
        payloads = [entry.payload for entry in verdict_entries(reader)]
    documents = (parse("verdict", payload) for payload in payloads if payload is not None)
    return [document for document in documents if isinstance(document, StreamDocument)]


def test_changed_protocol_under_the_same_version_changes_no_limit_and_is_a_finding(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable, kills: int
) -> None:
    for number in range(max(1, kills // 4)):
        stand = make_judge_stand((PEN_NORTH,))
        protocol = _play_and_contradict(stand, is_killed=number % 2 == 0)
        found = stand.conclude()
        fault_table.held("protocol changed", 1, found)
        assert found.is_clean, found
        verdicts = _verdicts_on_record(stand)
        pins = [pin for v in verdicts if isinstance(v, VerdictOpened) for pin in v.pins]
        cited = {pin.digest for pin in pins if pin.registry_id == protocol.registry_id}
        assert cited == {protocol.digest}
        raised = [v.finding.rule for v in verdicts if isinstance(v, VerdictFindingRaised)]
        assert "data.registry_conflict" in raised


def test_judging_by_what_was_imported_last_changes_what_was_said(
    make_judge_stand: MakeJudgeStand, fault_table: FaultTable
) -> None:
    stand = make_judge_stand((PEN_NORTH,))
    _play_and_contradict(stand, "believes-the-last")
    found = stand.conclude()
    fault_table.broken("protocol changed", "what is on record first under a version stands", found)
    assert found.different, found
