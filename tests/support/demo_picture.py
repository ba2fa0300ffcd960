"""Makes docs/images/demo.svg from a real run: `make pictures`.

Plays the live demonstration, kills the recorder, and keeps the screen as it looks some seconds
later, when documents wait for their receipts and the judge has nothing new to read.
"""

import io
import re
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from rich.console import Console, ConsoleDimensions

from dermatrace.clock import SystemClock
from dermatrace.demo.live import LiveFleet
from dermatrace.demo.sample import import_sample_clinic
from dermatrace.demo.view import View
from dermatrace.settings import load_settings
from dermatrace.supervisor.supervisor import Supervisor
from support.tree import ROOT

PICTURE: Final = ROOT / "docs" / "images" / "demo.svg"
PLAY_S: Final = 75.0
DOWN_S: Final = 9.0
STEP_S: Final = 0.25
SCREEN: Final = ConsoleDimensions(120, 30)
_FONT_FACE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    """Play, kill, draw."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(data=Path(folder), health_port=0, judge_health_port=0)
        with Supervisor(settings, "mosquitto", clock, any_port=True) as supervisor:
            import_sample_clinic(supervisor.settings, supervisor.address)
            fleet = LiveFleet(supervisor.settings, supervisor.address, 1, clock)
            with ExitStack() as cleanup:
                cleanup.callback(fleet.stop)
                view = cleanup.enter_context(closing(View(supervisor, fleet.devices, clock)))
                fleet.start()
                _watch(view, supervisor, PLAY_S)
                supervisor.kill("ingest", down_s=60.0)
                view.last_event = "ingest killed: watch the receipts catch up"
                _watch(view, supervisor, DOWN_S)
                _save(view)


def _watch(view: View, supervisor: Supervisor, wait_s: float) -> None:
    end_s = time.monotonic() + wait_s
    while time.monotonic() < end_s:
        supervisor.attend()
        view.draw(SCREEN)
        time.sleep(STEP_S)


def _save(view: View) -> None:
    console = Console(record=True, width=SCREEN.width, file=io.StringIO(), force_terminal=True)
    console.print(view.draw(SCREEN))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="dermatrace demo")
    # rich would have the reader's browser fetch its font from elsewhere; any monospace will do.
    PICTURE.write_text(_FONT_FACE.sub("", picture), encoding="utf-8")


if __name__ == "__main__":
    main()
