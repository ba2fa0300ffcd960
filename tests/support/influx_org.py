"""An organisation in a real InfluxDB: its buckets, its tokens, and what stands there."""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from support.influx_http import Answer, InfluxHttp, Refused

DATABASE: Final = "dermatrace"
RAW_BUCKET: Final = "dermatrace-raw"
SESSIONS_BUCKET: Final = "dermatrace-sessions"
RETENTION_POLICIES: Final = {"raw": RAW_BUCKET, "sessions": SESSIONS_BUCKET}
"""How InfluxQL names the buckets; the first is the default."""
FOREVER_S: Final = 0
EARLIEST: Final = "1677-09-21T00:12:43.145224194Z"
LATEST: Final = "2262-04-11T23:47:16.854775806Z"
"""All the time InfluxDB knows."""


@dataclass(frozen=True, slots=True)
class Series:
    """Rows of an InfluxQL answer that share their tags."""

    name: str
    tags: dict[str, str]
    columns: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return each row by column name; the time is in nanoseconds."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.values]


@dataclass(frozen=True, slots=True)
class Token:
    """What lets somebody in, and the id to revoke it by."""

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Grant:
    """Something a token may do; without `id` to all of the organisation's resources of a type."""

    action: str
    type: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class InfluxOrg:
    """One organisation and a token that may do everything in it."""

    http: InfluxHttp
    name: str
    id: str

    @property
    def url(self) -> str:
        """Where its server is."""
        return f"http://{self.http.host}:{self.http.port}"

    @property
    def token(self) -> str:
        """The secret of that token."""
        return self.http.token

    def make_buckets(self, *, raw_retention_s: int = FOREVER_S) -> None:
        """Make the two buckets and the names by which InfluxQL knows them."""
        for policy, bucket in RETENTION_POLICIES.items():
            retention_s = raw_retention_s if policy == "raw" else FOREVER_S
            self.create_bucket(bucket, retention_s=retention_s)
            self.map_policy(policy, bucket, is_default=policy == "raw")

    def create_bucket(self, name: str, *, retention_s: int = FOREVER_S) -> str:
        """Make a bucket and return its id; the least retention is one hour."""
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        document = {"orgID": self.id, "name": name, "retentionRules": rules}
        return str(self.http.post("/api/v2/buckets", document)["id"])

    def bucket_id(self, name: str) -> str:
        """Return the id of a bucket that exists."""
        (found,) = self.http.get("/api/v2/buckets", orgID=self.id, name=name)["buckets"]
        return str(found["id"])

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket with all its points, and the names by which InfluxQL knows it."""
        self.http.remove(f"/api/v2/buckets/{self.bucket_id(name)}")

    def map_policy(self, policy: str, bucket: str, *, is_default: bool) -> None:
        """Let InfluxQL find a bucket as a retention policy of our database."""
        self.http.post(
            "/api/v2/dbrps",
            {
                "orgID": self.id,
                "bucketID": self.bucket_id(bucket),
                "database": DATABASE,
                "retention_policy": policy,
                "default": is_default,
            },
        )

    def create_token(self, *grants: Grant) -> Token:
        """Make a token that may do this and nothing else."""
        permissions = [
            {
                "action": grant.action,
                "resource": {"orgID": self.id, "type": grant.type}
                | ({"id": grant.id} if grant.id else {}),
            }
            for grant in grants
        ]
        made = self.http.post(
            "/api/v2/authorizations", {"orgID": self.id, "permissions": permissions}
        )
        return Token(made["id"], made["token"])

    def create_bucket_token(self, *names: str) -> Token:
        """Make a token that may read and write these buckets and nothing else."""
        ids = [self.bucket_id(name) for name in names]
        return self.create_token(
            *(Grant(action, "buckets", found) for found in ids for action in ("read", "write"))
        )

    def revoke_token(self, token: Token) -> None:
        """Shut out whoever comes with this token from now on."""
        self.http.remove(f"/api/v2/authorizations/{token.id}")

    def as_holder_of(self, token: Token) -> "InfluxOrg":
        """Return the same organisation as somebody with that token sees it."""
        return replace(self, http=replace(self.http, token=token.secret))

    def write(self, lines: bytes | str, *, bucket: str = RAW_BUCKET, **headers: str) -> Answer:
        """Send line protocol, times in nanoseconds, and return whatever the server says."""
        query = {"org": self.name, "bucket": bucket, "precision": "ns"}
        body = lines.encode() if isinstance(lines, str) else lines
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.ask("POST", "/api/v2/write", body, query=query, headers=named)

    def delete(
        self, predicate: str, *, bucket: str = RAW_BUCKET, start: str = EARLIEST, stop: str = LATEST
    ) -> Answer:
        """Ask to delete the points that match, and return whatever the server says."""
        document = {"start": start, "stop": stop, "predicate": predicate}
        return self.http.ask(
            "POST",
            "/api/v2/delete",
            json.dumps(document).encode(),
            query={"org": self.name, "bucket": bucket},
            headers={"Content-Type": "application/json"},
        )

    def query(self, text: str, *, database: str = DATABASE) -> list[Series]:
        """Return the series that InfluxQL answers; raises Refused with the server's words."""
        answer = self.ask_query(text, database=database)
        (result,) = answer.json["results"] if answer.status == HTTPStatus.OK else ({},)
        if answer.status != HTTPStatus.OK or "error" in result:
            raise Refused(text, answer)
        return [
            Series(
                series["name"],
                series.get("tags", {}),
                tuple(series["columns"]),
                tuple(tuple(row) for row in series.get("values", ())),
            )
            for series in result.get("series", ())
        ]

    def ask_query(self, text: str, *, database: str = DATABASE) -> Answer:
        """Send one InfluxQL statement and return whatever the server says."""
        form = urlencode({"q": text, "db": database, "epoch": "ns"}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.http.ask("POST", "/query", form, headers=headers)

    def count(self, measurement: str, *, policy: str = "raw", where: str = "") -> int:
        """Return how many points of a measurement stand there, whatever fields they have."""
        condition = f" WHERE {where}" if where else ""
        # COUNT() counts values of a field, and a point need not have the one that is asked for.
        selected = f'"{policy}"."{measurement}"{condition}'
        found = self.query(f"SELECT * FROM {selected} GROUP BY *")  # noqa: S608  a test's own text
        return sum(len(series.values) for series in found)
