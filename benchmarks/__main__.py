"""Measure this machine and write the pages docs/performance*.md.

All benchmarks of a page in full write it. A part of them, or a quick run, is only printed, unless
`--output` names a file: a page of which half is of another day would compare what it must not.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.page import Circumstances, render
from benchmarks.rounds import Benchmark, Result, Run
from benchmarks.stack import ROOT
from benchmarks.suite import BENCHMARKS, PAGES, name_of
from dermatrace.errors import DermatraceError

FOLDER = ROOT / "docs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; return the exit code."""
    given = _asked(arguments)
    chosen = [one for one in BENCHMARKS if not given.names or name_of(one) in given.names]
    with ExitStack() as at_the_end:
        folder = given.data or Path(
            at_the_end.enter_context(tempfile.TemporaryDirectory(prefix="dermatrace-bench-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(folder, quick=given.quick, large=given.large)
        try:
            results = [_result(one, run) for one in chosen]
        except DermatraceError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.exit_code
        _write(given, results, _circumstances(given, folder))
    return 0


def _write(given: argparse.Namespace, results: list[Result], when: Circumstances) -> None:
    """Write each page all of which was measured in full; print the rest, or put it where asked."""
    if given.output is not None:
        given.output.write_text(render(results, when), encoding="utf-8")
        return
    rest = list(results)
    for name, page in PAGES.items():
        names = [name_of(one) for one in page]
        own = [result for result in results if result.name in names]
        if len(own) == len(page) and not given.quick:
            (FOLDER / name).write_text(render(own, when), encoding="utf-8")
            print(f"written: {name}", file=sys.stderr)
            rest = [result for result in rest if result not in own]
    if rest:
        print(render(rest, when), end="")


def _result(benchmark: Benchmark, run: Run) -> Result:
    name, started_s = name_of(benchmark), time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    result = Result(name, benchmark.__doc__ or "", tuple(benchmark.measure(run)))
    # Told at once: if a later benchmark fails, this one need not have been in vain.
    for row in result.rows:
        print(f"  {row.name}: {row.median:,.4g} {row.unit}", file=sys.stderr)
    print(f"  {time.monotonic() - started_s:.0f} s", file=sys.stderr, flush=True)
    return result


def _circumstances(given: argparse.Namespace, folder: Path) -> Circumstances:
    words = [
        "python -m benchmarks",
        *given.names,
        *(f"--{name}" for name in ("quick", "large") if getattr(given, name)),
    ]
    today = datetime.now(UTC).date().isoformat()
    return Circumstances(today, " ".join(words), describe(folder))


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    names = [name_of(benchmark) for benchmark in BENCHMARKS]
    add("names", nargs="*", help=f"some of: {', '.join(names)}; else all")
    add("--quick", action="store_true", help="tiny sizes: does everything run?")
    add("--large", action="store_true", help="also a journal of ten million entries, 12 GB")
    add("--data", type=Path, help="folder on the disk to measure; else temporary")
    add("--output", type=Path, help="file for the page")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in names]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(names)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
