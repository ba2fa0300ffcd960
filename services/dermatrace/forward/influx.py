"""The one door to InfluxDB for points: write, delete, ask for the buckets.

Every answer but yes is one of two errors: `InfluxUnavailable`, wait and say the same again;
`PointsRefused`, the same would be refused again. There is no queue in here and no retry.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from dermatrace.errors import DermatraceError, InfluxUnavailable, PointsRefused
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.point_store import BucketFacts
from dermatrace.forward.trust import Trust
from dermatrace.settings import Settings, first_line

ANSWER_MAX_S: Final = 60.0
"""Longest wait for an answer; then InfluxDB counts as away and the same is sent again."""
CONNECT_MAX_S: Final = 5.0
"""Longest wait for a connection; the same."""
WORDS_CHARACTERS_MAX: Final = 1_000
"""As much of what the server says as is kept."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
FIRST: Final = "1970-01-01T00:00:00Z"
LAST: Final = "2262-01-01T00:00:00Z"
"""No point is before the one or after the other; later times InfluxDB cannot hold."""
_NS_PER_S: Final = 1_000_000_000
_REFUSALS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
_DISK_FAILED: Final = ("no space left", "input/output error", "WAL")
"""What its words contain when its disk has failed under a write."""
_RESTART: Final = (
    "Make room on its disk, then restart InfluxDB twice: what it takes before its second start it"
    " forgets. Forwarding goes on by itself."
)
_RESTART_AGAIN: Final = (
    "Restart InfluxDB once more: what it takes before that it forgets. Forwarding goes on by"
    " itself."
)
_UNKNOWN: Final = "unknown"
_LOOK: Final = "Look into its log; forwarding goes on by itself."
_PROVISION: Final = "Run `dermatrace provision influxdb`; forwarding goes on by itself."


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """Where InfluxDB is, and what is ours there."""

    url: str
    org: str
    buckets: dict[Bucket, str]
    token_file: Path
    distrust_file: Path
    """There as long as InfluxDB is not believed; see `trust.py`."""
    gzip: bool

    @classmethod
    def of(cls, settings: Settings) -> "InfluxAddress":
        """Return the address that the settings name."""
        is_near = urlsplit(settings.influxdb_url).hostname in LOOPBACK
        gzip = {"on": True, "off": False, "auto": not is_near}[settings.influxdb_gzip]
        buckets: dict[Bucket, str] = {
            "raw": settings.influxdb_raw_bucket,
            "sessions": settings.influxdb_sessions_bucket,
        }
        files = settings.forward_token_file, settings.forward_distrust_file
        return cls(settings.influxdb_url, settings.influxdb_org, buckets, *files, gzip)


class Influx:
    """An InfluxDB 2 server, through its own client."""

    def __init__(self, address: InfluxAddress, *, answer_max_s: float = ANSWER_MAX_S) -> None:
        """Prepare; nothing is asked yet."""
        self._address = address
        self._answer_max_s = answer_max_s
        self._client: InfluxDBClient | None = None
        self._trust = Trust(address.distrust_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Store all these lines; see `PointStore`."""
        with self._changing(bucket) as client:
            writer = client.write_api(write_options=SYNCHRONOUS)
            writer.write(self._address.buckets[bucket], self._address.org, body)

    def delete(self, bucket: Bucket, predicate: str, at_ns: int | None = None) -> None:
        """Delete what a predicate fits; see `PointStore`."""
        first, last = (FIRST, LAST) if at_ns is None else (_instant(at_ns), _instant(at_ns))
        name, org = self._address.buckets[bucket], self._address.org
        with self._changing(bucket) as client:
            client.delete_api().delete(first, last, predicate, name, org)

    def facts(self, bucket: Bucket) -> BucketFacts:
        """Return what is to be known of a bucket; see `PointStore`."""
        name = self._address.buckets[bucket]
        with self._asking(bucket) as client:
            told = client.buckets_api().find_buckets(name=name).buckets
        if told is None:
            what = f"what answers at {self._address.url} is no InfluxDB 2"
            raise InfluxUnavailable(what, remedy="Set influxdb_url, and start forwarding again.")
        if not told:
            self.close()  # perhaps the token may not see it, and another one is put there soon
            raise InfluxUnavailable(f"InfluxDB has no bucket {name}", remedy=_PROVISION)
        found = told[0]
        rules = found.retention_rules or []
        retention_s = max((int(rule.every_seconds or 0) for rule in rules), default=0)
        return BucketFacts(str(found.id), retention_s)

    @contextmanager
    def _changing(self, bucket: Bucket) -> Iterator[InfluxDBClient]:
        """Let something be changed, and believe it only if InfluxDB is to be believed."""
        self._check_trust(bucket)
        with self._asking(bucket) as client:
            yield client
        self._check_trust(bucket)  # another connection of ours may have met the failure meanwhile

    def _check_trust(self, bucket: Bucket) -> None:
        if not self._trust.is_lost:
            return
        with self._asking(bucket) as client:
            missing = self._trust.starts_missing(_started(client))
        if missing:
            what = f"InfluxDB at {self._address.url} is not believed since its disk failed:"
            what += f" it has to be started {'twice' if missing > 1 else 'once more'}"
            raise InfluxUnavailable(what, remedy=_RESTART if missing > 1 else _RESTART_AGAIN)

    def _lose_trust(self, client: InfluxDBClient) -> None:
        try:
            self._trust.lose(_started(client))
        except (ApiException, HTTPError, OSError):
            self._trust.lose(_UNKNOWN)  # gone already: whatever answers next was started since

    @contextmanager
    def _asking(self, bucket: Bucket) -> Iterator[InfluxDBClient]:
        where, client = self._address.url, self._opened()
        try:
            yield client
        except ApiException as error:
            self._forget_if_refused(error)
            if _disk_has_failed(error):
                self._lose_trust(client)
            raise _error_of(error, where, self._address.buckets[bucket]) from error
        except (HTTPError, OSError) as error:
            self.close()
            raise InfluxUnavailable(
                f"no answer from InfluxDB at {where}: {error}",
                remedy="Start it, or set influxdb_url; forwarding goes on by itself.",
            ) from error

    def _opened(self) -> InfluxDBClient:
        if self._client is None:
            try:
                token = first_line(self._address.token_file) or ""
            except DermatraceError as error:
                raise InfluxUnavailable(str(error), remedy=_PROVISION) from error
            self._client = InfluxDBClient(
                self._address.url,
                token,
                org=self._address.org,
                timeout=(int(CONNECT_MAX_S * 1_000), int(self._answer_max_s * 1_000)),
                enable_gzip=self._address.gzip,
            )
        return self._client

    def _forget_if_refused(self, error: ApiException) -> None:
        # A token that was replaced stands in the file by now, or soon: read it again next time.
        if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
            self.close()


def _error_of(error: ApiException, where: str, bucket: str) -> DermatraceError:
    """Turn the client's error into ours."""
    status = error.status or 0
    words = _words(error)
    if status in _REFUSALS:
        return PointsRefused(status, words)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return PointsRefused(status, words)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        what = f"InfluxDB at {where} refuses our token ({status}): {words}"
        return InfluxUnavailable(what, remedy=_PROVISION)
    if status == HTTPStatus.NOT_FOUND:
        what = f"InfluxDB at {where} does not find bucket {bucket} (404): {words}"
        return InfluxUnavailable(what, remedy=_PROVISION)
    return InfluxUnavailable(
        f"InfluxDB at {where} answers {status}: {words}",
        remedy=_RESTART if _disk_has_failed(error) else _LOOK,
        retry_after_s=_retry_after_s(error),
    )


def _disk_has_failed(error: ApiException) -> bool:
    is_failure = error.status == HTTPStatus.INTERNAL_SERVER_ERROR
    return is_failure and any(sign in _words(error) for sign in _DISK_FAILED)


def _started(client: InfluxDBClient) -> str:
    """Return since when the server runs, in its words."""
    answer = client.api_client.call_api(
        "/ready", "GET", _preload_content=False, _return_http_data_only=True
    )
    return str(json.loads(answer.data).get("started") or _UNKNOWN)


def _instant(at_ns: int) -> str:
    seconds, rest_ns = divmod(at_ns, _NS_PER_S)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09d}Z"


def _words(error: ApiException) -> str:
    said = getattr(error, "message", None) or error.body or error.reason or ""
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:WORDS_CHARACTERS_MAX]


def _retry_after_s(error: ApiException) -> float | None:
    headers: Callable[[str], str | None] | None = getattr(error.headers, "get", None)
    text = None if headers is None else headers("Retry-After")
    return float(text) if text is not None and text.strip().isdecimal() else None
