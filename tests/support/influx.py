"""A real InfluxDB 2 of a test's own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import ClassVar, Final, Protocol

from support.influx_http import InfluxHttp
from support.influx_org import InfluxOrg
from support.own_server import OwnServer, ServerError

ORG: Final = "dermatrace"
OPERATOR: Final = "operator"
PASSWORD: Final = "a password of a test"  # noqa: S105  of a server that ends with the test
_RESOURCE_TYPES: Final = (
    "authorizations",
    "buckets",
    "checks",
    "dashboards",
    "dbrp",
    "labels",
    "orgs",
    "secrets",
    "tasks",
    "users",
    "variables",
)


@dataclass(slots=True)
class InfluxServer(OwnServer):
    """One server on 127.0.0.1, in a folder of its own, empty until it is set up."""

    NAME: ClassVar = "influxd"

    options: tuple[str, ...] = ()
    """Added to the command line."""
    _operator: InfluxOrg | None = field(default=None, repr=False, kw_only=True)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False, kw_only=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    @property
    def http(self) -> InfluxHttp:
        """Requests of somebody without a token."""
        return InfluxHttp(self.port, host=self.host)

    def set_up(self) -> InfluxOrg:
        """Let it make its first organisation, with a token that may do everything everywhere.

        Raises Refused if it was set up before.
        """
        made = self.http.post(
            "/api/v2/setup",
            # It insists on a bucket. Ours come with InfluxOrg.make_buckets().
            {"org": ORG, "username": OPERATOR, "password": PASSWORD, "bucket": "unused"},
        )
        token = made["auth"]["token"]
        self._operator = InfluxOrg(InfluxHttp(self.port, token, self.host), ORG, made["org"]["id"])
        return self._operator

    def new_org(self) -> InfluxOrg:
        """Make one more organisation, with a token that is good for nothing outside it."""
        if self._operator is None:
            raise ServerError("influxd has no operator yet: call set_up() first")
        name = f"{ORG}-{next(self._numbers)}"
        operator = self._operator.http
        org_id = operator.post("/api/v2/orgs", {"name": name})["id"]
        # Whoever makes tokens makes them for a user, and has to be allowed to change that user.
        resources = [{"type": kind, "orgID": org_id} for kind in _RESOURCE_TYPES]
        resources.append({"type": "users", "id": operator.get("/api/v2/me")["id"]})
        permissions = [
            {"action": action, "resource": resource}
            for resource in resources
            for action in ("read", "write")
        ]
        made = operator.post(
            "/api/v2/authorizations", {"orgID": org_id, "permissions": permissions}
        )
        return InfluxOrg(InfluxHttp(self.port, made["token"], self.host), name, org_id)

    def remove_org(self, org: InfluxOrg) -> None:
        """Delete an organisation with all it holds, so that the server stays small."""
        if self._operator is None:
            raise ServerError("influxd has no operator: the organisation is not one of it")
        operator = self._operator.http
        for bucket in operator.get("/api/v2/buckets", orgID=org.id)["buckets"]:
            if bucket["type"] == "user":
                operator.remove(f"/api/v2/buckets/{bucket['id']}")
        operator.remove(f"/api/v2/orgs/{org.id}")

    def _command(self) -> list[str]:
        return [
            self.program,
            "run",
            f"--http-bind-address={self.host}:{self.port}",
            f"--bolt-path={self.folder}/influxd.bolt",
            f"--sqlite-path={self.folder}/influxd.sqlite",
            f"--engine-path={self.folder}/engine",
            "--reporting-disabled",
            "--log-level=warn",
            *self.options,
        ]

    def _is_ready(self) -> bool:
        try:
            # Not /health: newer servers answer that before they answer anything else.
            return self.http.ask("GET", "/api/v2/setup").status == HTTPStatus.OK
        except OSError:
            return False


class StartInflux(Protocol):
    """Starts one more server, not yet set up; it ends with the test."""

    def __call__(self, *options: str, folder: Path | None = None) -> InfluxServer:
        """Return it once it answers; without `folder` it gets a new one."""
