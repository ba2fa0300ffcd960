"""Judges the examples of a treatment protocol, and tells what is not as expected. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dermatrace.judge.case import Ending
from dermatrace.judge.example import Example, ExpectedFinding
from dermatrace.judge.example_documents import documents_of
from dermatrace.judge.example_visit import Visit
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.raising import FAILED_RULE
from dermatrace.judge.state import Standing
from dermatrace_schemas.registry_protocols import ProtocolContent

_NEVER: Final = frozenset({FAILED_RULE})
"""Whatever an example says: a rule that fails judges nothing."""


@dataclass(frozen=True, slots=True)
class ExampleRun:
    """What became of one example."""

    example: Example
    raised: tuple[Standing, ...]
    missing: tuple[ExpectedFinding, ...]
    unexpected: tuple[Standing, ...]

    @property
    def is_ok(self) -> bool:
        """Whether everything came out as expected."""
        return not self.missing and not self.unexpected


def run_example(
    example: Example, registry_id: str, version: str, protocol: ProtocolContent
) -> ExampleRun:
    """Judge one example by a treatment protocol, as if it had been approved."""
    visit = Visit(example, registry_id, version, protocol)
    judge = SessionJudge(visit.context())
    documents = list(documents_of(example, visit.descriptor(), visit.setting))
    for document in documents:
        judge.feed(document)
    judge.close(Ending(expected_count=len(documents)))
    raised = tuple(judge.state.findings)
    return ExampleRun(
        example, raised, tuple(_missing(example, raised)), tuple(_unexpected(example, raised))
    )


def _missing(example: Example, raised: Iterable[Standing]) -> Iterator[ExpectedFinding]:
    found = list(raised)
    for expected in example.expect:
        if not any(_is(standing, expected) for standing in found):
            yield expected


def _unexpected(example: Example, raised: Iterable[Standing]) -> Iterator[Standing]:
    for standing in raised:
        is_expected = any(_is(standing, expected) for expected in example.expect)
        if standing.rule in _NEVER or (not is_expected and _is_forbidden(standing, example)):
            yield standing


def _is_forbidden(standing: Standing, example: Example) -> bool:
    if example.expect_none == "treatment":
        return standing.nature == "treatment"
    if example.expect_none == "any":
        return True
    family = standing.rule.partition(".")[0]
    return standing.rule in example.expect_none or family in example.expect_none


def _is(standing: Standing, expected: ExpectedFinding) -> bool:
    """Whether a finding is as expected in everything that is said of it."""
    return all(getattr(standing, name) == value for name, value in expected if value is not None)
