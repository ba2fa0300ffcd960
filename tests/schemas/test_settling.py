"""Receipt, outbox and rejection tell the whole state, within bounds."""

import json
from typing import Any

import pytest

from dermatrace_schemas.limits import (
    RANGES_PER_OUTBOX_STREAM_MAX,
    RANGES_PER_RECEIPT_MAX,
    SEQ_MAX,
    STREAMS_PER_OUTBOX_MAX,
)
from dermatrace_schemas.parse import Unreadable, parse
from dermatrace_schemas.settling import Receipt
from support.vectors import example, with_changes

ONE = {"first_seq": 1, "last_seq": 1}


def test_receipt_of_a_full_stream_points_past_the_last_number() -> None:
    receipt = parse("receipt", with_changes("receipt", next_seq=SEQ_MAX + 1))
    assert isinstance(receipt, Receipt)
    with pytest.raises(Unreadable):
        parse("receipt", with_changes("receipt", next_seq=SEQ_MAX + 2))


@pytest.mark.parametrize("member", ["missing", "rejected"])
def test_receipt_lists_at_most_sixteen_ranges(member: str) -> None:
    assert parse("receipt", with_changes("receipt", **{member: [ONE] * RANGES_PER_RECEIPT_MAX}))
    with pytest.raises(Unreadable) as caught:
        parse("receipt", with_changes("receipt", **{member: [ONE] * (RANGES_PER_RECEIPT_MAX + 1)}))
    assert caught.value.path == member


@pytest.mark.parametrize("member", ["missing", "rejected", "more", "complete", "journal_id"])
def test_receipt_that_leaves_something_open_is_refused(member: str) -> None:
    document = example("receipt")
    del document[member]
    with pytest.raises(Unreadable) as caught:
        parse("receipt", json.dumps(document).encode())
    assert caught.value.path == member


def _outbox(stream_count: int, lost_count: int) -> bytes:
    stream: dict[str, Any] = {
        **example("outbox")["streams"][0],
        "lost": [{**ONE, "reason": "freed"}] * lost_count,
    }
    return with_changes("outbox", streams=[stream] * stream_count)


def test_outbox_within_its_bounds_is_read() -> None:
    assert parse("outbox", _outbox(STREAMS_PER_OUTBOX_MAX, 1))
    assert parse("outbox", _outbox(1, RANGES_PER_OUTBOX_STREAM_MAX))
    assert parse("outbox", with_changes("outbox", streams=[]))


def test_outbox_beyond_a_bound_is_refused() -> None:
    with pytest.raises(Unreadable):
        parse("outbox", _outbox(STREAMS_PER_OUTBOX_MAX + 1, 0))
    with pytest.raises(Unreadable):
        parse("outbox", _outbox(1, RANGES_PER_OUTBOX_STREAM_MAX + 1))


def test_loss_without_a_known_reason_is_refused() -> None:
    stream = {**example("outbox")["streams"][0], "lost": [{**ONE, "reason": "unlucky"}]}
    with pytest.raises(Unreadable) as caught:
        parse("outbox", with_changes("outbox", streams=[stream]))
    assert caught.value.path == "streams.0.lost.0.reason"


def test_rejection_may_not_know_stream_or_number() -> None:
    nothing = {"stream_class": None, "stream_id": None, "seq": None, "path": ""}
    assert parse("rejection", with_changes("rejection", **nothing, reason="topic"))
