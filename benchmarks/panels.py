"""Every panel of every board, asked as Grafana asks it, of a year at three clinics.

In InfluxDB stand 40,000 sessions of a year with their zones, limits and findings, the readings of
the newest 200 of them, half an hour each with ten windows a second, 15 sessions that run at this
moment, and a day of samples of the pipeline. The points are made from the table of measurements;
buckets have the files `dermatrace provision influxdb` gives them. A panel is asked with everything
chosen, or with one pen, one RF session or one series where its board shows one, over the time its
board opens with; its number is the time of the slowest of its queries, from asking to the last byte
of the answer. The aim is less than a second. The baseline is the newest value of one series.

Whatever has not been asked for the first time on a freshly started server is warm. It is not how
long a reader waits: Grafana sends the queries of a board together, and draws.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Final

from benchmarks import time_series
from benchmarks.panel_points import (
    DAY_MS,
    YEAR_DAYS,
    PointSession,
    judged_lines,
    recorder_lines,
    year,
)
from benchmarks.panel_readings import raw_lines
from benchmarks.rounds import Row, Run, alternate
from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError
from dermatrace.forward.measurement import BUCKETS, UNKNOWN, Bucket
from dermatrace.forward.measurements import MEASUREMENTS
from dermatrace.provision.influxdb import plan_from
from dermatrace.settings import Settings
from support.boards import BOARDS, annotations, panels, variables
from support.boards_run import asked_text, texts
from support.grafana import Scope, choose, milliseconds
from support.influx_org import RETENTION_POLICIES, InfluxOrg

BASELINE: Final = "newest value of one series"
BASELINE_TEXT: Final = 'SELECT last("is_up") FROM "raw"."pipeline" WHERE "part" = \'ingest\''
RUNNING: Final = 15
"""Sessions under way: enough that every sort of device is among them."""
HEARD_MS: Final = 1_000
"""How long ago sessions under way told something last."""
FINDINGS: Final = 20
"""Of each session that is shown: enough that some of every sort lie in the time that is."""
BODY_LINES: Final = 5_000
BUCKET_OF: Final = {measurement.name: measurement.bucket for measurement in MEASUREMENTS}
SAMPLES_H: Final = 24
SAMPLES_APART_S: Final = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How much stands there, and how often each panel is asked."""

    sessions: int
    days: int
    """Over which they are spread; readings are kept for 90 of them."""
    with_readings: int
    minutes: float
    rounds: int


FULL = Size(sessions=40_000, days=YEAR_DAYS, with_readings=200, minutes=30, rounds=5)
QUICK = Size(sessions=45, days=20, with_readings=15, minutes=0.2, rounds=1)


@dataclass(frozen=True, slots=True)
class Year:
    """The sessions that stand there, until a moment."""

    until_ms: int
    past: list[PointSession]
    read: list[PointSession]
    """Those whose readings are still there."""
    running: list[PointSession]

    @classmethod
    def before(cls, until_ms: int, size: Size) -> "Year":
        """Return the year that ends at a moment."""
        past = list(year(size.sessions, until_ms, days=size.days))
        begin_ms = until_ms - int(size.minutes * 60_000) - HEARD_MS
        running = [PointSession(size.sessions + number, begin_ms) for number in range(RUNNING)]
        return cls(until_ms, past, past[-size.with_readings :], running)


def measure(run: Run) -> list[Row]:
    """Ask every panel in turn, round after round."""
    size = run.size(FULL, QUICK)
    with run.scratch() as folder, time_series.influxdb(folder) as influx:
        org = influx.server.new_org()
        _make_buckets(org)
        whole = Year.before(SystemClock().utc_ms(), size)
        _fill(org, whole, size.minutes)
        asked = {BASELINE: [BASELINE_TEXT], **_asked(whole)}
        _check_answers(org, asked)
        found = alternate(
            size.rounds, {name: partial(_slowest_s, org, told) for name, told in asked.items()}
        )
    return [Row(name, "s", samples, BASELINE) for name, samples in found.items()]


def _make_buckets(org: InfluxOrg) -> None:
    """Make both buckets with files as long as those our provisioning asks for."""
    for wanted in plan_from(Settings()).buckets:
        rule = {
            "type": "expire",
            "everySeconds": wanted.retention_s,
            "shardGroupDurationSeconds": wanted.shard_s,
        }
        told = {"orgID": org.id, "name": wanted.name, "retentionRules": [rule]}
        org.http.post("/api/v2/buckets", told)
        org.map_policy(wanted.policy, wanted.name, is_default=wanted.is_default)


def _fill(org: InfluxOrg, whole: Year, minutes: float) -> None:
    kept_ms = plan_from(Settings()).buckets[0].retention_s * 1_000 - DAY_MS
    for bucket in BUCKETS:
        is_raw = bucket == "raw"
        few = (
            judged_lines(one)
            for one in whole.past
            if not is_raw or one.begins_ms > whole.until_ms - kept_ms
        )
        shown = chain(whole.read, whole.running)
        many = (judged_lines(one, minutes=minutes, findings=FINDINGS) for one in shown)
        judged = chain.from_iterable(chain(few, many))
        _send(org, (line for line in judged if _bucket_of(line) == bucket), bucket)
    read = (raw_lines(one, minutes) for one in whole.read)
    running = (raw_lines(one, minutes, ends=False) for one in whole.running)
    samples = recorder_lines(whole.until_ms, hours=SAMPLES_H, seconds_apart=SAMPLES_APART_S)
    _send(org, chain(chain.from_iterable(chain(read, running)), samples), "raw")


def _bucket_of(line: str) -> Bucket:
    return BUCKET_OF[line.partition(",")[0]]


def _send(org: InfluxOrg, lines: Iterable[str], bucket: Bucket) -> None:
    remaining = iter(lines)
    while body := list(islice(remaining, BODY_LINES)):
        time_series.write_bare(org, ["\n".join(body).encode()], RETENTION_POLICIES[bucket])


def _asked(whole: Year) -> dict[str, list[str]]:
    """Return the queries of every panel, variable and annotation, by board and name."""
    asked: dict[str, list[str]] = {}
    for slug, board in BOARDS.items():
        for scope in _scopes(slug, whole):
            for panel in panels(board):
                for text in texts(panel, scope).values():
                    asked.setdefault(f"{slug}: {panel['title']}", []).append(text)
            for name, one in variables(board).items():
                text = asked_text(one["query"]["query"], scope)
                asked.setdefault(f"{slug}: choice of {name}", []).append(text)
            for name, one in annotations(board).items():
                text = asked_text(one["query"], scope)
                asked.setdefault(f"{slug}: {name} in plots", []).append(text)
    return asked


def _scopes(slug: str, whole: Year) -> Iterator[Scope]:
    """Yield what is chosen on a board: everything, or one session of either sort of device."""
    span_ms = milliseconds(BOARDS[slug]["time"]["from"])
    shows = (whole.until_ms - span_ms, whole.until_ms)
    match slug:
        case "live-session":
            yield from (_of_session(one, *shows) for one in _one_of_each(whole.running))
        case "session-review":
            around_ms = span_ms // 2
            for one in _one_of_each(whole.read):
                yield _of_session(one, one.begins_ms - around_ms, one.begins_ms + around_ms)
        case "series":
            tags = next(
                tags
                for one in whole.read
                if (tags := one.verdict_tags)["series"] not in {"", UNKNOWN}
            )
            yield Scope(*shows, choose(clinic=tags["clinic"], series=tags["series"]))
        case _:
            yield Scope(*shows, choose(clinic=[], model=[], protocol=[], role=[]))


def _one_of_each(sessions: list[PointSession]) -> Iterator[PointSession]:
    yield next(one for one in sessions if not one.is_rf)
    yield next(one for one in sessions if one.is_rf)


def _of_session(session: PointSession, from_ms: int, to_ms: int) -> Scope:
    tags = session.tags
    chosen = choose(clinic=tags["clinic"], device=[tags["device"]], session=tags["session"])
    return Scope(from_ms, to_ms, chosen)


def _check_answers(org: InfluxOrg, asked: dict[str, list[str]]) -> None:
    """Refuse to measure how fast nothing is found. Raises DermatraceError."""
    empty = [name for name, told in asked.items() if not any(org.query(text) for text in told)]
    if empty:
        raise DermatraceError(f"nothing is found by {', '.join(empty)}")


def _slowest_s(org: InfluxOrg, told: list[str]) -> float:
    return max(_took_s(org, text) for text in told)


def _took_s(org: InfluxOrg, text: str) -> float:
    started_s = time.perf_counter()
    org.ask_query(text)
    return time.perf_counter() - started_s
