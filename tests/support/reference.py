"""Writes docs/settings.md from the settings themselves (`make reference`)."""

from dermatrace.settings import render_reference
from support.tree import ROOT

SETTINGS_REFERENCE = ROOT / "docs" / "settings.md"


def main() -> None:
    """Replace the committed page."""
    SETTINGS_REFERENCE.write_text(render_reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
