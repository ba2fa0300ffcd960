"""How found sessions are shown: a table for people, rows for spreadsheets and programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from dermatrace.cli.judgement_text import UNKNOWN, adherence_words, day_text, share
from dermatrace.cli.output import table
from dermatrace.journal.certificate import Certificate
from dermatrace.judge.search import Consent, FoundSession

_COLUMNS: Final = (
    "session\ndevice\nclinic",
    "began, UTC\nwhen judged",
    "protocol\noperator",
    "findings\nadherence\ncoverage",
    "consent\nopen gates",
)
_CONSENT: Final[dict[Consent, str]] = {
    "in_time": "in time",
    "finding": "finding {}",
    "not_asked": "not asked",
    "no_protocol": "no protocol",
    "no_contact": "no contact",
    "not_judged": UNKNOWN,
}
CSV_COLUMNS: Final = (
    "clinic",
    "sender",
    "session_id",
    "state",
    "started_utc",
    "clinic_day",
    "treatment",
    "protocol_id",
    "protocol_version",
    "operator_id",
    "subject_id",
    "visit_id",
    "grade",
    "high_count",
    "medium_count",
    "low_count",
    "adherence",
    "why_not",
    "adherent",
    "data_coverage",
    "consent",
    "open_gates",
    "generation",
)
"""An empty cell: nobody knows, or nothing was judged."""


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


def session_json(one: FoundSession) -> dict[str, Any]:
    """Return everything known of a session as plain data."""
    told = asdict(one)
    del told["stream_row"]
    named = {"session_id": told.pop("stream_id"), "grade_as_of": "judgement"}
    return named | told | {"consent": one.consent}


def certificate_json(certificate: Certificate) -> dict[str, object]:
    """Return a certificate as plain data."""
    return certificate.as_json() | {"grade_as_of": "now"}


def csv_text(rows: Iterable[dict[str, Any]]) -> str:
    """Return rows of either sort for a spreadsheet."""
    whole = io.StringIO()
    writer = csv.DictWriter(whole, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(row) for row in rows)
    return whole.getvalue()


def consent_words(one: FoundSession) -> str:
    """Return whether consent was there before the first contact."""
    return _CONSENT[one.consent].format(one.consent_finding)


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    started_ms, day, gates = (row.get(n) for n in ("started_ms", "clinic_day", "open_gates"))
    truths = {name: str(value).lower() for name, value in row.items() if isinstance(value, bool)}
    return (
        row
        | truths
        | {
            "started_utc": None if started_ms is None else _moment(started_ms),
            "clinic_day": None if day is None else day_text(day),
            "open_gates": None if gates is None else " ".join(gates),
        }
    )


def _moment(utc_ms: int) -> str:
    moment = datetime.fromtimestamp(utc_ms / 1_000, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


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
