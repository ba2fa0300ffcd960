"""InfluxDB takes in less than the journal holds: forwarding waits, and does not grow meanwhile."""

from pathlib import Path
from typing import Final

import pytest

from support.faults_forward_journals import record_backlog
from support.faults_forward_stand import MakeForwardStand, MakeRecordedStand, RecordedStand
from support.faults_parts import MEMORY_MORE_MIB
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.influx, pytest.mark.slow]

ANSWER_AFTER_S: Final = 0.1
"""So long InfluxDB takes for each write, besides its work."""
FEW_DOCUMENTS: Final = 250
MANY_DOCUMENTS: Final = 5_000
"""Of a long session: 100,000 points, of which the lines alone are some 40 MB. Of the short one:
5,000, one step."""
DOCUMENTS_A_KILL: Final = 400
"""Of the long session in a long run."""
CATCH_UP_MAX_S: Final = 120.0


def _most_memory_mib(stand: RecordedStand) -> int:
    """Forward everything, and return how much memory that has taken at most."""
    forward, seen_mib = stand.forward, [0]
    head_entry_id = forward.head_entry_id()

    def is_there() -> bool:
        seen_mib.append(forward.memory_mib())
        return forward.cursor() >= head_entry_id

    forward.start("sound")
    forward.wait_for(is_there, "everything is forwarded", wait_max_s=CATCH_UP_MAX_S)
    forward.stop()
    return max(seen_mib)


def test_slow_influxdb_keeps_nobody_else_waiting_and_gets_everything(
    make_forward_stand: MakeForwardStand, fault_table: FaultTable
) -> None:
    stand = make_forward_stand()
    stand.gate.answer_after_s = ANSWER_AFTER_S
    stand.begin()
    stand.wait_others_go_on()
    stand.wait_others_go_on()
    found = stand.conclude()
    fault_table.held("slow", 1, found)
    assert found.is_clean, found


def test_memory_does_not_grow_with_what_influxdb_has_not_taken_yet(
    make_recorded_stand: MakeRecordedStand, fault_table: FaultTable, kills: int, tmp_path: Path
) -> None:
    documents = max(MANY_DOCUMENTS, DOCUMENTS_A_KILL * kills)
    short = record_backlog(tmp_path / "short", documents=FEW_DOCUMENTS)
    long = record_backlog(tmp_path / "long", documents=documents)
    few, many, boundless = (make_recorded_stand(journal=one) for one in (short, long, long))
    bound_mib = _most_memory_mib(few) + MEMORY_MORE_MIB
    many.gate.answer_after_s = boundless.gate.answer_after_s = ANSWER_AFTER_S
    many.forward.start("sound", memory_mib=bound_mib)
    many.forward.wait_caught_up()
    many.forward.stop()
    found = many.look()
    fault_table.held("slow", 1, found)
    assert found.is_clean, found

    boundless.forward.start("reads-ahead", memory_mib=bound_mib)
    assert boundless.forward.wait_end(wait_max_s=CATCH_UP_MAX_S) != 0, "it had memory enough"
    missing = boundless.look()
    fault_table.broken("slow", "only so many steps are made ahead", missing)
    assert missing.lost, missing
