"""Provisioning at a real InfluxDB, as often as a test likes, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dermatrace.provision.influx_admin import InfluxServer
from dermatrace.provision.influxdb import plan_from, provision_influxdb
from dermatrace.provision.step import Step
from dermatrace.provision.token_check import CheckToken, ask_server
from dermatrace.provision.token_file import TokenFolder
from dermatrace.settings import Settings
from support.influx_org import InfluxOrg, Token

FORWARD: Final = "influxdb-forward.token"
GRAFANA: Final = "influxdb-grafana.token"


@dataclass(slots=True)
class InfluxStand:
    """An organisation, the settings that name it, and the folder its tokens go to."""

    org: InfluxOrg
    folder: Path
    check: CheckToken = ask_server
    server_class: Callable[..., InfluxServer] = InfluxServer
    raw_retention_days: int = 90
    fixed_settings: Settings | None = None
    steps: list[Step] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Settings as one who runs this would make them."""
        return self.fixed_settings or Settings(
            data=self.folder,
            influxdb_url=self.org.url,
            influxdb_org=self.org.name,
            influxdb_raw_retention_days=self.raw_retention_days,
        )

    @property
    def tokens(self) -> Path:
        """Where the tokens are."""
        return self.settings.tokens_folder

    def provision(self, *, mode: int = 0o600) -> dict[str, str]:
        """Provision once and return what became of each thing."""
        tokens = TokenFolder(self.tokens, mode=mode)
        where = "the file of this test"
        with self.server_class(self.org.url, self.org.token, token_from=where) as server:
            plan = plan_from(self.settings)
            self.steps = list(provision_influxdb(server, plan, tokens, self.check))
        return {step.what: step.outcome for step in self.steps}

    def detail(self, what: str) -> str:
        """Return what the last run said of one thing."""
        (found,) = [step.detail for step in self.steps if step.what == what]
        return found

    def secret(self, name: str) -> str:
        """Return the token in a file, as its holder reads it."""
        (line,) = (self.tokens / name).read_text(encoding="utf-8").splitlines()
        return line

    def holder_of(self, name: str) -> InfluxOrg:
        """Return the organisation as the holder of a token sees it."""
        return self.org.as_holder_of(Token("", self.secret(name)))

    def marked_grants(self) -> list[str]:
        """Return how the authorizations are described that provisioning made here."""
        described = [grant.get("description", "") for grant in self._grants()]
        return sorted(text for text in described if "dermatrace provision" in text)

    def revoke(self, name: str) -> None:
        """Delete the authorization of a consumer at the server, behind everybody's back."""
        consumer = name.removeprefix("influxdb-").removesuffix(".token")
        for grant in self._grants():
            if f": {consumer} (" in grant.get("description", ""):
                self.org.http.remove(f"/api/v2/authorizations/{grant['id']}")

    def _grants(self) -> list[dict[str, Any]]:
        known = self.org.http.get("/api/v2/authorizations", orgID=self.org.id)["authorizations"]
        return list(known)
