"""docs/performance.md, written from results and nothing else."""

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.rounds import Result, Row

NOTHING = "-"
INTRODUCTION = """\
Written by `{command}` on {measured_on}. Do not edit: run it again.

Each number is the median of its rounds, with the lowest and the highest beside it. *Ratio* holds
it against the baseline of its table, round by round, taken in the same run and in alternation:
2 is twice the number, good for a speed and bad for a time. Speeds of two machines, or of two days,
cannot be compared, ratios mostly can. Broker, load and what is measured share the cores named
here. No test asserts a speed."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, how and on what was measured."""

    measured_on: str
    command: str
    machine: Sequence[tuple[str, str]]


def render(results: Iterable[Result], circumstances: Circumstances) -> str:
    """Return the page."""
    introduction = INTRODUCTION.format(
        command=circumstances.command, measured_on=circumstances.measured_on
    )
    machine = [f"| {name} | {value} |" for name, value in circumstances.machine]
    head = ["# Performance", "", introduction, "", "| measured on | |", "|---|---|", *machine]
    sections = [line for result in results for line in ("", *render_section(result))]
    return "\n".join([*head, *sections]) + "\n"


def render_section(result: Result) -> list[str]:
    """Return the lines of one benchmark: its own words, then a row for each number."""
    return [
        f"## {result.name}",
        "",
        inspect.cleandoc(result.text),
        "",
        "| what | median | lowest to highest | unit | ratio |",
        "|---|---:|---:|---|---:|",
        *(_row(result, row) for row in result.rows),
    ]


def _row(result: Result, row: Row) -> str:
    ratio = result.ratio(row)
    is_baseline = row.baseline == row.name
    told = NOTHING if ratio is None else "baseline" if is_baseline else f"{ratio:.2f}"
    span = f"{number(min(row.samples))} to {number(max(row.samples))}"
    cells = (row.name, number(row.median), span if len(row.samples) > 1 else NOTHING, row.unit)
    return f"| {' | '.join(cells)} | {told} |"


def number(value: float) -> str:
    """Write a number with about three digits: more would pretend to a precision nobody has."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"
