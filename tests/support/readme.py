"""The parts of the README that are made, not written: each stands between two marks."""

from dataclasses import dataclass
from typing import Final

from support.tree import ROOT

README: Final = ROOT / "README.md"


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between a line that begins it and a mark that ends it."""

    begin: str
    end: str

    def shown(self) -> str:
        """Return what the README shows there now."""
        _, shown, _ = self._parts()
        return shown

    def show(self, text: str) -> None:
        """Put something else there. Raises ValueError if a mark is missing."""
        before, _, after = self._parts()
        README.write_text(f"{before}{text}{after}", encoding="utf-8")

    def _parts(self) -> tuple[str, str, str]:
        before, mark, rest = README.read_text(encoding="utf-8").partition(self.begin)
        shown, end, after = rest.partition(self.end)
        if not mark or not end:
            raise ValueError(f"the README lacks {self.begin.strip()} or {self.end}")
        return before + mark, shown, end + after
