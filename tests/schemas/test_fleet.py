"""What a device tells of itself outside a session."""

import pytest

from dermatrace_schemas.parse import Unreadable, parse
from support.vectors import with_changes


@pytest.mark.parametrize("state", ["online", "offline", "in_session", "fault"])
def test_status_of_a_known_state_is_read(state: str) -> None:
    assert parse("status", with_changes("status", state=state))


@pytest.mark.parametrize(
    ("member", "value"),
    [("state", "asleep"), ("battery_fraction", 81), ("battery_fraction", -0.1), ("uptime_ms", 1.5)],
)
def test_status_that_makes_no_sense_is_refused(member: str, value: object) -> None:
    with pytest.raises(Unreadable) as caught:
        parse("status", with_changes("status", **{member: value}))
    assert caught.value.path == member


def test_will_message_that_knows_nothing_is_read() -> None:
    assert parse("status", b'{"kind":"status","boot_id":"b","state":"offline"}')


def test_announcement_without_a_clock_is_read() -> None:
    assert parse("announcement", with_changes("announcement", wall_time_ms=None))
