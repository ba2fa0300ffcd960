"""dashboards/README.md: every panel in one line."""

from collections.abc import Iterable, Sequence
from typing import Final

from dashboards.board import FOLDERS, Board
from dashboards.panel import Panel

INTRODUCTION: Final = """\
# Dashboards

Written by `make dashboards`, which also writes `json/` and `provisioning/`: change the modules
beside this page, never those files. How they are built, how Grafana reads them, how to be told of
alerts: [docs/dashboards.md](../docs/dashboards.md). What stands in InfluxDB:
[docs/measurements.md](../docs/measurements.md).

No board is an alarm: the device's own alarms govern safety. Depth is how far needles protruded as
the device reports it, never depth reached in skin.
"""


def page(boards: Iterable[Board]) -> str:
    """Return the page."""
    lines = [INTRODUCTION]
    for board in boards:
        lines += [
            f"## {board.title}",
            "",
            f"{board.question} Folder {FOLDERS[board.folder]}, `{board.uid}`,"
            f" from {board.span}" + (f", every {board.refresh}." if board.refresh else "."),
            "",
            "| panel | question | unit | read |",
            "|---|---|---|---|",
            *(_row(panel) for _, panel, _, _ in board.panels if panel.targets),
            "",
        ]
    return "\n".join(lines)


def _row(panel: Panel) -> str:
    question = panel.description.partition("? ")[0].removesuffix("?") + "?"
    units = sorted(set(panel.column_units.values()))
    shown = units if len(units) > 1 else [panel.shown_unit]
    read = sorted({name for target in panel.targets for name in target.query.fields})
    cells = (panel.title, question, ", ".join(shown), _by_measurement(read))
    return f"| {' | '.join(cells)} |"


def _by_measurement(names: Sequence[str]) -> str:
    found: dict[str, list[str]] = {}
    for name in names:
        measurement, _, field = name.partition(".")
        found.setdefault(measurement, []).append(field)
    return "; ".join(f"`{name}`: {', '.join(fields)}" for name, fields in found.items())
