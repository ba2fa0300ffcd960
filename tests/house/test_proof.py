"""Tests prove what they say: nothing is patched, nothing waits for time to pass."""

import ast

import pytest

from support.tree import PROOF_ROOTS, Module, modules_under

PATCHING = {
    "monkeypatch.setattr": "write a double that implements our Protocol",
    "monkeypatch.setitem": "write a double that implements our Protocol",
    "time.sleep": "wait for the condition, with a bound",
}
WAITERS = ("support.",)
"""Helpers that wait for a condition look at it again and again; a test itself never sleeps."""


def _habits_broken(source: str) -> list[str]:
    return [
        f"line {node.lineno}: {called}; {PATCHING[called]}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in PATCHING
    ]


@pytest.mark.parametrize("module", modules_under(*PROOF_ROOTS), ids=str)
def test_tests_patch_nothing_and_wait_for_conditions(module: Module) -> None:
    broken = [] if module.name.startswith(WAITERS) else _habits_broken(module.source)
    assert not broken, f"{module}: " + "; ".join(broken)


@pytest.mark.parametrize("call", ["time.sleep(1)", 'monkeypatch.setattr(clock, "now", fake)'])
def test_a_broken_habit_is_found(call: str) -> None:
    assert _habits_broken(f"def test_it():\n    {call}\n")
