"""Found sessions as plain data: a dictionary for programs, rows for a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from dermatrace.journal.certificate import Certificate
from dermatrace.judge.search import Consent, FoundSession
from dermatrace.reading.judgement_text import UNKNOWN, day_text

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
