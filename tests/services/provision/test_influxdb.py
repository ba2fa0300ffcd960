"""What stands in a real InfluxDB after provisioning, once and again."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

import pytest

from dermatrace.errors import ServerRefused
from support.influx_org import RAW_BUCKET, SESSIONS_BUCKET
from support.influx_stand import FORWARD, GRAFANA, InfluxStand

EVERYTHING = {
    "organisation dermatrace",
    f"bucket {RAW_BUCKET}",
    f"bucket {SESSIONS_BUCKET}",
    "InfluxQL dermatrace.raw",
    "InfluxQL dermatrace.sessions",
    "token forward",
    "token grafana",
}
DAY_S = 86_400


def _bucket_rule(stand: InfluxStand, name: str) -> Mapping[str, int]:
    (found,) = stand.org.http.get("/api/v2/buckets", orgID=stand.org.id, name=name)["buckets"]
    rule: Mapping[str, int] = found["retentionRules"][0]
    return rule


def _mappings(stand: InfluxStand) -> dict[str, tuple[str, bool]]:
    found = stand.org.http.get("/api/v2/dbrps", orgID=stand.org.id, db="dermatrace")["content"]
    return {item["retention_policy"]: (item["bucketID"], item["default"]) for item in found}


def _tokens(stand: InfluxStand) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in stand.tokens.iterdir()}


def test_an_empty_server_gets_everything_and_the_next_run_changes_nothing(
    empty_stand: InfluxStand,
) -> None:
    first = empty_stand.provision()
    assert first.keys() == EVERYTHING
    made = {what for what, outcome in first.items() if outcome == "made"}
    assert made == EVERYTHING - {"organisation dermatrace"}
    tokens, grants = _tokens(empty_stand), empty_stand.marked_grants()
    assert tokens.keys() == {FORWARD, GRAFANA}

    assert empty_stand.provision() == dict.fromkeys(EVERYTHING, "unchanged")
    assert (_tokens(empty_stand), empty_stand.marked_grants()) == (tokens, grants)


def test_readings_expire_and_summaries_do_not(empty_stand: InfluxStand) -> None:
    empty_stand.provision()
    raw, sessions = (_bucket_rule(empty_stand, name) for name in (RAW_BUCKET, SESSIONS_BUCKET))
    assert (raw["everySeconds"], raw["shardGroupDurationSeconds"]) == (90 * DAY_S, 7 * DAY_S)
    assert (sessions["everySeconds"], sessions["shardGroupDurationSeconds"]) == (0, 364 * DAY_S)


def test_missing_organisation_is_made_by_an_operator(empty_stand: InfluxStand) -> None:
    empty_stand.org = replace(empty_stand.org, name="another-clinic")
    assert empty_stand.provision()["organisation another-clinic"] == "made"
    assert empty_stand.provision()["organisation another-clinic"] == "unchanged"


def test_missing_organisation_without_the_right_to_make_one_says_whose_token_is_needed(
    stand: InfluxStand,
) -> None:
    stand.org = replace(stand.org, name="not-mine")
    with pytest.raises(ServerRefused, match="organisation not-mine") as refused:
        stand.provision()
    assert "operator's token" in refused.value.remedy


def test_another_retention_is_applied_and_told(stand: InfluxStand) -> None:
    assert stand.provision()[f"bucket {RAW_BUCKET}"] == "changed"
    assert stand.detail(f"bucket {RAW_BUCKET}") == "keeps points 90 days, before for good"
    stand.raw_retention_days = 1
    assert stand.provision()[f"bucket {RAW_BUCKET}"] == "changed"
    assert _bucket_rule(stand, RAW_BUCKET)["everySeconds"] == DAY_S
    assert _bucket_rule(stand, RAW_BUCKET)["shardGroupDurationSeconds"] == DAY_S / 4
    assert stand.detail(f"bucket {RAW_BUCKET}") == "keeps points 1 day, before 90 days"
    assert stand.provision()[f"bucket {RAW_BUCKET}"] == "unchanged"


def test_mapping_onto_another_bucket_is_replaced(stand: InfluxStand) -> None:
    mapped = stand.org.http.get("/api/v2/dbrps", orgID=stand.org.id, db="dermatrace")["content"]
    for item in mapped:
        stand.org.http.remove(f"/api/v2/dbrps/{item['id']}?orgID={stand.org.id}")
    stand.org.map_policy("raw", SESSIONS_BUCKET, is_default=False)
    stand.org.map_policy("sessions", SESSIONS_BUCKET, is_default=True)

    outcome = stand.provision()
    assert outcome["InfluxQL dermatrace.raw"] == "replaced"
    assert outcome["InfluxQL dermatrace.sessions"] == "unchanged"
    assert _mappings(stand) == {
        "raw": (stand.org.bucket_id(RAW_BUCKET), True),
        "sessions": (stand.org.bucket_id(SESSIONS_BUCKET), False),
    }


def test_default_retention_policy_is_raw_again_after_somebody_changed_it(
    stand: InfluxStand,
) -> None:
    stand.provision()
    stand.org.map_policy("mine", SESSIONS_BUCKET, is_default=True)
    assert stand.provision()["InfluxQL dermatrace.raw"] == "changed"
    assert _mappings(stand)["raw"][1]
    assert "mine" in _mappings(stand)


@pytest.mark.parametrize("bucket", [RAW_BUCKET, SESSIONS_BUCKET])
def test_deleted_bucket_comes_back_with_mapping_and_tokens_in_one_run(
    stand: InfluxStand, bucket: str
) -> None:
    stand.provision()
    before = _tokens(stand)
    stand.org.delete_bucket(bucket)

    outcome = stand.provision()
    assert outcome[f"bucket {bucket}"] == "made"
    assert outcome["token forward"] == outcome["token grafana"] == "replaced"
    assert set(_tokens(stand).values()).isdisjoint(before.values())
    # The old authorizations still named a bucket that is gone; only the new ones are left.
    assert len(stand.marked_grants()) == len(before)

    assert stand.holder_of(FORWARD).write("x v=1", bucket=bucket).status == HTTPStatus.NO_CONTENT
    policy = "raw" if bucket == RAW_BUCKET else "sessions"
    assert stand.holder_of(GRAFANA).count("x", policy=policy) == 1
    assert set(stand.provision().values()) == {"unchanged"}


def test_bucket_made_again_by_somebody_else_gets_tokens_that_work(stand: InfluxStand) -> None:
    stand.provision()
    stand.org.delete_bucket(SESSIONS_BUCKET)
    stand.org.create_bucket(SESSIONS_BUCKET)
    outcome = stand.provision()
    assert outcome[f"bucket {SESSIONS_BUCKET}"] == "unchanged"
    assert outcome["token forward"] == "replaced"
    assert "does not see bucket" in stand.detail("token forward")
    wrote = stand.holder_of(FORWARD).write("x v=1", bucket=SESSIONS_BUCKET)
    assert wrote.status == HTTPStatus.NO_CONTENT


def test_two_installations_in_one_organisation_leave_each_other_alone(
    stand: InfluxStand,
) -> None:
    stand.provision()
    other = stand.settings.model_copy(
        update={
            "influxdb_raw_bucket": "test-raw",
            "influxdb_sessions_bucket": "test-sessions",
            "influxdb_database": "test",
            "data": stand.folder / "test",
        }
    )
    first = _tokens(stand)
    twin = InfluxStand(stand.org, stand.folder / "test", fixed_settings=other)
    twin.provision()
    assert _tokens(stand) == first
    assert set(stand.provision().values()) == {"unchanged"}
    assert set(twin.provision().values()) == {"unchanged"}
