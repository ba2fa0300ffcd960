"""Grades, chain and counters of sessions made by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from dermatrace.journal.certificate import SPANS_LISTED_MAX, Certificate, Counter, certify
from dermatrace.journal.reader import READ_ENTRIES_MAX, JournalReader
from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from dermatrace_schemas.verdict import Grade
from support.scribe import CHART, SESSION, Scribe, alive
from support.vectors import example, with_changes


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    """Return an empty journal."""
    with Scribe(tmp_path / "journal.db") as opened:
        yield opened


def _certificate(scribe: Scribe) -> Certificate:
    with JournalReader(scribe.path) as reader:
        stream = reader.stream(SESSION)
        assert stream is not None
        return certify(reader, stream)


def _stop(seq: int, **members: object) -> bytes:
    document = {"outcome": "completed", "stroke_count": None, "shot_count": None}
    members = {**document, "energy_delivered_mj": None, "chain": None, **members}
    return with_changes("session.stopped", seq=seq, **members)


def _stopped(scribe: Scribe, seq: int, **members: object) -> None:
    scribe.accept(SESSION, seq, _stop(seq, **members))
    scribe.end(SESSION, seq)


def _next_seq(scribe: Scribe) -> int:
    with JournalReader(scribe.path) as reader:
        stream = reader.stream(SESSION)
    return 0 if stream is None else stream.coverage.known_last + 1


# --- grades -------------------------------------------------------------------------------------

HAPPENINGS: dict[str, Callable[[Scribe, int], object]] = {
    "document": lambda scribe, seq: scribe.accept(SESSION, seq, alive(seq)),
    "gap": lambda scribe, seq: scribe.accept(SESSION, seq + 1, alive(seq + 1)),
    "filled": lambda scribe, seq: scribe.accept(SESSION, seq - 2, alive(seq - 2)),
    "told": lambda scribe, seq: scribe.account(SESSION, last_seq=seq),
    "loss": lambda scribe, seq: scribe.account(SESSION, lost=[(seq, seq)]),
    "rejection": lambda scribe, seq: scribe.refuse(SESSION, seq, b"broken"),
    "garbage": lambda scribe, _: scribe.refuse(SESSION, None, b"no number"),
    "conflict": lambda scribe, _: scribe.refuse(SESSION, 0, b"other", "conflict"),
    "stop": lambda scribe, seq: _stopped(scribe, seq, reason="done"),
    "wrong-stop": lambda scribe, seq: _stopped(scribe, seq, chain="0" * 64),
    "closing": lambda scribe, _: scribe.close_session(SESSION),
    "erasure": lambda scribe, _: scribe.erase(SESSION, 1),
}
"""What can happen to a session, each at its next number."""


@pytest.mark.parametrize(
    ("happened", "grade"),
    [
        ("document document stop", "complete"),
        ("document garbage stop", "complete"),
        ("document gap filled stop", "complete"),
        ("document closing document stop", "complete"),
        ("document rejection stop", "with_rejections"),
        ("document loss stop", "with_declared_losses"),
        ("document loss rejection stop", "with_declared_losses"),
        ("document closing", "incomplete"),
        ("document gap stop", "incomplete"),
        ("document stop told", "incomplete"),
        ("document told closing", "incomplete"),
        ("document gap loss rejection stop", "incomplete"),
        ("document", "open"),
        ("document gap loss rejection", "open"),
        ("document closing document", "open"),
        ("document conflict", "disputed"),
        ("document conflict stop", "disputed"),
        ("document gap conflict loss rejection closing", "disputed"),
        ("document wrong-stop", "disputed"),
        ("document gap conflict stop erasure", "erased"),
    ],
)
def test_the_worst_that_applies_is_the_grade(scribe: Scribe, happened: str, grade: str) -> None:
    for name in happened.split():
        HAPPENINGS[name](scribe, _next_seq(scribe))
    assert _certificate(scribe).grade == grade


def test_every_grade_is_tried() -> None:
    tried = test_the_worst_that_applies_is_the_grade.pytestmark[0].args[1]  # type: ignore[attr-defined]  # pytest's own
    assert {grade for _, grade in tried} == {*get_args(Grade), "erased"}


# --- what it lists ------------------------------------------------------------------------------


def test_everything_is_counted_and_listed(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, *(alive(seq) for seq in range(4)))
    scribe.accept(SESSION, 10, alive(10))
    scribe.account(SESSION, lost=[(6, 7)])
    for seq in (4, 12):
        scribe.refuse(SESSION, seq, b"broken")
    scribe.refuse(SESSION, 10, b"other", "conflict")
    scribe.refuse(SESSION, None, b"no number")
    with scribe.journal.batch() as batch:
        record = batch.stream(SESSION)
        record.duplicate_count, record.late_count = 5, 2
        batch.store_stream(record)
    found = _certificate(scribe)
    assert (found.clinic, found.sender, found.session_id) == ("north-clinic", "pen-7", "s-1")
    assert (found.accepted_count, found.settled_seq, found.known_seq) == (5, 5, 13)
    assert (found.gaps, found.gap_count) == (((5, 5), (8, 9), (11, 11)), 4)
    assert (found.lost, found.lost_count) == (((6, 7),), 2)
    assert (found.rejected, found.rejected_count) == (((4, 4), (10, 10), (12, 12)), 3)
    assert found.rejected_without_seq_count == 1
    assert (found.conflict_count, found.duplicate_count, found.late_count) == (1, 5, 2)
    assert not found.ended


def test_very_many_gaps_are_counted_and_the_lowest_listed(scribe: Scribe) -> None:
    for seq in range(0, 500, 2):
        scribe.accept(SESSION, seq, alive(seq))
    found = _certificate(scribe)
    assert found.gap_count == 249
    assert found.gaps == tuple((seq, seq) for seq in range(1, 2 * SPANS_LISTED_MAX, 2))


def test_entries_that_closed_completed_and_erased_are_named(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0))
    closed_by = scribe.close_session(SESSION)
    assert _certificate(scribe).closed_by == closed_by
    _stopped(scribe, 1)
    completed_by = scribe.complete(SESSION)
    found = _certificate(scribe)
    assert (found.closed_by, found.completed_by, found.erased_by) == (None, completed_by, None)
    assert found.ended
    scribe.erase(SESSION, scribe.accept(CHART, 0, b"{}"))
    assert _certificate(scribe).erased_by == completed_by + 1


def test_certificate_is_of_now_though_the_stream_was_read_before(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0))
    with JournalReader(scribe.path) as reader:
        stream = reader.stream(SESSION)
        assert stream is not None
        _stopped(scribe, 1)
        found = certify(reader, stream)
    assert (found.grade, found.accepted_count, found.known_seq) == ("complete", 2, 2)


def test_certificate_is_plain_data(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0))
    plain = json.loads(json.dumps(_certificate(scribe).as_json()))
    assert plain["grade"] == "open"
    assert plain["counters"] == [
        {"name": "stroke_count", "stated": None, "arrived": 0},
        {"name": "shot_count", "stated": None, "arrived": 0},
        {"name": "energy_delivered_mj", "stated": None, "arrived": 0.0},
    ]


# --- chain --------------------------------------------------------------------------------------


def _chain(*payloads: bytes) -> str:
    value = chain_start(SESSION.stream_id)
    for payload in payloads:
        value = chain_next(value, payload_sha256(payload))
    return value.hex()


def test_chain_of_all_that_was_sent_matches(scribe: Scribe) -> None:
    for seq in (1, 0, 2):  # the order of arrival is of no account
        scribe.accept(SESSION, seq, alive(seq))
    _stopped(scribe, 3, chain=_chain(alive(0), alive(1), alive(2)))
    found = _certificate(scribe)
    assert (found.chain, found.grade) == ("matches", "complete")


def test_chain_over_other_bytes_differs(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0), alive(1))
    _stopped(scribe, 2, chain=_chain(alive(0), alive(5)))
    found = _certificate(scribe)
    assert (found.chain, found.grade) == ("differs", "disputed")


@pytest.mark.parametrize("happened", ["gap", "loss", "rejection"])
def test_chain_over_what_is_not_there_cannot_be_checked(scribe: Scribe, happened: str) -> None:
    scribe.accept(SESSION, 0, alive(0))
    HAPPENINGS[happened](scribe, 1)
    seq = _next_seq(scribe)
    _stopped(scribe, seq, chain=_chain(*(alive(number) for number in range(seq))))
    assert _certificate(scribe).chain == "cannot_be_checked"


def test_chain_is_not_stated_without_a_stop_or_by_a_stop_without_one(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0))
    assert _certificate(scribe).chain == "not_stated"
    _stopped(scribe, 1)
    assert _certificate(scribe).chain == "not_stated"


def test_chain_of_an_erased_session_cannot_be_checked(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, alive(0))
    _stopped(scribe, 1, chain=_chain(alive(0)))
    scribe.erase(SESSION, scribe.accept(CHART, 0, b"{}"))
    found = _certificate(scribe)
    assert (found.chain, found.accepted_count) == ("cannot_be_checked", 2)


# --- counters -----------------------------------------------------------------------------------


def _windows(seq: int, *strokes: int | None) -> bytes:
    columns = {"offset_ms": [200 * n for n in range(len(strokes))], "stroke_count": list(strokes)}
    same = [name for name, value in example("needling.windows").items() if isinstance(value, list)]
    unset = {name: None for name in same if name not in columns}
    return with_changes("needling.windows", seq=seq, **unset, **columns)


def test_strokes_that_arrived_stand_beside_what_the_device_counted(scribe: Scribe) -> None:
    scribe.accept(SESSION, 0, _windows(0, 10, None, 12), _windows(1, 20, 3))
    _stopped(scribe, 2, stroke_count=50)
    assert _certificate(scribe).counters[0] == Counter("stroke_count", 50, 45)


def test_shots_and_energy_stand_beside_what_the_device_counted(scribe: Scribe) -> None:
    pulse = {"energy_delivered_mj": 100.5, "energy_scope": "total"}
    depth = {"depth_commanded_mm": 1.5, "sub_pulses": [pulse, pulse]}
    scribe.accept(
        SESSION,
        0,
        with_changes("rf.shot", seq=0, depths=[depth, depth]),
        with_changes("rf.shot", seq=1, depths=[{"sub_pulses": []}]),  # needles went in, no energy
    )
    _stopped(scribe, 2, shot_count=1, energy_delivered_mj=402)
    assert _certificate(scribe).counters[1:] == (
        Counter("shot_count", 1, 1),
        Counter("energy_delivered_mj", 402, 402.0),
    )


def test_long_session_is_read_page_by_page(scribe: Scribe) -> None:
    count = READ_ENTRIES_MAX + 50
    text = alive(0).replace(b'"seq": 0', b'"seq": %d')
    scribe.accept(SESSION, 0, *(text % seq for seq in range(count)))
    assert _certificate(scribe).accepted_count == count
