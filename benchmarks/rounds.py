"""What a benchmark is given and what it hands back: one run, rounds in alternation, rows."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol, TypeVar

Sample = TypeVar("Sample")
Size = TypeVar("Size")


@dataclass(frozen=True, slots=True)
class Row:
    """One number of a benchmark, with a sample a round.

    `baseline` names the row it is held against; a baseline names itself, and what is no speed may
    have none.
    """

    name: str
    unit: str
    samples: tuple[float, ...]
    baseline: str | None = None

    @property
    def median(self) -> float:
        """The middle sample: one disturbed round does not move it."""
        return median(self.samples)


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark came to, with its own words about itself."""

    name: str
    text: str
    rows: tuple[Row, ...]

    def ratio(self, row: Row) -> float | None:
        """Return the median, over the rounds, of a row's sample to its baseline's."""
        base = next((other for other in self.rows if other.name == row.baseline), None)
        if base is None:
            return None
        pairs = zip(row.samples, base.samples, strict=True)
        return median(sample / base_sample for sample, base_sample in pairs)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmarks: where its files go and how much is measured."""

    folder: Path
    quick: bool = False
    large: bool = False

    def size(self, full: Size, quick: Size) -> Size:
        """Return the size to measure; a quick run only shows that everything works."""
        return quick if self.quick else full

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Offer a fresh folder on the disk that is measured; it is removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="benchmark-", dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


class Benchmark(Protocol):
    """A module that measures one thing; its docstring is its text on the page."""

    __name__: str
    __doc__: str | None

    def measure(self, run: Run) -> list[Row]:
        """Measure, and return a row for each number."""
        ...


def alternate(
    rounds: int, cases: Mapping[str, Callable[[], Sample]]
) -> dict[str, tuple[Sample, ...]]:
    """Call each case once a round and return its samples.

    Every other round goes backwards, so that a machine that grows slower slows no case more.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in cases}
    for number in range(rounds):
        names = list(cases)[:: 1 if number % 2 == 0 else -1]
        for name in names:
            samples[name].append(cases[name]())
    return {name: tuple(found) for name, found in samples.items()}
