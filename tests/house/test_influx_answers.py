"""What a real InfluxDB 2 answers: the facts that forwarding and provisioning are built on."""

import gzip
import time
from http import HTTPStatus

import pytest

from support.influx import InfluxServer
from support.influx_http import Answer
from support.influx_org import RAW_BUCKET, SESSIONS_BUCKET, Grant, InfluxOrg, Token

pytestmark = pytest.mark.influx

DAY_S = 86_400
DAY_NS = DAY_S * 10**9
NOW_NS = time.time_ns()
FINDINGS = "".join(
    f'finding,session={session},rule={rule} text="x" {NOW_NS}\n'
    for session in ("one", "two")
    for rule in ("a", "b")
)


@pytest.fixture
def week(influx_server: InfluxServer) -> InfluxOrg:
    """Return an organisation whose raw bucket keeps points for a week."""
    org = influx_server.new_org()
    org.make_buckets(raw_retention_s=7 * DAY_S)
    return org


def _said(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.message


def test_what_is_written_is_read_back_through_both_retention_policies(influx: InfluxOrg) -> None:
    assert influx.write(f"window,device=a depth_mm=1.5 {NOW_NS}").status == HTTPStatus.NO_CONTENT
    influx.write(f"session,device=a score=90 {NOW_NS}", bucket=SESSIONS_BUCKET)
    for source in ('"raw"."window"', '"window"'):
        (series,) = influx.query(f"SELECT * FROM {source} GROUP BY *")  # noqa: S608  fixed texts
        assert series.tags == {"device": "a"}
        assert series.rows() == [{"time": NOW_NS, "depth_mm": 1.5}]
    (series,) = influx.query('SELECT * FROM "sessions"."session"')
    assert series.rows() == [{"time": NOW_NS, "device": "a", "score": 90}]


def test_same_point_again_is_one_point(influx: InfluxOrg) -> None:
    for depth_mm in (1.5, 1.25):
        influx.write(f"window,device=a depth_mm={depth_mm} {NOW_NS}")
    (series,) = influx.query('SELECT "depth_mm" FROM "window"')
    assert series.values == ((NOW_NS, 1.25),)


@pytest.mark.parametrize("body", ["", "\n\n", "# a remark\n"])
def test_nothing_to_write_is_no_mistake(influx: InfluxOrg, body: str) -> None:
    assert influx.write(body).status == HTTPStatus.NO_CONTENT


def test_compressed_body_is_read(influx: InfluxOrg) -> None:
    body = gzip.compress(f"window,device=a depth_mm=1.5 {NOW_NS}".encode())
    assert influx.write(body, Content_Encoding="gzip").status == HTTPStatus.NO_CONTENT
    assert influx.count("window") == 1


def test_body_of_ten_megabytes_is_taken(influx: InfluxOrg) -> None:
    line = "window,device=a depth_mm=1.5,remark={:09d} {}\n"
    lines = 10_000_000 // len(line.format(0, NOW_NS))
    body = "".join(line.format(number, NOW_NS + number) for number in range(lines))
    assert influx.write(body).status == HTTPStatus.NO_CONTENT
    (series,) = influx.query('SELECT COUNT("depth_mm") FROM "window"')
    assert series.values[0][1] == lines


def test_type_conflict_drops_one_point_and_keeps_the_others(influx: InfluxOrg) -> None:
    lines = [f"window,device=a depth_mm={number} {NOW_NS + number}" for number in range(100)]
    lines[50] = f'window,device=a depth_mm="deep" {NOW_NS + 50}'
    status, message = _said(influx.write("\n".join(lines)))
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert message == (
        "failure writing points to database: partial write: field type conflict: input field "
        '"depth_mm" on measurement "window" is type string, already exists as type float dropped=1'
    )
    assert influx.count("window") == 99


def test_type_of_a_field_is_fixed_for_a_week_of_data_only(influx: InfluxOrg) -> None:
    influx.write(f"window,device=a depth_mm=1.5 {NOW_NS}")
    earlier = influx.write(f'window,device=a depth_mm="deep" {NOW_NS - 60 * DAY_NS}')
    assert earlier.status == HTTPStatus.NO_CONTENT


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("window depth_mm=", "missing field value"),
        ("window,device= depth_mm=1", "missing tag value"),
        ("window,device=a depth_mm=NaN", "invalid number"),
        (f"window,device={'x' * 70_000} depth_mm=1", "max key length exceeded"),
    ],
    ids=["no value", "empty tag", "not a number", "long tag"],
)
def test_unreadable_line_stops_the_whole_batch(influx: InfluxOrg, line: str, words: str) -> None:
    status, message = _said(influx.write(f"window,device=b depth_mm=1 {NOW_NS}\n{line}"))
    assert status == HTTPStatus.BAD_REQUEST
    assert message.startswith("unable to parse")
    assert words in message
    assert influx.count("window") == 0


def test_text_of_more_than_a_mebibyte_is_dropped_alone(influx: InfluxOrg) -> None:
    good = f'finding,device=a text="x" {NOW_NS}'
    long = f'finding,device=b text="{"x" * (1024**2 + 1)}" {NOW_NS}'
    status, message = _said(influx.write(f"{good}\n{long}"))
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert message.endswith(
        '"text" on measurement "finding" is too long, 1048577 > 1048576 dropped=1'
    )
    assert influx.count("finding") == 1


def test_points_older_than_retention_are_dropped_and_the_others_kept(week: InfluxOrg) -> None:
    lines = [f"window,device=a depth_mm=1 {NOW_NS - days * DAY_NS}" for days in (0, 1, 8, 9)]
    status, message = _said(week.write("\n".join(lines)))
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert message.startswith(
        "failure writing points to database: partial write: dropped 2 points outside retention "
        "policy of duration 168h0m0s - oldest point window,device=a at "
    )
    assert "dropped because it violates a Retention Policy Lower Bound at " in message
    assert " dropped=2 for database: " in message
    assert week.count("window") == 2


def test_type_conflict_hides_points_that_retention_dropped(week: InfluxOrg) -> None:
    week.write(f"window,device=a depth_mm=1 {NOW_NS}")
    conflict = f'window,device=b depth_mm="deep" {NOW_NS}'
    message = week.write(f"{conflict}\nwindow,device=c depth_mm=1 {NOW_NS - 8 * DAY_NS}").message
    assert "field type conflict" in message
    assert "retention" not in message
    assert message.endswith("dropped=1")
    assert week.count("window") == 1


def test_who_may_not_is_told_apart_from_what_is_not_there(influx: InfluxOrg) -> None:
    raw_only = influx.as_holder_of(influx.create_bucket_token(RAW_BUCKET))
    stranger = influx.as_holder_of(Token("", "no token of this server"))
    line = "window depth_mm=1"
    assert _said(stranger.write(line)) == (HTTPStatus.UNAUTHORIZED, "unauthorized access")
    assert _said(raw_only.write(line, bucket=SESSIONS_BUCKET)) == (
        HTTPStatus.FORBIDDEN,
        "insufficient permissions for write",
    )
    assert _said(raw_only.write(line, bucket="nowhere")) == (
        HTTPStatus.NOT_FOUND,
        'bucket "nowhere" not found',
    )


def test_revoked_token_is_no_token(influx: InfluxOrg) -> None:
    token = influx.create_bucket_token(RAW_BUCKET)
    holder = influx.as_holder_of(token)
    assert holder.write("window depth_mm=1").status == HTTPStatus.NO_CONTENT
    influx.revoke_token(token)
    assert holder.write("window depth_mm=1").status == HTTPStatus.UNAUTHORIZED


def test_bucket_made_again_is_another_one_to_an_old_token(influx: InfluxOrg) -> None:
    holder = influx.as_holder_of(influx.create_bucket_token(RAW_BUCKET, SESSIONS_BUCKET))
    influx.delete_bucket(RAW_BUCKET)
    assert holder.write("window depth_mm=1").status == HTTPStatus.NOT_FOUND
    influx.create_bucket(RAW_BUCKET)
    assert holder.write("window depth_mm=1").status == HTTPStatus.FORBIDDEN
    # The name by which InfluxQL knew it went with the old bucket, and the other became the default.
    mappings = influx.http.get("/api/v2/dbrps", orgID=influx.id)["content"]
    ours = [mapping for mapping in mappings if mapping["database"] == "dermatrace"]
    assert [(found["retention_policy"], found["default"]) for found in ours] == [("sessions", True)]


def test_bucket_shows_id_and_retention_to_who_may_read_it_only(week: InfluxOrg) -> None:
    raw_id = week.bucket_id(RAW_BUCKET)
    reader = week.as_holder_of(week.create_token(Grant("read", "buckets", raw_id)))
    writer = week.as_holder_of(week.create_token(Grant("write", "buckets", raw_id)))
    (seen,) = reader.http.get("/api/v2/buckets")["buckets"]
    assert (seen["id"], seen["name"]) == (raw_id, RAW_BUCKET)
    assert seen["retentionRules"][0]["everySeconds"] == 7 * DAY_S
    assert writer.http.get("/api/v2/buckets")["buckets"] == []
    assert writer.http.ask("GET", f"/api/v2/buckets/{raw_id}").status == HTTPStatus.UNAUTHORIZED


def test_delete_takes_what_all_tags_match_and_needs_no_more_than_write(influx: InfluxOrg) -> None:
    influx.write(FINDINGS)
    raw_id = influx.bucket_id(RAW_BUCKET)
    writer = influx.as_holder_of(influx.create_token(Grant("write", "buckets", raw_id)))
    reader = influx.as_holder_of(influx.create_token(Grant("read", "buckets", raw_id)))
    predicate = '_measurement="finding" AND session="one" AND rule="a"'
    assert _said(reader.delete(predicate)) == (
        HTTPStatus.FORBIDDEN,
        "insufficient permissions to delete",
    )
    assert writer.delete(predicate).status == HTTPStatus.NO_CONTENT
    (series,) = influx.query('SELECT "text", "session", "rule" FROM "finding"')
    left = {(row["session"], row["rule"]) for row in series.rows()}
    assert left == {("one", "b"), ("two", "a"), ("two", "b")}


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        ('session="one" OR session="two"', "the logical operator OR is not supported yet"),
        ('session IN ("one","two")', 'invalid operator "IN"'),
        ("session='one'", "bad tag value"),
        ("session=~/one/", "is not supported yet"),
    ],
)
def test_delete_knows_nothing_but_equal_and(influx: InfluxOrg, predicate: str, words: str) -> None:
    influx.write(FINDINGS)
    status, message = _said(influx.delete(predicate))
    assert status == HTTPStatus.BAD_REQUEST
    assert words in message
    assert influx.count("finding") == 4


def test_delete_without_a_predicate_empties_the_bucket(influx: InfluxOrg) -> None:
    influx.write(FINDINGS)
    assert influx.delete("").status == HTTPStatus.NO_CONTENT
    assert influx.count("finding") == 0


def test_delete_of_a_tag_that_nobody_has_deletes_nothing(influx: InfluxOrg) -> None:
    influx.write(FINDINGS)
    assert influx.delete('_measurement="finding" AND text="x"').status == HTTPStatus.NO_CONTENT
    assert influx.count("finding") == 4


def test_what_is_written_after_a_delete_stays(influx: InfluxOrg) -> None:
    for _ in range(20):
        influx.write(FINDINGS)
        influx.delete('_measurement="finding" AND session="one"')
        influx.write(FINDINGS)
        assert influx.count("finding") == 4
