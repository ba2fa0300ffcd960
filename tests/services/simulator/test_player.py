"""A player on a fake sender publishes exactly what is expected of the script and its faults."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.simulator.devices import CONSTANT_RATE_PEN
from dermatrace.simulator.expectations import expected_records
from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Duplicates,
    Fault,
    Gap,
    Garbage,
    LostTail,
    Reboot,
    Reordering,
    UnsetClock,
)
from dermatrace.simulator.pace import ImmediatePace
from dermatrace.simulator.performance import perform
from dermatrace.simulator.player import BOOT_MS, Opening, Player, PowerNeededError
from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256
from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.parse import Unreadable, parse
from support.fake_sender import FakePower, FakeSender, FakeWire
from support.scripts import PEN_SCRIPT

OPENING = Opening("s", uptime_ms=30_000, wall_time_ms=1_700_000_000_000)
DEVICE = CONSTANT_RATE_PEN.descriptor("SIM-0001")


@dataclass
class NotedPace:
    """Never waits, and remembers for what it was asked to."""

    asked_ms: list[int] = field(default_factory=list)

    def wait_until_ms(self, at_ms: int) -> None:
        """Return at once."""
        self.asked_ms.append(at_ms)


def _played(*faults: Fault) -> FakeWire:
    wire = FakeWire()
    player = Player(FakeSender(wire), DEVICE, power=FakePower(wire))
    player.play(perform(PEN_SCRIPT, faults), OPENING, ImmediatePace())
    return wire


def _documents(wire: FakeWire, stream_id: str = "s") -> list[dict[str, Any]]:
    return [json.loads(payload) for payload in wire.payloads(stream_id)]


def _check_as_expected(wire: FakeWire, *faults: Fault) -> None:
    """Compare what was published with the record expected: a recorder in fifteen lines."""
    for record in expected_records(PEN_SCRIPT, faults, "s"):
        accepted: dict[int, bytes] = {}
        rejected: set[int] = set()
        unnumbered: set[bytes] = set()
        duplicates = 0
        for payload in wire.payloads(record.stream_id):
            try:
                seq = parse("session", payload).seq  # type: ignore[attr-defined]  # any document
                duplicates += accepted.get(seq) == payload
                accepted.setdefault(seq, payload)
            except Unreadable as unreadable:
                if unreadable.seq is None:
                    unnumbered.add(payload)
                else:
                    rejected.add(unreadable.seq)
        lost = set(wire.streams[record.stream_id].lost) - rejected
        assert len(accepted) == record.accepted_count
        assert rejected == _numbers(record.rejected)
        assert lost == _numbers(record.lost)
        assert len(unnumbered) == record.rejected_without_seq_count
        assert duplicates >= record.duplicates_min
        assert wire.streams[record.stream_id].next_seq == record.assigned_count
        assert wire.streams[record.stream_id].ended == record.ended
        boots = {json.loads(payload)["boot_id"] for payload in accepted.values()}
        assert len(boots) == record.boot_count
        stop = json.loads(accepted[max(accepted)])
        if record.ended:
            assert ("chain" in stop) == record.chain_checkable
            assert stop["stroke_count"] == record.device_stroke_count


def _numbers(spans: tuple[tuple[int, int], ...]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


def test_every_document_is_sent_in_order_with_its_clocks() -> None:
    documents = _documents(_played())
    assert [document["seq"] for document in documents] == list(range(8))
    assert [document["uptime_ms"] for document in documents[-2:]] == [30_700, 30_800]
    assert documents[-1]["wall_time_ms"] == 1_700_000_000_800


def test_every_step_is_taken_when_its_span_is_over() -> None:
    pace = NotedPace()
    Player(FakeSender(FakeWire()), DEVICE).play(perform(PEN_SCRIPT), OPENING, pace)
    assert pace.asked_ms == [0, 0, 300, 500, 500, 700, 800, 800]


def test_stop_carries_the_chain_over_everything_before_it() -> None:
    payloads = _played().payloads("s")
    chain = chain_start("s")
    for payload in payloads[:-1]:
        chain = chain_next(chain, payload_sha256(payload))
    assert json.loads(payloads[-1])["chain"] == chain.hex()


def test_stop_has_no_chain_after_a_loss() -> None:
    assert "chain" not in _documents(_played(Gap(2, 2)))[-1]


def test_reordered_documents_arrive_last_to_first() -> None:
    documents = _documents(_played(Reordering(2, 4)))
    assert [document["seq"] for document in documents] == [0, 1, 4, 3, 2, 5, 6, 7]


def test_duplicates_are_the_same_bytes() -> None:
    payloads = _played(Duplicates(2, 3)).payloads("s")
    assert payloads[4:6] == payloads[2:4]


def test_unset_and_stepping_clock_leave_uptime_alone() -> None:
    documents = _documents(_played(UnsetClock(3), ClockStep(5, 60_000)))
    assert [document["wall_time_ms"] for document in documents[2:6]] == [
        None,
        1_700_000_000_300,
        1_700_000_000_500,
        1_700_000_060_500,
    ]
    assert [document["uptime_ms"] for document in documents[2:6]] == [
        30_000,
        30_300,
        30_500,
        30_500,
    ]


def test_kept_reboot_goes_on_with_a_new_boot_and_a_new_uptime() -> None:
    documents = _documents(_played(Reboot(5, keeps_outbox=True)))
    assert [document["boot_id"] for document in documents[4:6]] == ["boot-1", "boot-2"]
    assert [document["uptime_ms"] for document in documents[5:]] == [
        BOOT_MS,
        BOOT_MS + 200,
        BOOT_MS + 300,
    ]


def test_forgetful_reboot_opens_a_session_that_continues_the_first() -> None:
    wire = _played(Reboot(5, keeps_outbox=False))
    first, second = _documents(wire), _documents(wire, "s.r1")
    assert [document["seq"] for document in first] == [0, 1, 2, 3, 4]
    assert not wire.streams["s"].ended
    assert second[0]["kind"] == "session.started"
    assert second[0]["continues"] == "s"
    assert [document["seq"] for document in second] == [0, 1, 2, 3]


def test_second_forgetful_reboot_continues_the_session_before_it() -> None:
    wire = _played(Reboot(3, keeps_outbox=False), Reboot(5, keeps_outbox=False))
    assert _documents(wire, "s.r2")[0]["continues"] == "s.r1"


def test_reboot_without_a_power_switch_is_refused_before_anything_is_sent() -> None:
    wire = FakeWire()
    steps = perform(PEN_SCRIPT, [Reboot(3, keeps_outbox=True)])
    with pytest.raises(PowerNeededError):
        Player(FakeSender(wire), DEVICE).play(steps, OPENING, ImmediatePace())
    assert not wire.published


def test_device_announces_itself_once_a_boot_and_reports_every_session() -> None:
    wire = FakeWire()
    player = Player(FakeSender(wire), DEVICE)
    for stream_id in ("a", "b"):
        opening = Opening(stream_id, uptime_ms=0, wall_time_ms=0)
        player.play(perform(PEN_SCRIPT), opening, ImmediatePace())
    assert all(retain for _, retain in wire.reports)
    reports = [report for report, _ in wire.reports]
    assert sum(isinstance(report, Announcement) for report in reports) == 1
    assert [(r.state, r.stream_id) for r in reports if isinstance(r, Status)] == [
        ("in_session", "a"),
        ("online", None),
        ("in_session", "b"),
        ("online", None),
    ]


ONE_BY_ONE: tuple[Fault, ...] = (
    Gap(2, 3),
    LostTail(6),
    Duplicates(5, 5, copies=2),
    Reordering(2, 3),
    BrokenJson(4),
    Garbage(1),
    Reboot(4, keeps_outbox=True),
    Reboot(4, keeps_outbox=False),
    ClockStep(3, 1_000),
    UnsetClock(5),
)


@pytest.mark.parametrize("fault", ONE_BY_ONE, ids=str)
def test_each_fault_alone_has_the_expected_outcome(fault: Fault) -> None:
    _check_as_expected(_played(fault), fault)


@st.composite
def _fault_lists(draw: st.DrawFn) -> list[Fault]:
    """Cut documents 1 to 6 into spans and let something happen to each, or nothing."""
    cuts = sorted(draw(st.sets(st.integers(1, 6))) | {1, 7})
    faults: list[Fault] = []
    for first, following in itertools.pairwise(cuts):
        last = following - 1
        choices: list[Fault | None] = [
            None,
            Gap(first, last),
            Duplicates(first, last),
            Reordering(first, last),
            BrokenJson(first),
            Garbage(first),
            Reboot(first, keeps_outbox=True),
            Reboot(first, keeps_outbox=False),
        ]
        fault = draw(st.sampled_from(choices))
        faults += [] if fault is None else [fault]
    return faults


@given(_fault_lists())
def test_any_mixture_of_faults_has_the_expected_outcome(faults: list[Fault]) -> None:
    _check_as_expected(_played(*faults), *faults)
