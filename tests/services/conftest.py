"""Sessions worth looking at, made once."""

from pathlib import Path

import pytest

from support.session_scenes import fill_scenes


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with every scene; nothing writes there but the console's own file."""
    folder = tmp_path_factory.mktemp("scenes") / "data"
    folder.mkdir()
    fill_scenes(folder)
    return folder
