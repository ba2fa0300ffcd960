"""A recorded data folder, made once by the demonstration itself."""

from pathlib import Path

import pytest

from support.judged_clinic import fill
from support.program import Result, dermatrace


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return a data folder with six short sessions, and what `demo --once` said."""
    folder = tmp_path_factory.mktemp("played") / "data"
    return folder, dermatrace("demo", "--once", "--json", "--data", folder, "--minutes", "0.5")


@pytest.fixture
def data(played: tuple[Path, Result]) -> Path:
    """Return the data folder; tests only read it."""
    return played[0]


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder as a judge leaves it; tests only read it."""
    folder = tmp_path_factory.mktemp("judged") / "data"
    folder.mkdir()
    fill(folder)
    return folder
