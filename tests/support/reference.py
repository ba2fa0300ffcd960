"""Writes the generated pages of docs/ and the README's example anew (`make reference`)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from dermatrace.forward.measurements import render_measurements
from dermatrace.judge.rule_book import render_rules
from support.explained import IN_README, example_output, fenced
from support.settings_page import render_reference
from support.tree import ROOT

SETTINGS_REFERENCE: Final = ROOT / "docs" / "settings.md"
RULES_REFERENCE: Final = ROOT / "docs" / "rules.md"
MEASUREMENTS_REFERENCE: Final = ROOT / "docs" / "measurements.md"
PAGES: Final[Mapping[Path, Callable[[], str]]] = {
    SETTINGS_REFERENCE: render_reference,
    RULES_REFERENCE: render_rules,
    MEASUREMENTS_REFERENCE: render_measurements,
}


def main() -> None:
    """Replace the committed pages."""
    for path, render in PAGES.items():
        path.write_text(render(), encoding="utf-8")
    IN_README.show(fenced(example_output()))


if __name__ == "__main__":
    main()
