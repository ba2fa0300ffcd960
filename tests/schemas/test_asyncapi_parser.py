"""The reference parser finds no error in the AsyncAPI document and follows its references."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support.tree import ROOT

CHECK = Path(__file__).parent / "asyncapi"
SCHEMAS = ROOT / "schemas"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not on PATH"),
    pytest.mark.skipif(
        not (CHECK / "node_modules").is_dir(),
        reason="the parser is not installed (npm install --prefix tests/schemas/asyncapi)",
    ),
]


def _check(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", str(CHECK / "check.mjs"), str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_reference_parser_finds_no_error() -> None:
    answer = _check(SCHEMAS / "asyncapi.yaml")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == "9 channels, 42 messages\n"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("./json/rf.shot.json", "./json/rf.shock.json"),
        ("./json/rf.shot.json", "./json/zone.entered.json"),
        ("action: receive", "action: listen"),
        ("#/components/messages/rf.shot", "#/components/messages/rf.shock"),
    ],
)
def test_broken_document_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    text = (SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8")
    assert right in text
    shutil.copytree(SCHEMAS / "json", tmp_path / "json")
    broken = tmp_path / "asyncapi.yaml"
    broken.write_text(text.replace(right, wrong), encoding="utf-8")
    answer = _check(broken)
    assert answer.returncode == 1
    assert answer.stderr
