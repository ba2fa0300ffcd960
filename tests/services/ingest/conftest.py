"""A pipeline on a journal of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pipeline_bench import PipelineBench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PipelineBench]:
    """Offer a pipeline without network; what it leaves behind must verify."""
    with PipelineBench(tmp_path / "journal.db") as opened:
        yield opened
        opened.verify()
