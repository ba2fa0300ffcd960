"""The door to InfluxDB: each answer is yes, wait, or no to the points; nothing else comes out."""

import gzip
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from dermatrace.errors import InfluxUnavailable, PointsRefused
from dermatrace.forward.influx import WORDS_CHARACTERS_MAX, Influx, InfluxAddress
from dermatrace.forward.measurement import Bucket
from dermatrace.settings import Settings
from support.forward_bench import address_of
from support.influx_org import InfluxOrg
from support.ports import find_free_port
from support.scripted_http import HttpServer, Reply, Request, ScriptedHttp

BUCKETS: Final[dict[Bucket, str]] = {"raw": "b-raw", "sessions": "b-sessions"}
WRITE, DELETE, LIST = "/api/v2/write", "/api/v2/delete", "/api/v2/buckets"
LINE: Final = b"thing,a=b n=1 1"


def _address(url: str, folder: Path, *, gzip: bool = False) -> InfluxAddress:
    token_file = folder / "token"
    if not token_file.exists():
        token_file.write_text("secret-1\n", encoding="utf-8")
    return InfluxAddress(url, "clinic", BUCKETS, token_file, folder / "distrust", gzip)


@pytest.fixture
def server() -> Iterator[ScriptedHttp]:
    """Return a server that takes points until told otherwise."""
    made = ScriptedHttp({WRITE: Reply(204), DELETE: Reply(204)})
    with made.serving():
        yield made


@pytest.fixture
def door(server: ScriptedHttp, tmp_path: Path) -> Iterator[Influx]:
    """Return the door to it."""
    with Influx(_address(server.url, tmp_path)) as made:
        yield made


def test_lines_go_out_as_they_are_to_their_bucket(door: Influx, server: ScriptedHttp) -> None:
    door.write("sessions", LINE)
    (asked,) = server.requests
    assert asked.body == LINE
    assert "bucket=b-sessions" in asked.path
    assert "org=clinic" in asked.path
    assert "precision=ns" in asked.path
    assert asked.headers["Authorization"] == "Token secret-1"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_no_to_the_points_carries_the_servers_words(
    door: Influx, server: ScriptedHttp, status: int
) -> None:
    server.replies[WRITE] = Reply(status, {"code": "x", "message": "partial\n  write: dropped=1"})
    with pytest.raises(PointsRefused) as refused:
        door.write("raw", LINE)
    assert (refused.value.status, refused.value.words) == (status, "partial write: dropped=1")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "refuses our token"),
        (403, "refuses our token"),
        (404, "does not find bucket b-raw"),
        (429, "answers 429"),
        (500, "answers 500"),
        (503, "answers 503"),
        (302, "answers 302"),
    ],
)
def test_every_other_answer_means_wait_and_says_what_to_do(
    door: Influx, server: ScriptedHttp, status: int, said: str
) -> None:
    server.replies[WRITE] = Reply(status, {"message": "for a reason"})
    with pytest.raises(InfluxUnavailable, match=said) as caught:
        door.write("raw", LINE)
    assert "for a reason" in str(caught.value)
    assert caught.value.remedy
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ("told", "expected_s"),
    [("7", 7.0), (" 0 ", 0.0), ("tomorrow", None), ("-1", None), ("²", None)],
)
def test_server_that_says_how_long_is_heard(
    door: Influx, server: ScriptedHttp, told: str, expected_s: float | None
) -> None:
    server.replies[WRITE] = Reply(429, "", {"Retry-After": told})
    with pytest.raises(InfluxUnavailable) as caught:
        door.write("raw", LINE)
    assert caught.value.retry_after_s == expected_s


def test_words_are_kept_on_one_line_and_not_without_end(door: Influx, server: ScriptedHttp) -> None:
    server.replies[WRITE] = Reply(400, "<html>\n" + "no " * 5_000)
    with pytest.raises(PointsRefused) as refused:
        door.write("raw", LINE)
    assert len(refused.value.words) == WORDS_CHARACTERS_MAX
    assert refused.value.words.startswith("<html> no no")


def test_nobody_there_means_wait(tmp_path: Path) -> None:
    with (
        Influx(_address(f"http://127.0.0.1:{find_free_port()}", tmp_path)) as nobody,
        pytest.raises(InfluxUnavailable, match="no answer") as caught,
    ):
        nobody.write("raw", LINE)
    assert "Start it" in caught.value.remedy


def test_server_that_never_answers_means_wait(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with (
            Influx(_address(url, tmp_path), answer_max_s=0.1) as silent,
            pytest.raises(InfluxUnavailable, match="no answer"),
        ):
            silent.write("raw", LINE)


class _OneToken(HttpServer):
    """Lets one token in."""

    token = "secret-2"  # noqa: S105  of a server that ends with the test

    def answer(self, request: Request) -> Reply:
        """Look at the token."""
        is_right = request.headers["Authorization"] == f"Token {self.token}"
        return Reply(204) if is_right else Reply(401, {"message": "unauthorized access"})


def test_token_that_was_replaced_is_read_again_after_it_was_refused(tmp_path: Path) -> None:
    server = _OneToken()
    with server.serving(), Influx(_address(server.url, tmp_path)) as door:
        for _ in range(2):
            with pytest.raises(InfluxUnavailable, match="unauthorized access"):
                door.write("raw", LINE)
        (tmp_path / "token").write_text("secret-2\n", encoding="utf-8")
        door.write("raw", LINE)


def test_token_file_that_is_not_there_yet_means_wait(
    door: Influx, server: ScriptedHttp, tmp_path: Path
) -> None:
    (tmp_path / "token").unlink()
    with pytest.raises(InfluxUnavailable, match="token") as caught:
        door.write("raw", LINE)
    assert "provision influxdb" in caught.value.remedy
    assert server.requests == []
    (tmp_path / "token").write_text("secret-1\n", encoding="utf-8")
    door.write("raw", LINE)


def test_bucket_that_is_not_seen_means_wait_and_the_token_is_read_again(
    door: Influx, server: ScriptedHttp, tmp_path: Path
) -> None:
    """A token without rights sees no bucket, and is not refused for it."""
    server.replies[LIST] = Reply(200, {"buckets": []})
    with pytest.raises(InfluxUnavailable, match="has no bucket b-raw") as caught:
        door.facts("raw")
    assert "provision influxdb" in caught.value.remedy
    (tmp_path / "token").write_text("secret-2\n", encoding="utf-8")
    rules = [{"type": "expire", "everySeconds": 86_400, "shardGroupDurationSeconds": 3_600}]
    bucket = {"id": "0123", "name": "b-raw", "orgID": "1", "retentionRules": rules}
    server.replies[LIST] = Reply(200, {"buckets": [bucket]})
    assert door.facts("raw") == ("0123", 86_400)
    assert server.requests[-1].headers["Authorization"] == "Token secret-2"


@pytest.mark.parametrize("body", ["", "<html>welcome</html>", "[]", {"buckets": None}])
def test_something_else_that_answers_there_is_not_taken_for_influxdb(
    door: Influx, server: ScriptedHttp, body: object
) -> None:
    """It might say yes to points and keep none of them."""
    server.replies[LIST] = Reply(200, body)
    with pytest.raises(InfluxUnavailable, match="is no InfluxDB 2") as caught:
        door.facts("raw")
    assert "influxdb_url" in caught.value.remedy


def test_deletion_is_of_all_times_or_of_one_to_the_nanosecond(
    door: Influx, server: ScriptedHttp
) -> None:
    door.delete("raw", 'a="b"')
    door.delete("sessions", 'a="c"', 1_780_000_000_123_456_789)
    whole, one = (json.loads(asked.body) for asked in server.requests)
    assert whole == {
        "start": "1970-01-01T00:00:00Z", "stop": "2262-01-01T00:00:00Z", "predicate": 'a="b"',
    }  # fmt: skip
    assert one["start"] == one["stop"] == "2026-05-28T20:26:40.123456789Z"


@pytest.mark.parametrize(
    ("url", "setting", "expected"),
    [
        ("http://127.0.0.1:8086", "auto", False),
        ("http://localhost:8086", "auto", False),
        ("http://influxdb:8086", "auto", True),
        ("http://127.0.0.1:8086", "on", True),
        ("http://influxdb:8086", "off", False),
    ],
)
def test_lines_are_packed_unless_the_server_is_on_this_machine(
    url: str, setting: str, *, expected: bool
) -> None:
    settings = Settings.model_validate({"influxdb_url": url, "influxdb_gzip": setting})
    address = InfluxAddress.of(settings)
    assert address.gzip is expected
    assert address.buckets == {"raw": "dermatrace-raw", "sessions": "dermatrace-sessions"}


def test_packed_lines_are_the_same_lines(server: ScriptedHttp, tmp_path: Path) -> None:
    with Influx(_address(server.url, tmp_path, gzip=True)) as door:
        door.write("raw", LINE)
    (asked,) = server.requests
    assert gzip.decompress(asked.body) == LINE


@pytest.mark.influx
def test_real_influxdb_tells_its_buckets_and_deletes_one_point(
    influx: InfluxOrg, tmp_path: Path
) -> None:
    at_ns = 1_780_000_000_123_456_789
    with Influx(address_of(influx, tmp_path)) as points:
        assert points.facts("raw") == (influx.bucket_id("dermatrace-raw"), 0)
        body = "\n".join(f"thing,a=b n={step} {at_ns + step}" for step in range(-1, 2))
        points.write("raw", body.encode())
        points.delete("raw", '_measurement="thing" AND a="b"', at_ns)
    (series,) = influx.query("SELECT n FROM thing")
    assert [row["time"] - at_ns for row in series.rows()] == [-1, 1]
