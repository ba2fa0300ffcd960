"""`demo`, `ingest`, `up` as a user calls them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dermatrace.journal.reader import JournalReader
from support.broker import find_mosquitto
from support.ports import find_free_port
from support.program import Result, dermatrace
from support.waiting import wait_until


def test_demo_once_records_every_session_as_scripted(played: tuple[Path, Result]) -> None:
    _, result = played
    assert result.exit_code == 0, result.errors
    summary = result.json()
    assert summary["ok"] is True
    assert {session["treatment"] for session in summary["sessions"]} >= {
        "nano-needling",
        "medical needling",
        "medical RF needling",
        "cosmetic needling",
    }
    for session in summary["sessions"]:
        assert session["settled"] is True
        assert session["differs"] == []
        assert session["grade"] == session["expected_grade"]
        assert session["stored"] + session["rejected"] + session["lost"] == session["published"]
    assert any(session["faults"] for session in summary["sessions"])


def test_demo_once_finds_in_every_session_what_its_script_demands(
    played: tuple[Path, Result],
) -> None:
    _, result = played
    sessions = result.json()["sessions"]
    for session in sessions:
        judgement = session["judgement"]
        assert judgement["differs"] == []
        assert judgement["state"] == "closed"
        assert judgement["generation"] >= 0
        assert 0.0 <= judgement["adherence"] <= 1.0
        assert 0.0 <= judgement["data_coverage"] <= 1.0
        if not session["faults"]:
            assert judgement["findings"] == judgement["open_gates"] == []
    (unlucky,) = [session["judgement"] for session in sessions if session["faults"]]
    assert unlucky["open_gates"] == ["operator_scope", "answers"]
    told = {line["rule"]: line["standing"] for line in unlucky["findings"]}
    assert {"gate.operator_scope", "gate.answers", "data.declared_loss"} <= told.keys()
    assert set(told.values()) <= {"as_expected", "allowed"}


@pytest.mark.slow
def test_demo_works_without_mosquitto(tmp_path: Path) -> None:
    result = dermatrace(
        "demo", "--once", "--json", "--data", tmp_path, "--minutes", "0.5", "--broker", "amqtt"
    )
    assert result.exit_code == 0, result.errors
    assert result.json()["broker"] == "amqtt"
    assert all(session["settled"] for session in result.json()["sessions"])


@pytest.mark.broker
def test_second_recorder_on_the_same_journal_says_who_has_it_and_exits_with_3(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "DERMATRACE_BROKER_PORT": str(find_free_port())}
    first = subprocess.Popen(
        [sys.executable, "-m", "dermatrace", "ingest", "--data", str(tmp_path)],
        env={**environment, "DERMATRACE_HEALTH_PORT": "0"},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until((tmp_path / "journal.db").exists)
        second = dermatrace("ingest", "--data", tmp_path)
        assert second.exit_code == 3
        assert f"process {first.pid}" in second.errors
        assert "One process writes it at a time" in second.errors
    finally:
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0


@pytest.mark.broker
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH")
def test_up_restarts_a_killed_recorder_and_ends_cleanly(tmp_path: Path) -> None:
    health_port = find_free_port()
    up = subprocess.Popen(
        [sys.executable, "-m", "dermatrace", "up", "--data", str(tmp_path)],
        env={
            **os.environ,
            "DERMATRACE_BROKER_PORT": str(find_free_port()),
            "DERMATRACE_HEALTH_PORT": str(health_port),
            "DERMATRACE_JUDGE_HEALTH_PORT": "0",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert up.stdout is not None
        assert f"127.0.0.1:{health_port}/healthz" in up.stdout.readline()
        killed = _holder(tmp_path)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: _holder(tmp_path) != killed, what="a new recorder")
        wait_until(lambda: _opened_count(tmp_path) == 2, what="the journal to be open again")
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(30) == 0
        up.stdout.close()  # type: ignore[union-attr]  # a pipe, see above
    wait_until(lambda: not _is_alive(_holder(tmp_path)), what="the recorder to end")


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not on PATH")
def test_up_also_forwards_where_a_token_lies_and_waits_for_no_influxdb(tmp_path: Path) -> None:
    token = tmp_path / "secrets" / "influxdb-forward.token"
    token.parent.mkdir()
    token.write_text("none\n", encoding="utf-8")
    influxdb = f"http://127.0.0.1:{find_free_port()}"
    ports = ("BROKER_PORT", "HEALTH_PORT", "JUDGE_HEALTH_PORT", "FORWARD_HEALTH_PORT")
    taken = {f"DERMATRACE_{name}": str(find_free_port()) for name in ports}
    up = subprocess.Popen(
        [sys.executable, "-m", "dermatrace", "up", "--data", str(tmp_path)],
        env={**os.environ, **taken, "DERMATRACE_INFLUXDB_URL": influxdb},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert up.stdout is not None
        assert "broker at" in up.stdout.readline()
        told = up.stdout.readline()
        assert influxdb in told
        assert f"http://127.0.0.1:{taken['DERMATRACE_FORWARD_HEALTH_PORT']}/healthz" in told
        assert (tmp_path / "forward.db").exists()
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(30) == 0
        up.stdout.close()  # type: ignore[union-attr]  # a pipe, see above


def _holder(data: Path) -> int:
    words = (data / "journal.db.lock").read_text(encoding="utf-8").split()
    return int(words[1]) if len(words) > 1 else 0


def _opened_count(data: Path) -> int:
    with JournalReader(data / "journal.db") as reader:
        entries = reader.read_after(0)
    return sum(b'"system.opened"' in (entry.payload or b"") for entry in entries)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
