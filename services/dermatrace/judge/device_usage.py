"""What devices were used for, month by month: sums, and nothing about anybody."""

from dataclasses import dataclass
from typing import Final

from dermatrace import sqlite
from dermatrace.judge.index import Index

_USAGE: Final = """
    SELECT clinic, sender, strftime('%Y-%m', clinic_day * 86400, 'unixepoch') AS month,
        count(*), coalesce(sum(strokes), 0), coalesce(sum(shots), 0), sum(technical),
        sum(beyond_rating), avg(data_coverage)
    FROM (
        SELECT s.clinic, s.sender, s.clinic_day, s.data_coverage,
            (SELECT sum(stroke_count) FROM zones WHERE stream_row = s.stream_row) AS strokes,
            (SELECT sum(shot_count) FROM zones WHERE stream_row = s.stream_row) AS shots,
            (SELECT count(*) FROM findings
                WHERE stream_row = s.stream_row AND nature = 'technical') AS technical,
            (SELECT count(*) FROM findings
                WHERE stream_row = s.stream_row AND envelope = 'device_rating') AS beyond_rating
        FROM sessions s WHERE s.status <> 'erased'
    )
    GROUP BY clinic, sender, month ORDER BY clinic, sender, month DESC
"""


@dataclass(frozen=True, slots=True)
class DeviceMonth:
    """One device in one month of its clinic's calendar."""

    clinic: str
    sender: str
    month: str | None
    """Like 2026-03; None for sessions whose day nobody knows."""
    session_count: int
    contact_stroke_count: int
    treatment_shot_count: int
    technical_finding_count: int
    rating_finding_count: int
    """Beyond what the device is rated for."""
    data_coverage: float | None
    """Mean of the sessions that have one."""


def device_months(index: Index) -> list[DeviceMonth]:
    """Return the use of every device by clinic, sender and month, the newest month first."""
    with sqlite.storage_errors(index.path):
        return [DeviceMonth(*row) for row in index.connection.execute(_USAGE)]
