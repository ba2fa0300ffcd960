"""What people fail to enter about a visit, as data: the chart's counterpart of `faults.py`."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

OmissionKind: TypeAlias = Literal[
    "plan",
    "attach",
    "operator",
    "consent",
    "consent_late",
    "exam",
    "answers",
    "answer_missing",
    "answer_unknown",
    "test_spot",
    "photo_before",
    "photo_after",
    "endpoint",
    "aftercare",
]
"""`operator`: the plan does not say who treats. `consent_late`: signed after the first contact.
`answers`: the whole form; `answer_missing` and `answer_unknown`: one question of it."""


class OmissionUnclearError(ValueError):
    """An omission of one answer names no question, or another one names a question."""

    def __init__(self, kind: OmissionKind) -> None:
        super().__init__(f"{kind}: only answer_missing and answer_unknown name a question, and do")


@dataclass(frozen=True, slots=True)
class Omission:
    """One fact that is left out, or comes too late.

    Raises OmissionUnclearError if it does not say exactly what is left out.
    """

    kind: OmissionKind
    question: str | None = None

    def __post_init__(self) -> None:
        if (self.question is None) == (self.kind in {"answer_missing", "answer_unknown"}):
            raise OmissionUnclearError(self.kind)
