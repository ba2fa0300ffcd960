"""What the tokens of a real InfluxDB may do, and that a bad one does not stay."""

import stat
from http import HTTPStatus
from pathlib import Path

import pytest

from dermatrace.errors import ServerUnavailable, UsageError
from dermatrace.provision.consumers import Consumer
from dermatrace.provision.influx_admin import InfluxServer
from dermatrace.provision.token_check import Place
from support.influx import StartInflux
from support.influx_org import RAW_BUCKET, SESSIONS_BUCKET, Grant, InfluxOrg
from support.influx_stand import FORWARD, GRAFANA, InfluxStand

BOTH = (RAW_BUCKET, SESSIONS_BUCKET)
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@pytest.fixture
def provisioned(stand: InfluxStand) -> InfluxStand:
    """Return an organisation in which everything is as it should be."""
    stand.provision()
    return stand


@pytest.mark.parametrize("bucket", BOTH)
def test_forward_may_write_read_and_delete_in_its_buckets(
    provisioned: InfluxStand, bucket: str
) -> None:
    forward = provisioned.holder_of(FORWARD)
    policy = "raw" if bucket == RAW_BUCKET else "sessions"
    assert forward.write("m,session=a v=1", bucket=bucket).status == HTTPStatus.NO_CONTENT
    assert forward.count("m", policy=policy) == 1
    assert forward.bucket_id(bucket) == provisioned.org.bucket_id(bucket)
    assert forward.delete('session="a"', bucket=bucket).status == HTTPStatus.NO_CONTENT
    assert forward.count("m", policy=policy) == 0


@pytest.mark.parametrize("bucket", BOTH)
def test_grafana_reads_both_buckets_by_influxql_and_can_neither_write_nor_delete(
    provisioned: InfluxStand, bucket: str
) -> None:
    policy = "raw" if bucket == RAW_BUCKET else "sessions"
    provisioned.org.write("m,session=a v=1", bucket=bucket)
    grafana = provisioned.holder_of(GRAFANA)
    assert grafana.count("m", policy=policy) == 1
    # Of the metadata of a database InfluxDB shows what is in the default policy; the other bucket's
    # is to be had under the name every bucket has as a database by itself.
    assert grafana.query(f'SHOW TAG VALUES ON "{bucket}" FROM m WITH KEY = "session"')
    assert grafana.write("m v=2", bucket=bucket).status == HTTPStatus.FORBIDDEN
    assert grafana.delete('session="a"', bucket=bucket).status == HTTPStatus.FORBIDDEN
    assert grafana.count("m", policy=policy) == 1
    # Forward could: to InfluxDB, deleting a bucket is a way of writing into it.
    gone = grafana.http.ask("DELETE", f"/api/v2/buckets/{grafana.bucket_id(bucket)}")
    assert gone.status in REFUSED


@pytest.mark.parametrize("name", [FORWARD, GRAFANA])
def test_a_token_is_good_for_nothing_else(provisioned: InfluxStand, name: str) -> None:
    provisioned.org.create_bucket("foreign")
    provisioned.org.write("m v=1", bucket="foreign")
    holder = provisioned.holder_of(name)
    assert holder.write("m v=2", bucket="foreign").status in {*REFUSED, HTTPStatus.NOT_FOUND}
    assert "database not found" in holder.ask_query("SELECT v FROM m", database="foreign").text
    ask = holder.http.ask
    bucket = b'{"orgID": "%s", "name": "mine", "retentionRules": []}' % holder.id.encode()
    assert ask("POST", "/api/v2/buckets", bucket).status in REFUSED
    token = b'{"orgID": "%s", "permissions": []}' % holder.id.encode()
    assert ask("POST", "/api/v2/authorizations", token).status not in {
        HTTPStatus.OK,
        HTTPStatus.CREATED,
    }
    assert ask("GET", "/api/v2/authorizations").json["authorizations"] == []


def test_revoked_token_is_replaced_and_the_good_one_stays(provisioned: InfluxStand) -> None:
    grafana = provisioned.secret(GRAFANA)
    provisioned.revoke(FORWARD)
    outcome = provisioned.provision()
    assert (outcome["token forward"], outcome["token grafana"]) == ("replaced", "unchanged")
    assert "refused (401)" in provisioned.detail("token forward")
    assert provisioned.secret(GRAFANA) == grafana
    assert provisioned.holder_of(FORWARD).write("m v=1").status == HTTPStatus.NO_CONTENT


@pytest.mark.parametrize("text", ["made up\n", "", "\n", "a token\nand more\n"])
def test_file_with_something_else_in_it_is_replaced(provisioned: InfluxStand, text: str) -> None:
    (provisioned.tokens / FORWARD).write_text(text, encoding="utf-8")
    assert provisioned.provision()["token forward"] in {"made", "replaced"}
    assert provisioned.holder_of(FORWARD).write("m v=1").status == HTTPStatus.NO_CONTENT


@pytest.mark.parametrize("name", [FORWARD, GRAFANA])
def test_deleted_file_comes_back_and_the_old_token_is_worthless(
    provisioned: InfluxStand, name: str
) -> None:
    old = provisioned.holder_of(name)
    (provisioned.tokens / name).unlink()
    consumer = name.removeprefix("influxdb-").removesuffix(".token")
    assert provisioned.provision()[f"token {consumer}"] == "made"
    assert old.ask_query("SHOW DATABASES").status == HTTPStatus.UNAUTHORIZED
    assert len(provisioned.marked_grants()) == 2


class KeepsOldGrants(InfluxServer):
    """Provisioning that deletes no authorization of a token it replaces."""

    def delete_grant(self, grant_id: str) -> None:
        """Leave it."""


def test_without_deleting_the_old_authorization_the_old_token_lets_in_for_good(
    provisioned: InfluxStand,
) -> None:
    old = provisioned.holder_of(GRAFANA)
    (provisioned.tokens / GRAFANA).unlink()
    provisioned.server_class = KeepsOldGrants
    provisioned.provision()
    assert old.ask_query("SHOW DATABASES").status == HTTPStatus.OK
    assert len(provisioned.marked_grants()) == 3


def test_token_that_may_write_is_not_left_with_grafana(provisioned: InfluxStand) -> None:
    forward = (provisioned.tokens / FORWARD).read_bytes()
    (provisioned.tokens / GRAFANA).write_bytes(forward)
    assert provisioned.provision()["token grafana"] == "replaced"
    assert f"may write into {RAW_BUCKET}" in provisioned.detail("token grafana")
    assert provisioned.holder_of(GRAFANA).write("m v=1").status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("name", [FORWARD, GRAFANA])
def test_token_that_may_do_everything_is_not_left_with_anybody(
    provisioned: InfluxStand, name: str
) -> None:
    (provisioned.tokens / name).write_text(provisioned.org.token, encoding="utf-8")
    provisioned.org.create_bucket("foreign")
    consumer = name.removeprefix("influxdb-").removesuffix(".token")
    assert provisioned.provision()[f"token {consumer}"] == "replaced"
    assert provisioned.secret(name) != provisioned.org.token


def test_token_for_reading_alone_is_not_left_with_forward(provisioned: InfluxStand) -> None:
    grants = [Grant("read", "buckets", provisioned.org.bucket_id(name)) for name in BOTH]
    weak = provisioned.org.create_token(*grants)
    (provisioned.tokens / FORWARD).write_text(weak.secret, encoding="utf-8")
    assert provisioned.provision()["token forward"] == "replaced"
    assert f"may not write into {RAW_BUCKET}" in provisioned.detail("token forward")


def _trusts_every_token(_token: str, _consumer: Consumer, _place: Place) -> str | None:
    return None


def test_without_trying_tokens_out_a_revoked_one_stays_and_forward_is_shut_out(
    provisioned: InfluxStand,
) -> None:
    provisioned.revoke(FORWARD)
    provisioned.check = _trusts_every_token
    assert provisioned.provision()["token forward"] == "unchanged"
    assert provisioned.holder_of(FORWARD).write("m v=1").status == HTTPStatus.UNAUTHORIZED


def test_without_trying_tokens_out_those_of_a_deleted_bucket_stay(
    provisioned: InfluxStand,
) -> None:
    provisioned.org.delete_bucket(RAW_BUCKET)
    provisioned.check = _trusts_every_token
    provisioned.provision()
    assert provisioned.holder_of(FORWARD).write("m v=1").status == HTTPStatus.FORBIDDEN


def test_tokens_are_kept_when_the_server_goes_away_while_they_are_tried_out(
    start_influx: StartInflux, tmp_path: Path
) -> None:
    server = start_influx()
    stand = InfluxStand(server.set_up(), tmp_path / "data")
    stand.provision()
    before = [(stand.tokens / name).read_bytes() for name in (FORWARD, GRAFANA)]

    def stop_and_ask(_token: str, _consumer: Consumer, place: Place) -> str | None:
        server.stop()
        with InfluxServer(place.url, "any", token_from="") as gone:
            gone.bucket_ids()
        return None

    stand.check = stop_and_ask
    with pytest.raises(ServerUnavailable, match="no answer"):
        stand.provision()
    assert [(stand.tokens / name).read_bytes() for name in (FORWARD, GRAFANA)] == before


def test_token_files_are_for_nobody_else_unless_told_otherwise(stand: InfluxStand) -> None:
    stand.provision()
    assert _modes(stand) == {0o600}
    assert stat.S_IMODE(stand.tokens.stat().st_mode) == 0o700
    outcome = stand.provision(mode=0o640)
    assert outcome["token forward"] == outcome["token grafana"] == "changed"
    assert _modes(stand) == {0o640}
    assert set(stand.provision(mode=0o640).values()) == {"unchanged"}


def _modes(stand: InfluxStand) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in stand.tokens.iterdir()}


def test_folder_made_for_others_to_read_lets_them_in(influx: InfluxOrg, tmp_path: Path) -> None:
    stand = InfluxStand(influx, tmp_path / "data")
    stand.provision(mode=0o644)
    assert stat.S_IMODE(stand.tokens.stat().st_mode) & 0o055 == 0o055


def test_nothing_is_asked_of_the_server_when_tokens_cannot_be_kept(stand: InfluxStand) -> None:
    stand.folder.mkdir()
    stand.tokens.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be used for tokens"):
        stand.provision()
    assert stand.marked_grants() == []
    assert stand.steps == []
