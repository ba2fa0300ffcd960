"""What doctor says of InfluxDB, hop by hop, against a real one."""

from pathlib import Path

import pytest

from dermatrace.cli.doctor_influxdb import look_at_influxdb
from dermatrace.provision.consumers import CONSUMERS
from dermatrace.reading.looked_at import Finding
from dermatrace.settings import Settings
from support.influx import StartInflux
from support.influx_org import RAW_BUCKET, SESSIONS_BUCKET, Grant, InfluxOrg
from support.influx_stand import FORWARD, InfluxStand


@pytest.fixture
def stand(influx: InfluxOrg, tmp_path: Path) -> InfluxStand:
    """Return an InfluxDB that is ready."""
    ready = InfluxStand(influx, tmp_path / "data")
    ready.provision()
    return ready


def _wrong(stand: InfluxStand) -> list[Finding]:
    return [finding for finding in look_at_influxdb(stand.settings) if not finding.ok]


def _only_wrong(stand: InfluxStand) -> Finding:
    (finding,) = _wrong(stand)
    return finding


def test_nothing_is_said_where_nothing_is_forwarded(tmp_path: Path) -> None:
    assert list(look_at_influxdb(Settings(data=tmp_path))) == []


def test_everything_that_provisioning_made_is_found(stand: InfluxStand) -> None:
    found = list(look_at_influxdb(stand.settings))
    assert [finding.what for finding in found if finding.ok] == [
        "InfluxDB",
        "InfluxDB token",
        f"bucket {RAW_BUCKET}",
        f"bucket {SESSIONS_BUCKET}",
        "InfluxQL dermatrace.raw",
        "InfluxQL dermatrace.sessions",
    ]
    assert len(found) == 6
    assert "version v2." in found[0].found
    assert found[2].found == "keeps points 90 days"


def test_forward_looks_for_its_token_where_provisioning_puts_it(stand: InfluxStand) -> None:
    (forward,) = [consumer for consumer in CONSUMERS if consumer.name == "forward"]
    assert stand.settings.forward_token_file == stand.tokens / forward.file_name


def test_missing_token_file_is_named(stand: InfluxStand) -> None:
    settings = stand.settings.model_copy(update={"influxdb_token_file": stand.folder / "nowhere"})
    (finding,) = look_at_influxdb(settings)
    assert (finding.what, finding.ok) == ("InfluxDB token", False)
    assert "nowhere" in finding.found
    assert "provision influxdb" in finding.remedy


def test_server_that_is_away_is_named_and_nothing_is_said_of_the_rest(
    start_influx: StartInflux, tmp_path: Path
) -> None:
    server = start_influx()
    stand = InfluxStand(server.set_up(), tmp_path / "data")
    stand.provision()
    server.stop()
    (finding,) = look_at_influxdb(stand.settings)
    assert (finding.what, finding.ok) == ("InfluxDB", False)
    assert f"{server.url}: no answer" in finding.found
    assert "Nothing is lost meanwhile" in finding.remedy


def test_refused_token_is_to_be_replaced(stand: InfluxStand) -> None:
    stand.revoke(FORWARD)
    finding = _only_wrong(stand)
    assert (finding.what, "401" in finding.found) == ("InfluxDB token", True)
    assert "replaces a token that is refused" in finding.remedy


def test_deleted_bucket_is_to_be_made(stand: InfluxStand) -> None:
    stand.org.delete_bucket(SESSIONS_BUCKET)
    finding = _only_wrong(stand)
    assert finding.what == f"bucket {SESSIONS_BUCKET}"
    assert "makes what is missing" in finding.remedy


def test_token_that_may_not_write_is_to_be_replaced(stand: InfluxStand) -> None:
    ids = [stand.org.bucket_id(name) for name in (RAW_BUCKET, SESSIONS_BUCKET)]
    weak = stand.org.create_token(*(Grant("read", "buckets", bucket_id) for bucket_id in ids))
    (stand.tokens / FORWARD).write_text(weak.secret, encoding="utf-8")
    wrong = _wrong(stand)
    assert [finding.found for finding in wrong] == ["the token may not write there"] * 2


def test_other_retention_than_the_setting_says_is_told(stand: InfluxStand) -> None:
    stand.raw_retention_days = 30
    finding = _only_wrong(stand)
    assert finding.found == "keeps points 90 days, the setting says 30 days"
    assert "influxdb_raw_retention_days" in finding.remedy


def test_mapping_that_is_gone_or_leads_elsewhere_is_told(stand: InfluxStand) -> None:
    path = "/api/v2/dbrps"
    for item in stand.org.http.get(path, orgID=stand.org.id, db="dermatrace")["content"]:
        stand.org.http.remove(f"{path}/{item['id']}?orgID={stand.org.id}")
    stand.org.map_policy("sessions", RAW_BUCKET, is_default=True)
    wrong = {finding.what: finding for finding in _wrong(stand)}
    assert wrong.keys() == {"InfluxQL dermatrace.raw", "InfluxQL dermatrace.sessions"}
    assert wrong["InfluxQL dermatrace.raw"].found == "there is no such mapping"
    assert wrong["InfluxQL dermatrace.sessions"].found == "it leads to another bucket"
    assert all("Grafana" in finding.remedy for finding in wrong.values())
    stand.provision()
    assert _wrong(stand) == []


def test_default_that_somebody_changed_is_told(stand: InfluxStand) -> None:
    stand.org.map_policy("mine", SESSIONS_BUCKET, is_default=True)
    assert _only_wrong(stand).found == "it is not the default of the database"
