"""Is InfluxDB ready for forward? Hop by hop, each with what to do about it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from dermatrace.errors import DermatraceError, ServerRefused, ServerUnavailable, UsageError
from dermatrace.provision.influx_admin import BucketFound, InfluxServer
from dermatrace.provision.influxdb import BucketWanted, InfluxPlan, duration, plan_from
from dermatrace.reading.looked_at import Finding
from dermatrace.settings import Settings, first_line

PROVISION: Final = "Run `dermatrace provision influxdb`: it makes what is missing."
_NOTHING_LOST: Final = "Nothing is lost meanwhile: forward goes on where it was."


def look_at_influxdb(settings: Settings) -> Iterator[Finding]:
    """Yield what forward would find; nothing at all where nothing is forwarded from.

    Ends at the first hop that fails: those behind it cannot be judged.
    """
    path = settings.forward_token_file
    if settings.influxdb_token_file is None and not path.exists():
        return
    try:
        token = first_line(path) or ""
    except UsageError as error:
        yield Finding("InfluxDB token", ok=False, found=str(error), remedy=PROVISION)
        return
    plan = plan_from(settings)
    with InfluxServer(settings.influxdb_url, token, token_from=str(path)) as server:
        try:
            found = f"{settings.influxdb_url}, version {server.version()}"
            yield Finding("InfluxDB", ok=True, found=found)
            yield from _look(server, plan, path.name)
        except DermatraceError as error:
            yield _failed(error)


def _look(server: InfluxServer, plan: InfluxPlan, token_file: str) -> Iterator[Finding]:
    server.bucket_ids()  # refused, if the token is
    yield Finding("InfluxDB token", ok=True, found=f"{token_file} is accepted")
    buckets = []
    for wanted in plan.buckets:
        bucket = server.find_bucket(plan.organisation, wanted.name)
        yield _bucket(server, plan, wanted, bucket)
        if bucket is not None:
            buckets.append((wanted, bucket))
    for wanted, bucket in buckets:
        yield _mapping(server, plan.database, wanted, bucket)


def _bucket(
    server: InfluxServer, plan: InfluxPlan, wanted: BucketWanted, bucket: BucketFound | None
) -> Finding:
    what = f"bucket {wanted.name}"
    if bucket is None:
        found = f"organisation {plan.organisation} shows none of this name to this token"
        return Finding(what, ok=False, found=found, remedy=PROVISION)
    if not server.may_write(plan.organisation, wanted.name):
        remedy = "Run `dermatrace provision influxdb`: it gives forward a token that may."
        return Finding(what, ok=False, found="the token may not write there", remedy=remedy)
    found = f"keeps points {duration(bucket.retention_s)}"
    if bucket.retention_s == wanted.retention_s:
        return Finding(what, ok=True, found=found)
    found += f", the setting says {duration(wanted.retention_s)}"
    remedy = "Run `dermatrace provision influxdb`, or correct influxdb_raw_retention_days."
    return Finding(what, ok=False, found=found, remedy=remedy)


def _mapping(
    server: InfluxServer, database: str, wanted: BucketWanted, bucket: BucketFound
) -> Finding:
    what = f"InfluxQL {database}.{wanted.policy}"
    known = {mapping.policy: mapping for mapping in server.mappings(bucket.org_id, database)}
    mapping = known.get(wanted.policy)
    if mapping is None:
        remedy = f"Grafana finds nothing without it. {PROVISION}"
        return Finding(what, ok=False, found="there is no such mapping", remedy=remedy)
    if mapping.bucket_id != bucket.bucket_id:
        found, remedy = "it leads to another bucket", f"Grafana shows something else. {PROVISION}"
        return Finding(what, ok=False, found=found, remedy=remedy)
    if wanted.is_default and not mapping.is_default:
        found = "it is not the default of the database"
        return Finding(what, ok=False, found=found, remedy=PROVISION)
    return Finding(what, ok=True, found=f"reads bucket {wanted.name}")


def _failed(error: DermatraceError) -> Finding:
    said = error.args[0]
    if isinstance(error, ServerUnavailable):
        remedy = f"{error.remedy} {_NOTHING_LOST}"
        return Finding("InfluxDB", ok=False, found=said, remedy=remedy)
    if isinstance(error, ServerRefused) and error.status == HTTPStatus.UNAUTHORIZED:
        remedy = "Run `dermatrace provision influxdb`: it replaces a token that is refused."
        return Finding("InfluxDB token", ok=False, found=said, remedy=remedy)
    return Finding("InfluxDB", ok=False, found=said, remedy=error.remedy)
