"""Waits grow up to a bound, differ from device to device, and begin again after success."""

from random import Random

from dermatrace.backoff import Backoff


def _waits_s(backoff: Backoff, count: int) -> list[float]:
    return [backoff.next_s() for _ in range(count)]


def test_wait_doubles_up_to_its_bound() -> None:
    backoff = Backoff(Random(1), first_s=1.0, max_s=8.0)
    for ceiling_s in (1.0, 2.0, 4.0, 8.0, 8.0, 8.0):
        assert 0.1 * ceiling_s <= backoff.next_s() <= ceiling_s


def test_success_begins_with_short_waits_again() -> None:
    backoff = Backoff(Random(1), first_s=1.0, max_s=64.0)
    _waits_s(backoff, 10)
    backoff.reset()
    assert backoff.next_s() <= 1.0


def test_a_thousand_devices_do_not_return_in_step() -> None:
    waits_s = [
        _waits_s(Backoff(Random(seed), first_s=1.0, max_s=60.0), 6)[-1] for seed in range(1_000)
    ]
    by_second = [
        sum(1 for wait_s in waits_s if second <= wait_s < second + 1) for second in range(32)
    ]
    assert max(by_second) < 60


def test_there_is_always_some_wait() -> None:
    assert min(_waits_s(Backoff(Random(3), first_s=1.0, max_s=1.0), 10_000)) >= 0.1
