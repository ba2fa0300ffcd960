"""What a reader of a running session is told, look by look."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dermatrace.console.session_live import Following
from dermatrace.journal.streams import StreamKey
from support.console_bench import ConsoleBench
from support.running_session import RunningSession


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunningSession]:
    with RunningSession(tmp_path / "data") as run:
        yield run


@pytest.fixture
def following(run: RunningSession) -> Iterator[Following]:
    _, _, clinic, sender, session = run.address.split("/")
    with ConsoleBench(run.folder) as bench:
        yield Following(bench.installation, StreamKey(clinic, sender, "session", session))


def _told(events: list[str]) -> dict[str, Any]:
    """Return what each event of one look says, by its name."""
    found = {}
    for event in events:
        name, data, *_ = event.splitlines()
        found[name.removeprefix("event: ")] = json.loads(data.removeprefix("data: "))
    return found


def test_first_look_tells_everything_and_the_next_only_what_has_come(
    run: RunningSession, following: Following
) -> None:
    first = _told(following.look())
    assert first["trace"]["is_whole"]
    assert first["standing"]["is_open"]
    assert "trace" not in _told(following.look()), "nothing has come"
    run.tell(3)
    more = _told(following.look())
    assert not more["trace"]["is_whole"]
    seen = first["trace"]["windows"]["at_ms"]
    assert more["trace"]["windows"]["at_ms"]
    assert min(more["trace"]["windows"]["at_ms"]) > max(seen)
    assert more["standing"]["settled_seq"] == first["standing"]["settled_seq"] + 3


def test_mark_changes_when_a_finding_is_raised_and_not_with_every_document(
    run: RunningSession, following: Following
) -> None:
    marks = [_told(following.look())["standing"]["told"]]
    run.tell(2)
    marks.append(_told(following.look())["standing"]["told"])
    run.tell(20)
    marks.append(_told(following.look())["standing"]["told"])
    assert marks[0] == marks[1] != marks[2]


def test_correction_marks_what_was_told_already(run: RunningSession, following: Following) -> None:
    assert not any(_told(following.look())["trace"]["windows"]["is_withdrawn"])
    run.withdraw(14)
    again = _told(following.look())["trace"]
    assert again["is_whole"]
    assert any(again["windows"]["is_withdrawn"])
    run.tell(3)
    assert not _told(following.look())["trace"]["is_whole"]


def test_stream_ends_with_the_session(run: RunningSession, following: Following) -> None:
    following.look()
    run.end()
    last = _told(following.look())
    assert not following.is_open
    assert not last["standing"]["is_open"]
    assert last["trace"]["end_ms"] >= 60_000
