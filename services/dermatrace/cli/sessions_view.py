"""How found sessions are shown to people: tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from dermatrace.cli.output import table
from dermatrace.journal.certificate import Certificate
from dermatrace.judge.search import FoundSession
from dermatrace.reading.judgement_text import UNKNOWN, adherence_words, share
from dermatrace.reading.session_list import consent_words

_COLUMNS: Final = (
    "session\ndevice\nclinic",
    "began, UTC\nwhen judged",
    "protocol\noperator",
    "findings\nadherence\ncoverage",
    "consent\nopen gates",
)


def print_sessions(found: Sequence[FoundSession]) -> None:
    """Write a table, three lines a session."""
    table(
        _COLUMNS,
        [
            (
                f"{one.stream_id}\n{one.sender}\n{one.clinic}",
                f"{_minute(one.started_ms)}\n{_standing(one)}",
                f"{one.protocol_id or UNKNOWN}\n{one.operator_id or UNKNOWN}",
                f"{_findings(one)}\n{_adherence(one)}\n{share(one.data_coverage)}",
                f"{consent_words(one)}\n{', '.join(one.open_gates) or _no_gates(one)}",
            )
            for one in found
        ],
        whole_count=2,
    )


def print_certificates(found: Sequence[Certificate]) -> None:
    """Write what the record alone tells, examined now."""
    table(
        ("session", "certificate", "stored", "settled", "missing", "device"),
        [
            (
                certificate.session_id,
                certificate.grade.replace("_", " "),
                certificate.accepted_count,
                certificate.settled_seq,
                certificate.gap_count,
                f"{certificate.clinic} {certificate.sender}",
            )
            for certificate in found
        ],
        whole_count=2,
    )


def _minute(utc_ms: int | None) -> str:
    if utc_ms is None:
        return UNKNOWN
    return datetime.fromtimestamp(utc_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")


def _standing(one: FoundSession) -> str:
    grade = one.grade.replace("_", " ")
    return f"{grade}, {one.status}" if one.state == "open" else grade


def _findings(one: FoundSession) -> str:
    if one.generation < 0 or one.state == "erased":
        return UNKNOWN
    return f"{one.high_count}/{one.medium_count}/{one.low_count}"


def _adherence(one: FoundSession) -> str:
    if one.state == "erased" or one.generation < 0:
        return UNKNOWN
    words = adherence_words(one.adherence, one.why_not)
    return f"{words}, adherent" if one.adherent else words


def _no_gates(one: FoundSession) -> str:
    return UNKNOWN if one.generation < 0 or one.state == "erased" else "none"
