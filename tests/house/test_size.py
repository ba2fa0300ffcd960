"""Every module can be read in one sitting, every function at one glance."""

import ast

import pytest

from support.budget import PRODUCT_LINES_MAX, code_lines, lines_by_package
from support.tree import PRODUCT_ROOTS, PROOF_ROOTS, Module, functions_in, modules_under

MODULE_LINES_MAX = 300
PROOF_MODULE_LINES_MAX = 400
"""A test module may be longer: its tables of cases are read row by row."""
FUNCTION_LINES_MAX = 50

PRODUCT = modules_under(*PRODUCT_ROOTS)
PROOF = modules_under(*PROOF_ROOTS)


def _function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@pytest.mark.parametrize("module", PRODUCT, ids=str)
def test_module_can_be_read_in_one_sitting(module: Module) -> None:
    lines = len(module.source.splitlines())
    assert lines <= MODULE_LINES_MAX, f"{module} has {lines} lines: split it by noun"


@pytest.mark.parametrize("module", PROOF, ids=str)
def test_test_module_can_be_read_in_one_sitting(module: Module) -> None:
    lines = len(module.source.splitlines())
    assert lines <= PROOF_MODULE_LINES_MAX, f"{module} has {lines} lines: split it by condition"


@pytest.mark.parametrize("module", PRODUCT + PROOF, ids=str)
def test_every_function_can_be_read_at_one_glance(module: Module) -> None:
    too_long = [
        f"{module}: {function.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"
        for function in functions_in(module)
        if (lines := _function_lines(function)) > FUNCTION_LINES_MAX
    ]
    assert not too_long, "\n".join(too_long)


def test_product_code_stays_within_its_budget() -> None:
    lines = lines_by_package()
    assert lines.total() <= PRODUCT_LINES_MAX, lines.most_common()
    assert lines.total() == sum(code_lines(module.source) for module in PRODUCT)


def test_only_lines_that_hold_code_are_counted() -> None:
    source = (
        '"""A docstring\nof two lines."""\n\n# a comment\nx = (\n    1,\n)\n\n\n'
        'def f() -> None:\n    """What it does."""\n    return  # done\n'
    )
    assert code_lines(source) == 5
