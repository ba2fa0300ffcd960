"""Log lines are data for machines and readable for people."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from dermatrace import logs


@pytest.fixture(autouse=True)
def _restore_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_json_line_carries_event_facts_part_and_time() -> None:
    stream = io.StringIO()
    logs.set_up_logs(as_json=True, stream=stream)
    logs.log("ingest").warning("rejected", **{logs.CLINIC: "north-clinic", logs.ENTRY: 7})
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "rejected",
        "level": "warning",
        "part": "ingest",
        "clinic": "north-clinic",
        "entry_id": 7,
    }


def test_line_for_people_is_not_coloured_in_a_file() -> None:
    stream = io.StringIO()
    logs.set_up_logs(as_json=False, stream=stream)
    logs.log("sender").info("connection ended", **{logs.REASON: "keep alive"})
    assert "connection ended" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_lines_below_the_level_are_left_out() -> None:
    stream = io.StringIO()
    logs.set_up_logs(as_json=True, level="warning", stream=stream)
    logs.log("sender").info("broker unavailable")
    assert not stream.getvalue()
