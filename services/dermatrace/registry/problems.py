"""What is wrong with a folder, all of it at once: file, line, field, and what to do."""

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from dermatrace.errors import UsageError
from dermatrace.registry.marked_yaml import Marked, Path

PROBLEMS_LISTED_MAX: Final = 50
"""Problems one message lists; of the others it gives the number."""
MS: Final = "_ms"
"""End of the contract's name of a moment; people may leave it out and write a time."""

_COMPARE: Final = "Compare with the sample clinic, which shows one of each kind."
_REMEDIES: Final = {
    "extra_forbidden": "Correct its spelling or remove it.",
    "literal_error": "Choose one of those.",
    "missing": "Write it.",
    "int_type": "Write a whole number; for a moment drop `_ms` from the name and write a time.",
    "string_pattern_mismatch": "Use only what that pattern allows, such as small letters and -.",
    "string_type": "Put it in quotes.",
}
"""By pydantic's name of the problem; for all others: compare."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, or one thing to look at."""

    file: str
    line: int
    field: str
    what: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " + (f"{self.field}: " if self.field else "")
        return f"{where}{self.what}. {self.remedy}"


class FolderError(UsageError):
    """A folder that cannot be imported as it is; nothing of it was sent."""

    def __init__(self, folder: str, problems: list[Problem]) -> None:
        listed = [str(problem) for problem in problems[:PROBLEMS_LISTED_MAX]]
        if len(problems) > PROBLEMS_LISTED_MAX:
            listed.append(f"... and {len(problems) - PROBLEMS_LISTED_MAX} more")
        remedy = f"Nothing was sent; {len(problems)} to correct in {folder}."
        super().__init__("\n".join(listed), remedy=remedy)
        self.problems = problems


class Notebook:
    """Collects the problems of a folder."""

    def __init__(self) -> None:
        self._problems: dict[tuple[str, int, str], Problem] = {}

    @property
    def problems(self) -> list[Problem]:
        """All of them, in the order in which they were found."""
        return list(self._problems.values())

    def add(self, file: str, line: int, path: Path, what: str, remedy: str = _COMPARE) -> None:
        """Write one down; a second one about the same place would only be noise."""
        field = ".".join(str(part) for part in path)
        self._problems.setdefault((file, line, field), Problem(file, line, field, what, remedy))

    def add_all(self, file: str, marked: Marked, error: ValidationError, *below: str) -> None:
        """Write down everything a model found in the part of a document that is `below`."""
        for item in error.errors(include_url=False, include_input=False):
            path = (*below, *item["loc"])
            if path not in marked.lines and path and str(path[-1]).endswith(MS):
                path = (*path[:-1], str(path[-1]).removesuffix(MS))
            unknown = item["type"] == "extra_forbidden"
            what = "there is no such member" if unknown else item["msg"]
            remedy = _REMEDIES.get(item["type"], _COMPARE)
            self.add(file, marked.line_of(path), path, what.removeprefix("Value error, "), remedy)
