"""What devices say of themselves, what the recorder notes, and what nobody could read."""

import pytest

from dermatrace.forward.account import Account
from dermatrace.ingest.inbox import BATCH_MESSAGES_MAX
from dermatrace_schemas.system import SystemConnected, SystemLost
from support.forward_journal import PEN, HandJournal
from support.manual_clock import NOON_MS
from support.pipeline_bench import FakeArrival, held
from support.vectors import with_changes


def test_status_says_how_a_device_is_by_the_recorders_clock(journal: HandJournal) -> None:
    journal.wait(7)
    journal.report("status", state="offline", tip=None, wall_time_ms=NOON_MS - 10**9)
    journal.forward()
    ((key, told),) = journal.shelf.named("device_state").items()
    assert key.at_ns // 1_000_000 == NOON_MS + 7
    assert (told["is_offline"], told["state"]) == (1.0, "offline")
    assert told["battery_fraction"] == 0.81
    assert "tip_unit_id" not in told


def test_what_the_recorder_notes_of_a_session_names_it(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    journal.tell(1, "session.stopped", chain=None)
    journal.bench.account(held("s-1", last=1, ended=True))
    journal.forward()
    sessions = dict(zip(journal.tags("record_event", "event"),
                        journal.tags("record_event", "session"), strict=True))  # fmt: skip
    assert sessions == {"stream_complete": PEN.stream_id}


def test_loss_of_the_broker_is_told_with_the_reason(journal: HandJournal) -> None:
    pipeline = journal.bench.pipeline
    pipeline.note(SystemLost(kind="system.lost", at_ms=NOON_MS, reason='it said "no"\nand left'))
    pipeline.note(
        SystemConnected(
            kind="system.connected", at_ms=NOON_MS, broker="b:1883", session_present=True
        )
    )
    journal.forward()
    told = {k.tag["event"]: f.get("reason") for k, f in journal.shelf.named("record_event").items()}
    assert told == {"lost": 'it said "no"\nand left', "connected": None}


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("dermatrace/v1/north-clinic/pen-7/session/s-1", ("north-clinic", "pen-7", "session")),
        ("dermatrace/v1/north-clinic/pen-7/session", ("north-clinic", "pen-7", "session")),
        ("dermatrace/v9/north-clinic/pen-7/status", ("north-clinic", "pen-7", "status")),
        ("dermatrace/v1/north-clinic/pen-7/anything at all", ("north-clinic", "pen-7", "unknown")),
        ("dermatrace/v1/N o r t h/pen-7/session/s-1", ("unknown", "unknown", "session")),
        ("dermatrace", ("unknown", "unknown", "unknown")),
        ("", ("unknown", "unknown", "unknown")),
    ],
)
def test_what_nobody_could_read_is_counted_by_where_it_came_from(
    journal: HandJournal, topic: str, expected: tuple[str, str, str]
) -> None:
    """Only names that we know become tags: anybody can publish under any other."""
    journal.bench.run(FakeArrival(topic, b"?!"))
    account = journal.forward()
    ((key, told),) = journal.shelf.named("rejection").items()
    assert tuple(key.tag[name] for name in ("clinic", "device", "class")) == expected
    assert told["payload_bytes"] == 2.0
    assert account.forwarded_count == 1


def test_number_used_twice_is_a_conflict(journal: HandJournal) -> None:
    journal.tell(0, "session.started")
    journal.tell(0, "session.started", salt="other-salt-of-16-characters")
    journal.forward()
    assert journal.tags("rejection", "code") == ["conflict"]
    assert len(journal.shelf.named("event")) == 1


def test_flood_of_rejections_in_one_batch_is_counted_whole(journal: HandJournal) -> None:
    """They share a time of arrival: what tells them apart is their place in the journal."""
    flood = [FakeArrival("dermatrace/v1/north-clinic/pen-7/session/s-1", b"%d!" % n)
             for n in range(BATCH_MESSAGES_MAX)]  # fmt: skip
    journal.bench.run(*flood)
    account = journal.forward()
    assert len(journal.shelf.named("rejection")) == BATCH_MESSAGES_MAX
    assert account.forwarded_count == journal.shelf.counted()


def test_what_people_enter_never_stands_in_influxdb(journal: HandJournal) -> None:
    for kind in ("plan", "attach", "consent", "exam", "answers", "note"):
        payload = with_changes(f"chart.{kind}", seq=0)
        topic = f"dermatrace/v1/north-clinic/front-desk/chart/{kind}-1"
        journal.bench.run(FakeArrival(topic, payload))
    account = journal.forward()
    assert {entry.outcome for entry in journal.bench.entries()} == {"accepted"}
    assert journal.shelf.points == {}
    assert account == Account()
