"""The one door of provisioning to InfluxDB: what it asks of a server, in our words."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from influxdb_client import (
    AuthorizationPostRequest,
    AuthorizationsService,
    Bucket,
    BucketRetentionRules,
    DBRPCreate,
    DBRPsService,
    DBRPUpdate,
    InfluxDBClient,
    Permission,
    PermissionResource,
    SetupService,
)
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from dermatrace.errors import ServerRefused, ServerUnavailable
from dermatrace.provision.server_words import words_of

NAME: Final = "InfluxDB"
REQUEST_WAIT_MAX_MS: Final = 10_000
"""A server that has not answered a request by then counts as away."""
BUCKETS_SEEN_MAX: Final = 100
"""Buckets that are looked through, the most one request returns; of more, only these."""
_SUPPORTED: Final = re.compile(r"v?2\.")
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_TOKEN_TOO_WEAK: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True)
class BucketFound:
    """A bucket as it stands; `retention_s` 0 keeps points for good."""

    bucket_id: str
    name: str
    retention_s: int
    org_id: str


@dataclass(frozen=True, slots=True)
class MappingFound:
    """Which bucket InfluxQL finds under a retention policy of our database."""

    mapping_id: str
    policy: str
    bucket_id: str
    is_default: bool


class _Missing(ServerRefused):
    """What was asked for is not there, or not for this token to see."""


class InfluxServer:
    """One InfluxDB 2 server, asked by the holder of one token; use it as a context manager.

    Every method raises ServerUnavailable if there is no answer or the server fails by itself, and
    ServerRefused with the server's words if it says no.
    """

    def __init__(self, url: str, token: str, *, token_from: str) -> None:
        """Ask with a token; `token_from` says in errors where a person would put another."""
        self.url = url
        self._token_from = token_from
        self._client = InfluxDBClient(url, token, timeout=REQUEST_WAIT_MAX_MS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def version(self) -> str:
        """Return the version; raises ServerRefused if it is no InfluxDB 2, or not set up yet."""
        try:
            with self._asking("for its version"):
                version = str(self._client.version())
        except ServerRefused as error:
            version = str(error.status)
        if not _SUPPORTED.match(version):
            raise self._refused(
                f"this is no InfluxDB 2 (asked for its version, it says {version})",
                "Let influxdb_url point at an InfluxDB 2: 1.x has no buckets or tokens of"
                " this kind, 3 has no InfluxQL mappings and forgets what is older than days.",
            )
        with self._asking("whether it has been set up"):
            is_new = SetupService(self._client.api_client).get_setup().allowed
        if is_new:
            raise self._refused(
                "it has not been set up yet, so there is no token it would accept",
                "Set it up once: `influx setup`, or start the container with"
                " DOCKER_INFLUXDB_INIT_MODE=setup.",
            )
        return version

    def find_organisation(self, name: str) -> str | None:
        """Return the id of an organisation; None if there is none, or this token may not see it."""
        with suppress(_Missing), self._asking(f"for organisation {name}"):
            for known in self._client.organizations_api().find_organizations(org=name):
                return str(known.id)
        # Whoever may do everything with the buckets of an organisation need not see itself.
        with suppress(_Missing), self._asking(f"for buckets of organisation {name}"):
            buckets = self._client.buckets_api().find_buckets(org=name, limit=BUCKETS_SEEN_MAX)
            for bucket in buckets.buckets:
                return str(bucket.org_id)
        return None

    def make_organisation(self, name: str) -> str:
        """Make an organisation and return its id."""
        with self._asking(f"to make organisation {name}"):
            return str(self._client.organizations_api().create_organization(name=name).id)

    def find_bucket(self, organisation: str, name: str) -> BucketFound | None:
        """Return a bucket; None if there is none, or this token may not see it."""
        with suppress(_Missing), self._asking(f"for bucket {name}"):
            found = self._client.buckets_api().find_buckets(org=organisation, name=name).buckets
            return _bucket(found[0]) if found else None
        return None

    def bucket_ids(self) -> set[str]:
        """Return the buckets that this token sees among the first BUCKETS_SEEN_MAX of the server.

        The server counts before it looks at permissions: a bucket that is missing here need not be
        hidden, but one that is here is open to this token.
        """
        with self._asking("for all its buckets"):
            found = self._client.buckets_api().find_buckets(limit=BUCKETS_SEEN_MAX).buckets
        return {str(bucket.id) for bucket in found}

    def make_bucket(self, org_id: str, name: str, retention_s: int, shard_s: int) -> BucketFound:
        """Make a bucket; `shard_s` is how much time its files hold each."""
        with self._asking(f"to make bucket {name}"):
            made = self._client.buckets_api().create_bucket(
                bucket_name=name, org=org_id, retention_rules=_rule(retention_s, shard_s)
            )
        return _bucket(made)

    def change_retention(self, bucket: BucketFound, retention_s: int, shard_s: int) -> None:
        """Keep the points of a bucket for another time; what is older by then is deleted."""
        wanted = Bucket(
            id=bucket.bucket_id, name=bucket.name, retention_rules=[_rule(retention_s, shard_s)]
        )
        with self._asking(f"to change how long bucket {bucket.name} keeps points"):
            self._client.buckets_api().update_bucket(wanted)

    def mappings(self, org_id: str, database: str) -> list[MappingFound]:
        """Return the mappings of a database, without those the server invents by itself."""
        with self._asking(f"for the mappings of database {database}"):
            found = DBRPsService(self._client.api_client).get_dbr_ps(org_id=org_id, db=database)
        return [
            MappingFound(item.id, item.retention_policy, item.bucket_id, bool(item.default))
            for item in found.content or ()
            if not item.virtual
        ]

    def make_mapping(
        self, org_id: str, database: str, policy: str, bucket_id: str, *, is_default: bool
    ) -> None:
        """Let InfluxQL find a bucket as a retention policy of a database."""
        wanted = DBRPCreate(
            org_id=org_id,
            database=database,
            retention_policy=policy,
            bucket_id=bucket_id,
            default=is_default,
        )
        with self._asking(f"to map {database}.{policy}"):
            DBRPsService(self._client.api_client).post_dbrp(dbrp_create=wanted)

    def make_default(self, org_id: str, mapping_id: str) -> None:
        """Let queries that name no retention policy read this one."""
        with self._asking("to change the default retention policy"):
            DBRPsService(self._client.api_client).patch_dbrpid(
                dbrp_id=mapping_id, dbrp_update=DBRPUpdate(default=True), org_id=org_id
            )

    def delete_mapping(self, org_id: str, mapping_id: str) -> None:
        """Delete a mapping; the bucket stays."""
        with self._asking("to delete a mapping"):
            DBRPsService(self._client.api_client).delete_dbrpid(dbrp_id=mapping_id, org_id=org_id)

    def grants(self, org_id: str) -> Mapping[str, str]:
        """Return what each authorization of an organisation is described as, by its id."""
        with self._asking("for its authorizations"):
            found = self._client.authorizations_api().find_authorizations(org_id=org_id)
        return {str(grant.id): str(grant.description or "") for grant in found}

    def make_grant(
        self, org_id: str, description: str, actions: tuple[str, ...], bucket_ids: tuple[str, ...]
    ) -> str:
        """Return a new token that may do this with these buckets and nothing else anywhere."""
        permissions = [
            Permission(
                action=action,
                resource=PermissionResource(type="buckets", id=bucket_id, org_id=org_id),
            )
            for bucket_id in bucket_ids
            for action in actions
        ]
        wanted = AuthorizationPostRequest(
            org_id=org_id, description=description, permissions=permissions
        )
        with self._asking(f"to make the token {description!r}"):
            service = AuthorizationsService(self._client.api_client)
            # Said only this once: newer servers keep but a hash of it.
            return str(service.post_authorizations(authorization_post_request=wanted).token)

    def delete_grant(self, grant_id: str) -> None:
        """Make the token of an authorization worthless."""
        with self._asking("to delete an authorization"):
            self._client.authorizations_api().delete_authorization(grant_id)

    def query_problem(self, database: str, query: str) -> str | None:
        """Return what is wrong with an InfluxQL query, in the server's words; None if nothing."""
        with self._asking("for a query"):
            answer = self._client.api_client.call_api(
                "/query",
                "GET",
                query_params={"db": database, "q": query},
                _preload_content=False,
                _return_http_data_only=True,
            )
        (result,) = json.loads(answer.data)["results"]
        problem = result.get("error")
        return None if problem is None else str(problem)

    def may_write(self, organisation: str, bucket: str) -> bool:
        """Tell whether this token may write into a bucket; nothing is written to find out."""
        try:
            with self._asking(f"to write into {bucket}"):
                # No line at all: whether one may is looked at before what one has to say.
                self._client.api_client.call_api(
                    "/api/v2/write",
                    "POST",
                    query_params={"org": organisation, "bucket": bucket},
                    header_params={"Content-Type": "text/plain; charset=utf-8"},
                    body=b"",
                )
        except ServerRefused as error:
            return error.status not in {*_TOKEN_TOO_WEAK, HTTPStatus.NOT_FOUND}
        return True

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            raise ServerUnavailable(NAME, self.url, f"no answer ({error})") from error
        except ApiException as error:
            status, words = int(error.status or 0), words_of(error.body) or str(error.reason)
            if status == 0 or status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise ServerUnavailable(NAME, self.url, f"{status} {words}") from error
            kind = _Missing if status == HTTPStatus.NOT_FOUND else ServerRefused
            remedy = f"Put a token that may do this into {self._token_from}."
            raise kind(
                NAME,
                self.url,
                f"asked {what}, it says {status}: {words}",
                status=status,
                remedy=remedy if status in _TOKEN_TOO_WEAK else "",
            ) from error

    def _refused(self, detail: str, remedy: str) -> ServerRefused:
        return ServerRefused(NAME, self.url, detail, remedy=remedy)


def _rule(retention_s: int, shard_s: int) -> BucketRetentionRules:
    return BucketRetentionRules(
        type="expire", every_seconds=retention_s, shard_group_duration_seconds=shard_s
    )


def _bucket(found: Bucket) -> BucketFound:
    retention_s = sum(rule.every_seconds for rule in found.retention_rules or ())
    return BucketFound(str(found.id), str(found.name), int(retention_s), str(found.org_id))
