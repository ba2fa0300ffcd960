"""What a tool is told of its documents: never `recorded` without the recorder's word."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import JsonValue

from dermatrace.errors import BrokerUnavailable, UsageError
from dermatrace.mqtt import BrokerAddress
from dermatrace.sender.answers import ANSWERS_MAX, UNEXPLAINED, Answers, Outcome
from dermatrace.sender.sender import Sender
from dermatrace.sender.stream_state import StreamState
from dermatrace.seqset import SeqSet
from dermatrace_schemas.limits import RANGES_PER_RECEIPT_MAX
from dermatrace_schemas.settling import LossReason, Receipt, Rejection
from support.broker import Mosquitto
from support.pretend_recorder import PretendRecorder
from support.vectors import with_changes
from support.waiting import wait_until

NAME = ("chart", "c-1")
RECORDED = Outcome("recorded")
WAITING = Outcome("waiting", "no receipt yet")
CONFLICT = Outcome("rejected", "conflict: seq used before")


@dataclass
class Heard:
    """Ten documents of one stream, all held, and what the recorder says of them."""

    answers: Answers = field(default_factory=Answers)
    stream: StreamState = field(
        default_factory=lambda: StreamState(NAME, next_seq=10, held=SeqSet([(0, 9)]))
    )

    def receipt(
        self,
        next_seq: int,
        *rejected: int,
        journal_id: str = "journal-1",
        stream_id: str = "c-1",
        believed: bool = True,
    ) -> None:
        """Hear a receipt, and what settling makes of it."""
        receipt = Receipt.model_validate(
            {
                "kind": "receipt",
                "journal_id": journal_id,
                "stream_class": "chart",
                "stream_id": stream_id,
                "next_seq": next_seq,
                "missing": [],
                "rejected": [{"first_seq": seq, "last_seq": seq} for seq in rejected],
                "more": len(rejected) == RANGES_PER_RECEIPT_MAX,
                "complete": None,
            }
        )
        self.answers.receipt(receipt)
        if stream_id == "c-1":
            self.stream.settled_seq = next_seq if believed else 0

    def rejection(self, seq: int, *, told_seq: int | None = None) -> None:
        """Hear why a document was rejected; `told_seq` is the number the recorder read."""
        rejection = Rejection.model_validate(
            {
                "kind": "rejection",
                "journal_id": "journal-1",
                "entry_id": 1,
                "stream_class": "chart",
                "stream_id": "c-1",
                "seq": told_seq,
                "sha256": "0" * 64,
                "reason": "conflict",
                "path": "seq",
                "detail": "used before",
            }
        )
        self.answers.rejection((NAME, seq), rejection)

    def lose(self, seq: int, reason: LossReason) -> None:
        """Declare a document lost."""
        self.stream.declare_lost(seq, seq, reason)

    def outcome(self, seq: int) -> Outcome:
        """Ask what became of a document."""
        return self.answers.outcome(self.stream, seq)


@pytest.fixture
def heard() -> Heard:
    """Return a stream of which nothing was heard yet."""
    return Heard()


def test_document_waits_until_a_receipt_covers_it(heard: Heard) -> None:
    assert heard.outcome(0) == WAITING
    heard.receipt(1)
    assert (heard.outcome(0), heard.outcome(1)) == (RECORDED, WAITING)


def test_receipt_of_an_earlier_start_is_not_enough(heard: Heard) -> None:
    heard.stream.settled_seq = 10  # as the outbox remembers it; what was rejected it does not
    assert heard.outcome(0) == WAITING


def test_receipt_that_settling_does_not_believe_records_nothing(heard: Heard) -> None:
    heard.receipt(10, believed=False)
    assert heard.outcome(0) == WAITING


@pytest.mark.parametrize("receipt_first", [True, False])
def test_rejected_document_is_told_with_the_reason_whichever_comes_first(
    heard: Heard, *, receipt_first: bool
) -> None:
    steps = [lambda: heard.receipt(10, 4), lambda: heard.rejection(4, told_seq=4)]
    steps[not receipt_first]()
    assert heard.outcome(4) == (UNEXPLAINED if receipt_first else CONFLICT)
    steps[receipt_first]()
    assert heard.outcome(4) == CONFLICT
    assert heard.outcome(5) == RECORDED


def test_readable_bytes_that_follow_a_rejection_are_recorded(heard: Heard) -> None:
    heard.rejection(4, told_seq=4)
    heard.receipt(10, 4)
    heard.receipt(10)
    assert heard.outcome(4) == RECORDED


def test_nothing_is_recorded_beyond_a_list_of_rejections_that_was_cut(heard: Heard) -> None:
    heard.stream.next_seq, heard.stream.held = 100, SeqSet([(0, 99)])
    heard.receipt(100, *range(0, 2 * RANGES_PER_RECEIPT_MAX, 2))
    assert [heard.outcome(seq).state for seq in (28, 29, 30, 31, 99)] == [
        "rejected",
        "recorded",
        "rejected",
        "waiting",
        "waiting",
    ]


def test_rejection_without_a_number_is_told_and_keeps_its_reason(heard: Heard) -> None:
    heard.rejection(4)
    heard.lose(4, "rejected")
    heard.receipt(10)
    assert heard.outcome(4) == CONFLICT


def test_rejection_of_an_earlier_start_is_told_without_its_reason(heard: Heard) -> None:
    heard.lose(4, "rejected")
    assert heard.outcome(4) == UNEXPLAINED


@pytest.mark.parametrize(
    ("reason", "words"), [("not_stored", "no room"), ("too_large", "too large for the broker?")]
)
def test_lost_document_is_told_with_the_reason(
    heard: Heard, reason: LossReason, words: str
) -> None:
    heard.lose(4, reason)
    heard.receipt(10)
    assert heard.outcome(4).state == "lost"
    assert words in heard.outcome(4).reason


def test_freed_document_is_not_vouched_for(heard: Heard) -> None:
    heard.receipt(10)
    heard.stream.release(4, 4)
    assert heard.outcome(4).state == "waiting"
    assert "only the record can tell" in heard.outcome(4).reason


def test_what_another_journal_said_is_forgotten(heard: Heard) -> None:
    heard.rejection(4, told_seq=4)
    heard.receipt(10, 4)
    heard.receipt(0, journal_id="journal-2", stream_id="other", believed=False)
    heard.stream.settled_seq = 0
    assert heard.outcome(4) == WAITING


def test_stream_heard_of_longest_ago_is_forgotten_first(heard: Heard) -> None:
    heard.receipt(10)
    for number in range(ANSWERS_MAX - 1):
        heard.receipt(1, stream_id=f"other-{number}")
    assert heard.outcome(0) == RECORDED
    heard.receipt(1, stream_id="one-more")
    assert heard.outcome(0) == WAITING


def test_reason_heard_of_longest_ago_is_forgotten_first(heard: Heard) -> None:
    for seq in range(ANSWERS_MAX + 1):
        heard.rejection(seq, told_seq=seq)
    heard.receipt(10, 0, 1)
    assert (heard.outcome(0), heard.outcome(1)) == (UNEXPLAINED, CONFLICT)


# --- through a sender and a broker --------------------------------------------------------------

ALIVE: dict[str, JsonValue] = {"event": "alive"}
WAIT_S = 30.0


@pytest.fixture
def address(mosquitto: Mosquitto) -> BrokerAddress:
    """Return where the broker is."""
    return BrokerAddress(host=mosquitto.host, port=mosquitto.port)


@pytest.fixture
def recorder(address: BrokerAddress) -> Iterator[PretendRecorder]:
    """Return a recorder that listens."""
    with PretendRecorder(address) as listening:
        yield listening


@pytest.mark.broker
def test_sender_tells_each_document_apart(
    address: BrokerAddress, recorder: PretendRecorder, tmp_path: Path
) -> None:
    recorder.refuses = lambda payload: b'"uptime_ms":1,' in payload
    with Sender(address, "north-clinic", "pen-7", tmp_path / "outbox.db") as sender:
        sender.wait_connected(WAIT_S)
        stream = sender.open_stream("session", "s-1")
        for uptime_ms in (0, 1):
            stream.send("device.event", ALIVE, uptime_ms=uptime_ms, wall_time_ms=None)
        stream.lose()
        stream.end()
        assert sender.wait_settled(WAIT_S)
        found = [sender.outcome("session", "s-1", seq, why_wait_s=WAIT_S) for seq in range(3)]
        with pytest.raises(UsageError, match="never gave out session/s-1 3"):
            sender.outcome("session", "s-1", 3)
    assert [outcome.state for outcome in found] == ["recorded", "rejected", "lost"]
    assert found[1].reason.startswith("not_json: ")


@pytest.mark.broker
def test_waiting_for_the_reason_ends_when_none_comes(
    address: BrokerAddress, recorder: PretendRecorder, tmp_path: Path
) -> None:
    with Sender(address, "north-clinic", "pen-7", tmp_path / "outbox.db") as sender:
        stream = sender.open_stream("session", "s-1")
        stream.send("device.event", ALIVE, uptime_ms=0, wall_time_ms=None)
        assert sender.wait_settled(WAIT_S)
        rejected = {"journal_id": recorder.journal_id, "stream_id": "s-1", "next_seq": 1}
        rejected |= {"rejected": [{"first_seq": 0, "last_seq": 0}], "missing": [], "more": False}
        payload = with_changes("receipt", **rejected, complete=None)
        recorder.say("dermatrace/v1/north-clinic/pen-7/receipt", payload)
        wait_until(lambda: sender.outcome("session", "s-1", 0).state == "rejected")
        assert sender.outcome("session", "s-1", 0, why_wait_s=0.01) == UNEXPLAINED


def test_no_broker_is_told_at_once_with_the_reason(tmp_path: Path, free_port: int) -> None:
    nobody = BrokerAddress(host="127.0.0.1", port=free_port)
    with (
        Sender(nobody, "north-clinic", "pen-7", tmp_path / "outbox.db") as sender,
        pytest.raises(BrokerUnavailable, match=f"no connection to the broker at .*:{free_port}"),
    ):
        sender.wait_connected(WAIT_S)


def test_sender_that_cannot_go_on_tells_whoever_waits_for_it(tmp_path: Path) -> None:
    address = BrokerAddress(host="127.0.0.1", port=1, tls_ca_file=str(tmp_path / "missing.pem"))
    with (
        Sender(address, "north-clinic", "pen-7", tmp_path / "outbox.db") as sender,
        pytest.raises(UsageError, match="TLS files"),
    ):
        sender.wait_connected(WAIT_S)
