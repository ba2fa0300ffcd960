"""Every benchmark runs from end to end with tiny sizes; how fast is not asked."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from benchmarks.__main__ import FOLDER, main
from benchmarks.suite import BENCHMARKS, PAGES, name_of

NAMES = [name_of(benchmark) for benchmark in BENCHMARKS]
NEEDS_BROKER = (
    "throughput",
    "latency",
    "verdict_latency",
    "restart",
    "judge_restart",
    "sender",
    "floor_viewers",
)
NEEDS_INFLUXDB = ("forwarding", "panels")
NEEDS_TELEGRAF = ("arriving",)
NEEDS_CHROMIUM = ("floor_browser", "session_open")
_TABLE_ROW = re.compile(r"^\| .* \| (?:-|baseline|[0-9.,e+]+) \|$", re.MULTILINE)


def _sections(page: str) -> dict[str, str]:
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0]: part for part in parts}


def _quick_section(name: str, folder: Path) -> str:
    output = folder / "page.md"
    assert main([name, "--quick", "--data", str(folder), "--output", str(output)]) == 0
    left_behind = [path.name for path in folder.iterdir() if path != output]
    assert left_behind == []
    sections = _sections(output.read_text(encoding="utf-8"))
    assert list(sections) == [name]
    return sections[name]


def _assert_has_a_baseline_and_what_is_held_against_it(section: str) -> None:
    ratios = [row.rsplit("|", 2)[1].strip() for row in _TABLE_ROW.findall(section)]
    assert "baseline" in ratios
    assert any(ratio not in {"-", "baseline"} for ratio in ratios)


NEED_NOTHING = set(NAMES) - {*NEEDS_BROKER, *NEEDS_INFLUXDB, *NEEDS_TELEGRAF, *NEEDS_CHROMIUM}


@pytest.mark.parametrize("name", sorted(NEED_NOTHING))
def test_benchmark_runs_with_tiny_sizes_and_leaves_nothing_behind(
    name: str, tmp_path: Path
) -> None:
    _assert_has_a_baseline_and_what_is_held_against_it(_quick_section(name, tmp_path))


@pytest.mark.parametrize("name", NEEDS_BROKER)
@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.usefixtures("start_mosquitto")
def test_benchmark_with_broker_and_recorder_runs_with_tiny_sizes(name: str, tmp_path: Path) -> None:
    _assert_has_a_baseline_and_what_is_held_against_it(_quick_section(name, tmp_path))


@pytest.mark.parametrize("name", NEEDS_INFLUXDB)
@pytest.mark.influx
@pytest.mark.slow
@pytest.mark.usefixtures("influxd")
def test_benchmark_with_influxdb_runs_with_tiny_sizes(name: str, tmp_path: Path) -> None:
    _assert_has_a_baseline_and_what_is_held_against_it(_quick_section(name, tmp_path))


@pytest.mark.parametrize("name", NEEDS_CHROMIUM)
@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.usefixtures("chromium", "start_mosquitto")
def test_benchmark_in_a_browser_runs_with_tiny_sizes(name: str, tmp_path: Path) -> None:
    # In a thread of its own: where a browser of other tests is open, theirs has an event loop.
    with ThreadPoolExecutor(1) as thread:
        section = thread.submit(_quick_section, name, tmp_path).result()
    _assert_has_a_baseline_and_what_is_held_against_it(section)


@pytest.mark.parametrize("name", NEEDS_TELEGRAF)
@pytest.mark.broker
@pytest.mark.influx
@pytest.mark.slow
@pytest.mark.usefixtures("influxd", "telegraf", "start_mosquitto")
def test_benchmark_beside_telegraf_runs_with_tiny_sizes(name: str, tmp_path: Path) -> None:
    _assert_has_a_baseline_and_what_is_held_against_it(_quick_section(name, tmp_path))


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=name_of)
def test_benchmark_says_what_it_is_not(benchmark: object) -> None:
    assert "It is not" in (benchmark.__doc__ or "")


@pytest.mark.parametrize("page", PAGES)
def test_committed_page_has_every_benchmark_measured_in_full(page: str) -> None:
    assert (FOLDER / page).exists(), "run: make bench"
    text = (FOLDER / page).read_text(encoding="utf-8")
    assert "--quick" not in text, "run: make bench"
    sections = _sections(text)
    assert list(sections) == [name_of(one) for one in PAGES[page]], "run: make bench"
    for section in sections.values():
        _assert_has_a_baseline_and_what_is_held_against_it(section)


def test_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "throughput" in capsys.readouterr().err
