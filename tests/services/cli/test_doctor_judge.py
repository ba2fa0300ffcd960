"""What doctor says of the judge's process: what it says itself, or that nobody answers."""

from contextlib import closing
from pathlib import Path

import pytest

from dermatrace.health import HealthServer, Numbers, State
from support.judged_clinic import fill
from support.ports import find_free_port
from support.program import command


@pytest.mark.parametrize(
    ("state", "found", "is_well"),
    [
        (State(connected=True, ready=True), "runs", True),
        (State(connected=False, ready=True), "cannot reach the broker", False),
        (State(connected=True, ready=True, problems=["it is stuck"]), "it is stuck", False),
        (None, "nobody answers", False),
    ],
)
def test_judge_is_told_as_it_tells_itself(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: State | None,
    found: str,
    *,
    is_well: bool,
) -> None:
    fill(tmp_path)
    numbers = Numbers("x_", lambda: ())
    with closing(HealthServer("127.0.0.1", 0, numbers, state or State())) as server:
        port = find_free_port() if state is None else server.port
        monkeypatch.setenv("DERMATRACE_JUDGE_HEALTH_PORT", str(port))
        looked_at = command("doctor", "--data", tmp_path, "--json").json()
    told = {one["what"]: one for one in looked_at}["judging"]
    assert found in told["found"]
    assert told["ok"] is is_well
    assert bool(told["remedy"]) is not is_well
