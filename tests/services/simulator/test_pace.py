"""The real pace can be interrupted at once; the other never waits."""

import threading
import time

import pytest

from dermatrace.simulator.pace import ImmediatePace, PlayInterrupted, RealPace

AN_HOUR_MS = 3_600_000


def test_immediate_pace_does_not_wait_an_hour() -> None:
    ImmediatePace().wait_until_ms(AN_HOUR_MS)


def test_real_pace_returns_no_earlier_than_due() -> None:
    began_s = time.monotonic()
    RealPace(threading.Event()).wait_until_ms(20)
    assert time.monotonic() - began_s >= 0.019


def test_real_pace_returns_at_once_when_late() -> None:
    RealPace(threading.Event()).wait_until_ms(0)


def test_real_pace_is_interrupted_by_the_stop_event() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(PlayInterrupted):
        RealPace(stop).wait_until_ms(AN_HOUR_MS)
