"""What brokers and networks do to messages: twice, out of order, late answers, dropped queues."""

import json
from pathlib import Path
from random import Random

import pytest

from support.checker import Judgement
from support.faults_process import wait_until
from support.faults_senders import Protocols, TrustingSender, event_payload
from support.faults_stand import MakeStand, Stand
from support.faults_table import FaultTable

pytestmark = [pytest.mark.broker, pytest.mark.slow]

COPIES_MAX = 3
SHUFFLE_WINDOW = 1_000
GATE_WAIT_MAX_S = 10.0
DOCUMENTS_PER_STEP = 20
QUEUE_MAX = 1_000
OVERFLOW_COUNT = 1_500
OVERFLOW_RATE_PER_S = 1_500


def _with_last_document(count: int) -> list[tuple[int, bytes]]:
    head = {"seq": count, "kind": "session.stopped", "boot_id": "boot-1", "uptime_ms": count}
    stopped = json.dumps({**head, "wall_time_ms": None}).encode()
    return [*((seq, event_payload(seq)) for seq in range(count)), (count, stopped)]


def _shuffled(documents: list[tuple[int, bytes]], random: Random) -> list[tuple[int, bytes]]:
    """Repeat each document up to three times and move each by less than the window."""
    copies = [document for document in documents for _ in range(random.randint(1, COPIES_MAX))]
    places = [at + random.uniform(0, SHUFFLE_WINDOW) for at in range(len(copies))]
    return [copy for _, copy in sorted(zip(places, copies, strict=True))]


def _publish_shuffled(stand: Stand, count: int, protocol: Protocols) -> Judgement:
    sender = TrustingSender(stand.broker.port, 0, stand.history, protocol=protocol)
    stand.begin([sender], 0)
    sender.publish(_shuffled(_with_last_document(count), stand.random))
    return stand.conclude()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_repeated_and_shuffled_documents_are_stored_once(
    make_stand: MakeStand, fault_table: FaultTable, kills: int, protocol: Protocols
) -> None:
    stand = make_stand(protocol=protocol)
    stand.ingest.start()
    count = 250 * kills
    found = _publish_shuffled(stand, count, protocol)
    fault_table.held("shuffled", max(1, 2 * count // SHUFFLE_WINDOW), found)  # 2 copies each
    assert found.is_clean, found
    assert not found.unsettled, found


def test_taking_a_settled_number_for_a_new_one_stores_documents_twice(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand()
    stand.ingest.start("stores-again")
    found = _publish_shuffled(stand, 500, "5")
    fault_table.broken("shuffled", "recorder looks whether a number is settled", found)
    assert found.doubled, found


class _Gate:
    """Lets one batch after another pass in the recorder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def wait_in_hand(self, batch: int) -> None:
        """Wait until the recorder has this batch in hand, uncommitted."""
        waiting = self.folder / f"waiting-{batch}"
        wait_until(waiting.exists, f"batch {batch} is in hand", wait_max_s=GATE_WAIT_MAX_S)

    def let_pass(self, batch: int) -> None:
        """Let it be committed and acknowledged."""
        (self.folder / f"pass-{batch}").touch()


def _restart_broker_under_a_batch(stand: Stand, recorder: str, gate: _Gate) -> None:
    """Commit a batch after its broker has gone, and kill the recorder before it commits the next.

    The next batch came from the new broker under the packet ids of the old one.
    """
    stand.ingest.start(recorder, gate=gate.folder)
    if not stand.senders:
        stand.begin(stand.trusting_senders(1), 0)
    (sender,) = stand.senders
    stand.ingest.wait_connected()

    def publish(count: int) -> None:
        for _ in range(count):
            sender.write()
        stand.wait_done()

    publish(1)
    gate.wait_in_hand(1)
    publish(DOCUMENTS_PER_STEP)
    gate.let_pass(1)
    gate.wait_in_hand(2)
    stand.broker.kill()
    stand.broker.start()
    publish(DOCUMENTS_PER_STEP)  # refused until the recorder has subscribed anew
    gate.let_pass(2)
    gate.wait_in_hand(3)
    stand.ingest.kill()
    stand.ingest.start()
    stand.ingest.wait_connected()
    stand.wait_drained()


def test_late_acknowledgement_reaches_no_message_of_a_newer_connection(
    make_stand: MakeStand, fault_table: FaultTable, kills: int, tmp_path: Path
) -> None:
    stand = make_stand()
    strike_count = max(1, kills // 4)
    for number in range(strike_count):
        if number:
            stand.ingest.stop()
        _restart_broker_under_a_batch(stand, "gated", _Gate(tmp_path / f"gate-{number}"))
    found = stand.conclude()
    fault_table.held("stale acknowledgement", strike_count, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_acknowledging_on_the_newest_connection_loses_documents(
    make_stand: MakeStand, fault_table: FaultTable, tmp_path: Path
) -> None:
    stand = make_stand()
    _restart_broker_under_a_batch(stand, "gated-acknowledges-newest", _Gate(tmp_path / "gate"))
    found = stand.conclude()
    fault_table.broken(
        "stale acknowledgement", "acknowledgements go to the connection they belong to", found
    )
    assert found.lost, found


def _overflow(stand: Stand) -> None:
    """Keep the recorder away until the broker has dropped some of what it has taken."""
    stand.ingest.stop()
    stand.wait_answered(OVERFLOW_COUNT)
    stand.ingest.start()
    stand.ingest.wait_connected()


def test_receipts_heal_a_queue_that_overflowed(
    make_stand: MakeStand, fault_table: FaultTable, kills: int
) -> None:
    stand = make_stand(f"max_queued_messages {QUEUE_MAX}\nsys_interval 1\n")
    stand.ingest.start()
    stand.begin(stand.receipt_senders(4), OVERFLOW_RATE_PER_S)
    strike_count = max(1, kills // 4)
    for _ in range(strike_count):
        _overflow(stand)
    stand.wait_dropped()
    stand.stop_load()
    stand.end_sessions()
    found = stand.conclude()
    fault_table.held("queue overflow", strike_count, found)
    assert found.is_clean, found
    assert not found.unsettled, found


def test_overflowing_queue_loses_what_senders_gave_up_for_the_brokers_answer(
    make_stand: MakeStand, fault_table: FaultTable
) -> None:
    stand = make_stand(f"max_queued_messages {QUEUE_MAX}\n")
    stand.ingest.start()
    stand.begin(stand.trusting_senders(4), OVERFLOW_RATE_PER_S)
    _overflow(stand)
    found = stand.conclude()
    fault_table.broken("queue overflow", "receipts: senders trust PUBACK", found)
    assert found.lost, found
