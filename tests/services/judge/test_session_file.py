"""In which order a session is judged as it comes, when it ends, and what comes after that."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.ingest.watch import SILENT_AFTER_MS
from dermatrace.judge.session_file import EARLY_MAX, LATENESS_MAX_MS
from support.judge_bench import Message
from support.judge_runs import close_by_silence
from support.judge_visit import Visit, told


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    with Visit(tmp_path) as played:
        yield played


def test_session_that_ends_as_it_was_shown_is_confirmed(visit: Visit) -> None:
    visit.hear(*visit.early, *visit.documents, visit.account)
    (only,) = visit.generations()
    assert only.opened is not None
    assert only.closed is not None
    assert (only.opened.cause, only.closed.outcome, only.closed.grade) == (
        "live",
        "confirmed",
        "complete",
    )


def test_document_that_overtakes_waits_for_those_before_it(visit: Visit) -> None:
    first, second, third, *rest = visit.documents
    visit.hear(*visit.early, first, third)
    assert visit.kept().state.position == 1
    visit.hear(second, *rest, visit.account)
    assert visit.causes() == ["live"]
    assert "data.late" not in visit.rules()


def test_document_behind_the_live_position_is_judged_at_the_end(visit: Visit) -> None:
    missing = visit.documents.pop(4)
    visit.hear(*visit.early, *visit.documents[:6])
    visit.hear(*visit.documents[6:8], step_ms=LATENESS_MAX_MS)
    visit.hear(missing, *visit.documents[8:], visit.account)
    live, final = visit.generations()
    assert "data.late" in visit.rules(0)
    assert "data.late" not in visit.rules(1)
    assert live.closed is not None
    assert final.opened is not None
    assert (live.closed.outcome, final.opened.cause) == ("superseded", "late_data")


def test_document_waits_as_long_as_is_promised_however_many_gaps_there_are(visit: Visit) -> None:
    lost = (3, 5, 7)
    arrive = [m for m in visit.documents if told(m)["seq"] not in lost]
    visit.hear(*visit.early, *arrive[:6], step_ms=1)
    assert visit.kept().state.position == lost[0]
    visit.hear(arrive[6], step_ms=LATENESS_MAX_MS + 1)
    assert visit.kept().state.position == told(arrive[6])["seq"] + 1
    assert visit.kept().state.waiting == {}


def test_too_many_early_documents_end_the_wait(visit: Visit) -> None:
    first, *_ = visit.documents
    alive = {"kind": "device.event", "event": "alive", "boot_id": "boot-1", "wall_time_ms": None}
    later = [
        Message(first.topic, json.dumps({"seq": seq, **alive, "uptime_ms": 40_000}).encode())
        for seq in range(2, EARLY_MAX + 3)
    ]
    visit.hear(first, *later[:-1], step_ms=1)
    assert visit.kept().state.position == 1
    visit.hear(later[-1], step_ms=1)
    assert visit.kept().state.position == EARLY_MAX + 3


def test_silence_ends_the_wait_and_is_shown_until_something_comes(visit: Visit) -> None:
    del visit.documents[3]
    visit.hear(*visit.early, *visit.documents[:6])
    visit.bench.pass_time(1_000)
    visit.bench.pass_time(SILENT_AFTER_MS)
    visit.hear()
    assert visit.kept().state.waiting == {}
    (live,) = visit.generations()
    assert live.state is not None
    assert live.state.state == "silent"
    visit.hear(visit.documents[6])
    (live,) = visit.generations()
    assert live.state is not None
    assert live.state.state == "running"


def test_session_without_an_end_is_closed_after_a_day_and_goes_on_when_it_does(
    visit: Visit,
) -> None:
    visit.hear(*visit.early, *visit.documents[:6])
    close_by_silence(visit.bench)
    visit.hear()
    (first,) = visit.generations()
    assert first.closed is not None
    assert (first.closed.outcome, first.closed.grade) == ("confirmed", "incomplete")
    visit.hear(visit.documents[6])
    assert visit.causes() == ["live", "late_data"]
    assert visit.table("sessions")[0]["is_open"] == 1
    visit.hear(*visit.documents[7:], visit.account)
    newest = visit.generations()[-1]
    assert newest.closed is not None
    assert newest.closed.grade == "complete"
    assert "data.gap" not in visit.rules()


def test_what_the_device_accounts_for_after_a_day_is_a_declared_loss(visit: Visit) -> None:
    missing = visit.documents.pop(4)
    visit.hear(*visit.early, *visit.documents)
    close_by_silence(visit.bench)
    visit.hear()
    assert "data.gap" in visit.rules()
    account = told(visit.account)
    seq = told(missing)["seq"]
    account["streams"][0]["lost"] = [{"first_seq": seq, "last_seq": seq, "reason": "not_stored"}]
    visit.hear(Message(visit.account.topic, json.dumps(account).encode()))
    assert visit.causes()[-1] == "late_data"
    assert {"data.declared_loss"} == {rule for rule in visit.rules() if rule.startswith("data.")}
    assert visit.table("sessions")[0]["grade"] == "with_declared_losses"


def test_loss_that_was_declared_before_the_first_document_counts(visit: Visit) -> None:
    missing = visit.documents.pop(4)
    account, seq = told(visit.account), told(missing)["seq"]
    account["streams"][0]["lost"] = [{"first_seq": seq, "last_seq": seq, "reason": "not_stored"}]
    first = Message(visit.account.topic, json.dumps(account).encode())
    visit.hear(*visit.early, first, *visit.documents)
    assert visit.table("sessions")[0]["grade"] == "with_declared_losses"
    assert visit.kept().state.pinned_entry_id > visit.kept().state.first_entry_id


def test_bytes_that_come_after_they_were_declared_lost_are_judged(visit: Visit) -> None:
    missing = visit.documents.pop(4)
    account, seq = told(visit.account), told(missing)["seq"]
    account["streams"][0]["lost"] = [{"first_seq": seq, "last_seq": seq, "reason": "not_stored"}]
    lossy = Message(visit.account.topic, json.dumps(account).encode())
    visit.hear(*visit.early, *visit.documents, lossy)
    assert "data.declared_loss" in visit.rules()
    visit.hear(missing)
    assert visit.causes() == ["live", "late_data"]
    assert visit.table("sessions")[0]["grade"] == "complete"


def test_session_of_which_everything_was_declared_lost_is_judged_once_it_comes(
    visit: Visit,
) -> None:
    account, last = told(visit.account), len(visit.documents) - 1
    account["streams"][0]["lost"] = [{"first_seq": 0, "last_seq": last, "reason": "freed"}]
    visit.hear(Message(visit.account.topic, json.dumps(account).encode()))
    assert visit.generations() == []
    assert visit.table("sessions")[0]["status"] == "closed"
    visit.hear(*visit.early, *visit.documents)
    assert visit.generations()[-1].closed is not None
    assert visit.table("sessions")[0]["grade"] == "complete"


def test_unreadable_first_documents_are_no_reason_to_say_anything(visit: Visit) -> None:
    broken = b'{"seq":0,"kind":"session.started","boot_id":"'
    visit.hear(Message(visit.documents[0].topic, broken))
    close_by_silence(visit.bench)
    visit.hear()
    assert visit.generations() == []
    assert visit.kept().state.is_closed
    visit.hear(*visit.documents[1:3])
    visit.hear(visit.documents[0])
    assert visit.kept().state.conflicts == [0]


def test_number_used_twice_disputes_the_session_and_changes_nothing_else(visit: Visit) -> None:
    visit.hear(*visit.early, *visit.documents, visit.account)
    other = told(visit.documents[3]) | {"uptime_ms": 1}
    visit.hear(Message(visit.documents[3].topic, json.dumps(other).encode()))
    assert visit.causes() == ["live", "late_data"]
    assert "data.conflict" in visit.rules()
    assert visit.table("sessions")[0]["grade"] == "disputed"
