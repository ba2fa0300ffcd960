"""The live screen: what it shows of processes, and that nothing that is down can break it."""

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console, ConsoleDimensions

from dermatrace.clock import SystemClock
from dermatrace.demo.live import LiveFleet
from dermatrace.demo.sample import import_sample_clinic
from dermatrace.demo.view import NOTICE, View
from dermatrace.settings import load_settings
from dermatrace.supervisor.supervisor import Supervisor
from support.broker import find_mosquitto
from support.waiting import wait_until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.slow,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH"),
]

WIDE: Final = ConsoleDimensions(120, 40)
SMALL: Final = ConsoleDimensions(80, 24)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """Return one that has started everything."""
    settings = load_settings(data=tmp_path, health_port=0, judge_health_port=0)
    with Supervisor(settings, "mosquitto", SystemClock(), any_port=True) as supervisor:
        yield supervisor


def _text(view: View, screen: ConsoleDimensions = WIDE) -> str:
    written = io.StringIO()
    Console(width=screen.width, file=written).print(view.draw(screen))
    return written.getvalue()


def test_screen_says_whether_recorder_and_judge_run(supervisor: Supervisor) -> None:
    with closing(View(supervisor, [], SystemClock())) as view:
        for name in ("ingest", "judge"):
            assert f"{name} runs, process {supervisor.children[name].pid}" in _text(view)
        supervisor.kill("judge", down_s=600.0)
        shown = _text(view)
        assert "judge is down" in shown
        assert "ingest runs" in shown
        supervisor.kill("ingest", down_s=600.0)
        assert "ingest is down" in _text(view)
        assert NOTICE in _text(view)


def test_screen_is_drawn_without_an_index(supervisor: Supervisor) -> None:
    supervisor.kill("judge", down_s=600.0)
    for suffix in ("", "-wal", "-shm"):
        index_file = supervisor.settings.index_file
        index_file.with_name(index_file.name + suffix).unlink(missing_ok=True)
    with closing(View(supervisor, [], SystemClock())) as view:
        assert "no index yet" in _text(view)


def test_live_fleet_shows_its_findings_and_goes_on_when_the_judge_is_killed(
    supervisor: Supervisor,
) -> None:
    clock = SystemClock()
    import_sample_clinic(supervisor.settings, supervisor.address)
    fleet = LiveFleet(supervisor.settings, supervisor.address, 1, clock)
    with closing(View(supervisor, fleet.devices, clock)) as view:
        fleet.start()
        try:
            wait_until(lambda: "who treats" in _text(view), what="the first finding")
            shown = _text(view)
            assert "■ 1 medium" in shown
            assert "operator scope" in shown
            assert "so far" in shown or "not yet" in shown
            killed = supervisor.children["judge"].pid
            supervisor.kill("judge", down_s=0.1)
            assert "judge is down" in _text(view)
            wait_until(lambda: _is_back(supervisor, killed), what="another judge")
            assert "restarts 1" in _text(view)
            small = _text(view, SMALL).splitlines()
            assert len(small) <= SMALL.height
            assert max(map(len, small)) <= SMALL.width
        finally:
            fleet.stop()
    assert fleet.failures == []


def _is_back(supervisor: Supervisor, killed: int | None) -> bool:
    supervisor.attend()
    return supervisor.children["judge"].pid not in {None, killed}


def test_screen_shows_the_way_into_the_console(supervisor: Supervisor) -> None:
    link = f"http://127.0.0.1:8430/enter?token={'x' * 43}"
    with closing(View(supervisor, [], SystemClock())) as view:
        assert "kill: k ingest" in _text(view, SMALL)
        view.link = link
        assert link in _text(view)
        assert link in _text(view, SMALL)
        view.last_event = "ingest killed"
        assert "ingest killed" in _text(view, SMALL)
        assert link in _text(view)
