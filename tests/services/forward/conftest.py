"""Journals for forwarding."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.forward_journal import HandJournal
from support.forward_scenes import make_clinics


@pytest.fixture(scope="session")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a journal in which the sample clinics are on record."""
    return make_clinics(tmp_path_factory.mktemp("clinics"))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[HandJournal]:
    """Return a journal that is written by hand."""
    with HandJournal(tmp_path) as made:
        yield made
