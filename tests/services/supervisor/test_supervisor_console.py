"""The console runs beside the others, lets whoever started it in, and takes nobody with it."""

import os
import signal
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from dermatrace.clock import SystemClock
from dermatrace.console.opening import floor_link
from dermatrace.settings import load_settings
from dermatrace.supervisor.supervisor import Supervisor
from support.broker import find_mosquitto
from support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH"),
]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Supervisor]:
    """Return one that has started everything, the console too."""
    settings = load_settings(data=tmp_path, health_port=0, judge_health_port=0, console_port=0)
    clock = SystemClock()
    with Supervisor(settings, "mosquitto", clock, any_port=True, serves=True) as supervisor:
        yield supervisor


def test_link_of_a_demonstration_signs_in(running: Supervisor) -> None:
    link = floor_link(running.settings, SystemClock())
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    address, asked = link.split("/enter?token=")
    token, _, to = asked.partition("&to=")
    with browser.open(link, timeout=10) as page:
        assert token in page.read().decode()  # it asks first: a preview of the link signs nobody in
    form = urlencode({"token": token, "to": to}).encode()
    come_in = urllib.request.Request(f"{address}/enter", form, {"Origin": address})  # noqa: S310  ours
    with browser.open(come_in, timeout=10) as page:
        assert "demo-director" in page.read().decode()
    assert floor_link(running.settings, SystemClock()) != link


def test_console_that_dies_comes_back_and_the_others_go_on(running: Supervisor) -> None:
    others = {n: c.pid for n, c in running.children.items() if n != "console"}
    killed = running.children["console"].pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        running.attend()
        return running.children["console"].pid not in {None, killed}

    wait_until(is_back, what="another console")
    assert {n: c.pid for n, c in running.children.items() if n != "console"} == others
