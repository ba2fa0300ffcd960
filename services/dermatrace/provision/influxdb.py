"""Provisions InfluxDB: organisation, buckets, InfluxQL mappings, and a token a consumer."""

from dataclasses import dataclass
from typing import Final

from dermatrace.errors import ServerRefused
from dermatrace.provision.consumers import CONSUMERS, Consumer
from dermatrace.provision.influx_admin import BucketFound, InfluxServer
from dermatrace.provision.step import Step, Steps
from dermatrace.provision.token_check import CheckToken, Place
from dermatrace.provision.token_file import TokenFolder
from dermatrace.settings import Settings

DAY_S: Final = 86_400
_SHARD_DAYS: Final = ((1, 0.25), (7, 1), (90, 7))
"""Up to so many days of retention: days of a shard. Points leave InfluxDB shard by shard."""
SHARD_DAYS_MAX: Final = 30
"""Days of a shard of readings, however long they are kept: one of a busy clinic stays small enough
to be compacted."""
SESSIONS_SHARD_DAYS: Final = 364
"""Findings and summaries are few and kept for good: years of them are read from a few shards."""


@dataclass(frozen=True, slots=True)
class BucketWanted:
    """One bucket and the retention policy InfluxQL finds it under."""

    name: str
    policy: str
    retention_s: int
    shard_s: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class InfluxPlan:
    """What has to be there."""

    organisation: str
    database: str
    buckets: tuple[BucketWanted, ...]


def plan_from(settings: Settings) -> InfluxPlan:
    """Return what these settings ask for."""
    days = settings.influxdb_raw_retention_days
    raw = BucketWanted(
        settings.influxdb_raw_bucket, "raw", days * DAY_S, _shard_s(days), is_default=True
    )
    sessions = BucketWanted(
        settings.influxdb_sessions_bucket,
        "sessions",
        retention_s=0,
        shard_s=SESSIONS_SHARD_DAYS * DAY_S,
        is_default=False,
    )
    return InfluxPlan(settings.influxdb_org, settings.influxdb_database, (raw, sessions))


def provision_influxdb(
    server: InfluxServer, plan: InfluxPlan, tokens: TokenFolder, check: CheckToken
) -> Steps[Place]:
    """Make what is missing and correct what is different, telling each step.

    A second run changes nothing. Raises ServerRefused or ServerUnavailable; run again, it goes on
    from where it was.
    """
    tokens.prepare()
    org_id = yield from _organisation(server, plan.organisation)
    buckets = []
    for wanted in plan.buckets:
        bucket = yield from _bucket(server, org_id, plan.organisation, wanted)
        yield from _mapping(server, org_id, plan.database, wanted, bucket)
        buckets.append((wanted.policy, wanted.name, bucket.bucket_id))
    place = Place(server.url, plan.organisation, plan.database, tuple(buckets))
    for consumer in CONSUMERS:
        yield from _token(server, org_id, place, consumer, tokens=tokens, check=check)
    return place


def _organisation(server: InfluxServer, name: str) -> Steps[str]:
    found = server.find_organisation(name)
    if found is not None:
        yield Step(f"organisation {name}", "unchanged")
        return found
    try:
        made = server.make_organisation(name)
    except ServerRefused as error:
        error.remedy = (
            "Only an operator's token makes organisations: put one into influxdb_admin_token_file,"
            " or let influxdb_org name the one this token belongs to."
        )
        raise
    yield Step(f"organisation {name}", "made")
    return made


def _bucket(
    server: InfluxServer, org_id: str, organisation: str, wanted: BucketWanted
) -> Steps[BucketFound]:
    what, kept = f"bucket {wanted.name}", f"keeps points {duration(wanted.retention_s)}"
    bucket = server.find_bucket(organisation, wanted.name)
    if bucket is None:
        made = server.make_bucket(org_id, wanted.name, wanted.retention_s, wanted.shard_s)
        yield Step(what, "made", kept)
        return made
    if bucket.retention_s == wanted.retention_s:
        yield Step(what, "unchanged", kept)
    else:
        server.change_retention(bucket, wanted.retention_s, wanted.shard_s)
        yield Step(what, "changed", f"{kept}, before {duration(bucket.retention_s)}")
    return bucket


def _mapping(
    server: InfluxServer, org_id: str, database: str, wanted: BucketWanted, bucket: BucketFound
) -> Steps[None]:
    what, leads_to = f"InfluxQL {database}.{wanted.policy}", f"reads bucket {wanted.name}"
    known = {mapping.policy: mapping for mapping in server.mappings(org_id, database)}
    mapping = known.get(wanted.policy)
    if mapping is not None and mapping.bucket_id == bucket.bucket_id:
        # Deleting a bucket deletes its mapping, and the server makes another one the default.
        if wanted.is_default and not mapping.is_default:
            server.make_default(org_id, mapping.mapping_id)
            yield Step(what, "changed", f"{leads_to} and is the default again")
        else:
            yield Step(what, "unchanged", leads_to)
        return
    if mapping is not None:
        # The bucket of a mapping cannot be changed.
        server.delete_mapping(org_id, mapping.mapping_id)
    server.make_mapping(
        org_id, database, wanted.policy, bucket.bucket_id, is_default=wanted.is_default
    )
    yield Step(what, "made" if mapping is None else "replaced", leads_to)


def _token(
    server: InfluxServer,
    org_id: str,
    place: Place,
    consumer: Consumer,
    *,
    tokens: TokenFolder,
    check: CheckToken,
) -> Steps[None]:
    file = tokens.file_of(consumer.file_name)
    what, detail = f"token {consumer.name}", f"{file}: {' and '.join(consumer.actions)}"
    token = tokens.read(consumer.file_name)
    problem = None if token is None else check(token, consumer, place)
    if token is not None and problem is None:
        is_corrected = tokens.correct_mode(consumer.file_name)
        yield Step(what, "changed" if is_corrected else "unchanged", detail)
        return
    mark = consumer.description(place.database)
    # The old ones first: if we are killed in between, the next run finds no good token in the file
    # and comes here again, so nothing that lets anybody in is ever left behind.
    for grant_id, description in server.grants(org_id).items():
        if description == mark:
            server.delete_grant(grant_id)
    bucket_ids = tuple(bucket_id for _, _, bucket_id in place.buckets)
    made = server.make_grant(org_id, mark, consumer.actions, bucket_ids)
    tokens.write(consumer.file_name, made)
    if problem is None:
        yield Step(what, "made", detail)
    else:
        yield Step(what, "replaced", f"{detail}; of the one before: {problem}")


def _shard_s(retention_days: int) -> int:
    """Return how much time a shard of readings holds, as InfluxDB's makers advise."""
    for days_max, shard_days in _SHARD_DAYS:
        if 0 < retention_days <= days_max:
            return int(shard_days * DAY_S)
    return SHARD_DAYS_MAX * DAY_S


def duration(retention_s: int) -> str:
    """Return how long points are kept, in words."""
    if retention_s == 0:
        return "for good"
    days = retention_s / DAY_S
    return "1 day" if days == 1 else f"{days:g} days"
