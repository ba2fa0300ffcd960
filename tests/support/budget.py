"""How much product code there is, package by package, against what we allow ourselves.

Run as a program (`make check`) it prints the table and fails when the budget is exceeded.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from typing import Final

from support.tree import PRODUCT_ROOTS, modules_under

PRODUCT_LINES_MAX: Final = 39_000
"""Lines that hold code: blank lines, comments and docstrings are free, so that nobody saves on
explaining. Beyond it: delete, or argue in docs/decisions/."""

_NOT_CODE: Final = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)


def lines_by_package() -> Counter[str]:
    """Count lines by the second level of the import name; single modules count as the first."""
    lines: Counter[str] = Counter()
    for module in modules_under(*PRODUCT_ROOTS):
        levels = module.name.split(".")
        is_single_module = len(levels) == 2 and module.path.name != "__init__.py"
        package = levels[0] if is_single_module else ".".join(levels[:2])
        lines[package] += code_lines(module.source)
    return lines


def code_lines(source: str) -> int:
    """Count the lines of a module that hold code."""
    held = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in _NOT_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            held -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(held)


def main() -> int:
    """Print the table; return 1 if there is too much."""
    lines = lines_by_package()
    for package, count in sorted(lines.items()):
        sys.stdout.write(f"{count:7,}  {package}\n")
    sys.stdout.write(f"{lines.total():7,}  of {PRODUCT_LINES_MAX:,} lines of code in the product\n")
    return int(lines.total() > PRODUCT_LINES_MAX)


if __name__ == "__main__":
    sys.exit(main())
