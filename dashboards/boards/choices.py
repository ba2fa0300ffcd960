"""Variables that boards share, the conditions that go with them, and the links between boards."""

from typing import Final

from dashboards.board import Variable
from dashboards.influxql import Query, col, exactly, one_of, tag_values
from dashboards.looks import Json
from dermatrace.forward.measurement import UNKNOWN
from dermatrace.forward.measurements_device import DEVICE_STATE
from dermatrace.forward.measurements_verdict import SESSION_STATE, SESSION_SUMMARY

REVIEW_SPAN_MS: Final = 4 * 3_600_000
"""How much time a link to a past session shows, its beginning in the middle."""
SERIES_SPAN: Final = "now-2y"
"""How far back a link to a series looks."""


def distinct(name: str, where: tuple[str, ...] = ()) -> str:
    """Return the query of a variable: the values that summaries in the time range have.

    InfluxDB 2 answers SHOW TAG VALUES from the default retention policy alone, whatever one names;
    and one thing may be a tag in one schema and a text in the next. This works for all of them.
    """
    inner = Query(
        columns=[col('"session_count"', "count"), col(f'"{name}"', "value")],
        source=SESSION_SUMMARY,
        where=where,
    )
    return str(Query(columns=[col('distinct("value")', "value")], source=inner))


CLINICS: Final = Variable(
    "clinic", "Clinic", "The clinic that is meant.", tag_values(DEVICE_STATE, "clinic")
)
CLINIC: Final = Variable(
    "clinic",
    "Clinic",
    "The clinic that is meant.",
    tag_values(DEVICE_STATE, "clinic"),
    is_multi=False,
)
DEVICES: Final = Variable(
    "device",
    "Device",
    "Narrows the choice of sessions; links from tables set it.",
    tag_values(DEVICE_STATE, "device"),
)
OF_CLINIC_AND_DEVICE: Final = (exactly("clinic", "clinic"), one_of("device", "device"))
LIVE_SESSION: Final = Variable(
    "session",
    "Session",
    "Sessions of the last day of this clinic and these devices.",
    tag_values(SESSION_STATE, "session", (*OF_CLINIC_AND_DEVICE, "time > now() - 1d")),
    is_multi=False,
    follows_time=True,
)
PAST_SESSION: Final = Variable(
    "session",
    "Session",
    "Sessions that began in the time shown.",
    distinct("session", OF_CLINIC_AND_DEVICE),
    is_multi=False,
    follows_time=True,
)
MODELS: Final = Variable("model", "Model", "Of the devices.", tag_values(DEVICE_STATE, "model"))
PROTOCOLS: Final = Variable(
    "protocol",
    "Treatment protocol",
    "As the plan of a session names it.",
    distinct("protocol", (one_of("clinic", "clinic"),)),
    follows_time=True,
)
ROLES: Final = Variable(
    "role",
    "Operator role",
    "As whom the operator is registered.",
    distinct("operator_role", (one_of("clinic", "clinic"),)),
    follows_time=True,
)
ONE_SERIES: Final = Variable(
    "series",
    "Series",
    "Pseudonym of a series of treatments; whose it is stands in no database of Grafana's.",
    distinct("series", (exactly("clinic", "clinic"),)),
    is_multi=False,
    follows_time=True,
    skip=UNKNOWN,
)
OF_SESSION: Final = (*OF_CLINIC_AND_DEVICE, exactly("session", "session"))
"""Conditions of the boards about one session. Its name alone is not enough: a device chooses it."""


def _chosen(clinic: str, device: str, session: str) -> str:
    return (
        "${datasource:queryparam}"
        f"&var-clinic=${{__data.fields.{clinic}}}"
        f"&var-device=${{__data.fields.{device}}}"
        f"&var-session=${{__data.fields.{session}}}"
    )


def to_live() -> Json:
    """Return the link of a table that is grouped by clinic, device and session."""
    chosen = _chosen("clinic", "device", "session")
    return {
        "title": "Watch this session",
        "url": f"/d/dermatrace-live/live-session?{chosen}&${{__url_time_range}}",
    }


def to_review() -> Json:
    """Return the link of a table that has columns Clinic, Device, Session, and their time."""
    return {
        "title": "Review this session",
        "url": f"/d/dermatrace-review/session-review?{_chosen('Clinic', 'Device', 'Session')}"
        f"&time=${{__data.fields.Time.numeric}}&time.window={REVIEW_SPAN_MS}",
    }


def to_series() -> Json:
    """Return the link of a table that has columns Clinic and Series."""
    return {
        "title": "See the whole series",
        "url": "/d/dermatrace-series/series?${datasource:queryparam}"
        "&var-clinic=${__data.fields.Clinic}&var-series=${__data.fields.Series}"
        f"&from={SERIES_SPAN}&to=now",
    }
