"""The adapter around a frozen library stays small enough to be replaced in an afternoon."""

from support.tree import ROOT

LINES_MAX = 150
ADAPTER = ROOT / "services" / "dermatrace" / "provision" / "grafana_adapter.py"


def test_grafana_adapter_is_small() -> None:
    lines = len(ADAPTER.read_text(encoding="utf-8").splitlines())
    assert lines <= LINES_MAX, f"{ADAPTER.name} has {lines} lines, at most {LINES_MAX}"
