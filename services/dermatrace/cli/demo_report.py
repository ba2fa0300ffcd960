"""What `demo --once` has come to: tables for people, the same as JSON, and whether it is right."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from dermatrace.cli.output import say, table
from dermatrace.demo.comparison import Standing
from dermatrace.demo.judged import JudgementSummary
from dermatrace.demo.once import SessionSummary
from dermatrace.errors import DermatraceError
from dermatrace.reading.judgement_text import UNKNOWN, adherence_words, share

_RECORD: Final = (
    "session",
    "sent",
    "stored",
    "again",
    "rejected",
    "lost",
    "gaps",
    "receipts to",
    "certificate",
)
_JUDGEMENT: Final = (
    "session",
    "treatment",
    "findings",
    "adherence",
    "coverage",
    "open gates",
)
"""Findings: of which generation, and whether they are those expected."""
_FINDINGS: Final = ("session", "rule", "limit of", "expected", "raised", "")
_STANDING: Final[dict[Standing, str]] = {
    "as_expected": "as expected",
    "allowed": "may be",
    "missing": "MISSING",
    "forbidden": "MUST NOT BE",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Everything of one run, session by session."""

    data: Path
    broker: str
    registry_documents: int
    run: str
    """How the name of every session begins."""
    records: list[SessionSummary]
    judgements: list[JudgementSummary]
    """One for each record, in the same order."""

    @property
    def differences(self) -> list[str]:
        """What is not as it was scripted, each with its session."""
        told = [(record.session, record.differs) for record in self.records]
        told += [(judgement.session, judgement.differs) for judgement in self.judgements]
        return [f"{session}: {difference}" for session, differs in told for difference in differs]

    @property
    def is_right(self) -> bool:
        """Whether everything is settled, and record and findings are as scripted."""
        return all(record.settled for record in self.records) and not self.differences

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "ok": self.is_right,
            "data": str(self.data),
            "broker": self.broker,
            "registry_documents": self.registry_documents,
            "run": self.run,
            "sessions": [
                {**asdict(record), "judgement": _judgement_json(judgement)}
                for record, judgement in self._pairs()
            ],
        }

    def check(self) -> None:
        """Raise DermatraceError if anything is not as it was scripted."""
        if not self.is_right:
            wrong = self.differences or ["not everything is settled"]
            raise DermatraceError(
                "record and findings are not what was played:\n" + "\n".join(wrong)
            )

    def name(self, session: str) -> str:
        """Return a session's name without what all have in common."""
        return session.removeprefix(f"{self.run}-")

    def _pairs(self) -> Iterator[tuple[SessionSummary, JudgementSummary]]:
        return zip(self.records, self.judgements, strict=True)


def print_report(report: Report) -> None:
    """Write what was played, the record, the judgement, and what both come to."""
    say(f"Played as {report.run}-…\n\nrecord")
    table(_RECORD, [_record_row(report, record) for record in report.records])
    for number, faults in _faults(report):
        say(f"{number} with faults: {faults}")
    say("\njudgement, by its newest generation")
    treatments = {record.session: record.treatment for record in report.records}
    rows = [_judgement_row(report, one, treatments[one.session]) for one in report.judgements]
    table(_JUDGEMENT, rows, whole_count=5)
    findings = [row for one in report.judgements for row in _finding_rows(report, one)]
    if findings:
        say("\nfindings, as the script demands and as they were raised")
        table(_FINDINGS, findings, whole_count=len(_FINDINGS))
    say("")
    for difference in report.differences:
        say(f"not as scripted: {difference}")
    if report.is_right:
        say("Every session is on record exactly as scripted, and its findings are those expected.")


def _judgement_json(judgement: JudgementSummary) -> dict[str, Any]:
    told = asdict(judgement)
    for name in ("clinic", "sender", "session"):
        del told[name]
    return told | {"differs": judgement.differs}


def _faults(report: Report) -> Iterator[tuple[str, str]]:
    for record in report.records:
        if record.faults:
            yield report.name(record.session), ", ".join(record.faults)


def _record_row(report: Report, record: SessionSummary) -> tuple[object, ...]:
    return (
        report.name(record.session),
        record.published,
        record.stored,
        record.duplicates,
        record.rejected,
        record.lost,
        record.gaps,
        record.settled_through,
        record.grade.replace("_", " "),
    )


def _judgement_row(report: Report, one: JudgementSummary, treatment: str) -> tuple[object, ...]:
    is_open = one.state == "open"
    gates = "\n".join(gate.replace("_", " ") for gate in one.open_gates or ())
    return (
        report.name(one.session),
        treatment,
        f"g{one.generation}, {_agreement(one)}" if one.generation is not None else UNKNOWN,
        adherence_words(one.adherence, one.why_not),
        "open" if is_open else share(one.data_coverage),
        gates or (UNKNOWN if one.open_gates is None else "none"),
    )


def _agreement(one: JudgementSummary) -> str:
    if one.state == "open":
        return "open"
    wrong = sum(line.is_wrong for line in one.findings)
    return f"{wrong} WRONG" if wrong else "as expected"


def _finding_rows(report: Report, one: JudgementSummary) -> Iterator[tuple[object, ...]]:
    for line in one.findings:
        yield (
            report.name(one.session),
            line.rule,
            "" if line.envelope == "none" else line.envelope.replace("_", " "),
            line.expected_count or "",
            line.raised_count,
            _STANDING[line.standing],
        )
