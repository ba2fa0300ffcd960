"""Cases are measured in alternation, and nothing stays on the disk."""

from pathlib import Path

import pytest
from benchmarks.rounds import Run, alternate


def test_cases_alternate_and_every_other_round_goes_backwards() -> None:
    called: list[str] = []

    def case(name: str) -> int:
        called.append(name)
        return len(called)

    samples = alternate(3, {"a": lambda: case("a"), "b": lambda: case("b")})
    assert called == ["a", "b", "b", "a", "a", "b"]
    assert samples == {"a": (1, 4, 5), "b": (2, 3, 6)}


def _fail_in(run: Run) -> None:
    with run.scratch() as folder:
        (folder / "file").touch()
        (folder / "other").read_bytes()


def test_scratch_folder_is_removed_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _fail_in(Run(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_quick_run_takes_the_small_size(tmp_path: Path) -> None:
    assert Run(tmp_path, quick=True).size(10, 1) == 1
    assert Run(tmp_path).size(10, 1) == 10
