"""Every setting, once. Nobody else reads the environment.

What a clinic, a protocol or a device is does not belong here: that is registry data and comes in
through the front door, as documents.
"""

import os
import re
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from dermatrace.errors import UsageError
from dermatrace.mqtt import BrokerAddress
from dermatrace_schemas.identifiers import SENDER_PATTERN

PREFIX: Final = "DERMATRACE_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
NOT_SETTINGS: Final = (
    CONFIG_VARIABLE,
    "DERMATRACE_TEST_",
    "DERMATRACE_FAULT_",
    "DERMATRACE_SIMULATION_",
    "DERMATRACE_INFLUXD",
    "DERMATRACE_TELEGRAF",
    "DERMATRACE_SERVERS",
)
"""Names, or beginnings of names, that the environment may hold for others than us."""
_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  only compared


class Settings(BaseSettings):
    """How this installation runs."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    data: Path = Path("data")
    """Folder of everything that is kept: journal, outboxes, broker state. Back it up."""
    broker_host: str = "127.0.0.1"
    """Host of the MQTT broker."""
    broker_port: int = Field(default=1883, ge=1, le=65_535)
    """Port of the MQTT broker."""
    broker_protocol: Literal["5", "3.1.1"] = "5"
    """MQTT version. With 3.1.1 a refused publication cannot be told from an accepted one."""
    broker_username: str | None = None
    """User name at the broker; unset connects without one."""
    broker_password_file: Path | None = None
    """File whose first line is the password."""
    broker_passwords: Path | None = None
    """Folder with a file for each sender of ours, named after it, whose first line is its password:
    each logs in under its own sender id. `broker_username` is for all and goes before it."""
    broker_keepalive_s: int = Field(default=15, ge=5, le=1_200)
    """A dead link is noticed after at most twice this."""
    broker_tls_ca_file: Path | None = None
    """Certificate authority of the broker; setting it turns TLS on."""
    broker_tls_certificate_file: Path | None = None
    """Our certificate, where the broker asks for one."""
    broker_tls_key_file: Path | None = None
    """Key of that certificate."""
    listen_host: str = "127.0.0.1"
    """Address `dermatrace up` lets its own broker listen on. Anything but 127.0.0.1 needs
    `listen_password_file`."""
    listen_password_file: Path | None = None
    """Password file of that broker, made by `dermatrace provision broker` or mosquitto_passwd."""
    listen_acl_file: Path | None = None
    """Access rules of that broker, made by `dermatrace provision broker`: who may write and read
    which topic."""
    health_host: str = "127.0.0.1"
    """Address of the health page."""
    health_port: int = Field(default=8427, ge=0, le=65_535)
    """Port of ingest's `/healthz` and `/metrics`; 0 takes a free one."""
    ingest_url: str | None = None
    """Where forward, console and doctor find ingest's health page; unset: at `health_port` of this
    machine."""
    forward_health_port: int = Field(default=8428, ge=0, le=65_535)
    """Port of forward's `/healthz` and `/metrics`; 0 takes a free one."""
    forward_url: str | None = None
    """Where console and doctor find forward's health page; unset: at `forward_health_port` of this
    machine."""
    judge_health_port: int = Field(default=8429, ge=0, le=65_535)
    """Port of the judge's `/healthz` and `/metrics`; 0 takes a free one."""
    judge_url: str | None = None
    """Where console and doctor find the judge's health page; unset: at `judge_health_port` of this
    machine."""
    influxdb_url: str = "http://127.0.0.1:8086"
    """Where InfluxDB 2 is."""
    influxdb_org: str = Field(default="dermatrace", min_length=1)
    """Organisation in InfluxDB."""
    influxdb_raw_bucket: str = Field(default="dermatrace-raw", min_length=1)
    """Bucket of readings and events."""
    influxdb_sessions_bucket: str = Field(default="dermatrace-sessions", min_length=1)
    """Bucket of findings and summaries."""
    influxdb_database: str = Field(default="dermatrace", min_length=1)
    """What InfluxQL calls both buckets together: `raw` and `sessions` are its retention
    policies."""
    influxdb_raw_retention_days: int = Field(default=90, ge=0, le=36_500)
    """How long readings stay in InfluxDB; 0 keeps them for good. The record keeps everything."""
    influxdb_token_file: Path | None = None
    """File whose first line is the token to work with; it is read again when InfluxDB refuses.
    Unset: where `provision influxdb` puts it."""
    influxdb_admin_token_file: Path | None = None
    """File whose first line is the token that may create buckets and tokens; only `provision`
    reads it."""
    influxdb_tokens: Path | None = None
    """Folder into which `provision influxdb` writes one file a consumer, each with its token;
    unset: `secrets` in the data folder."""
    influxdb_gzip: Literal["auto", "on", "off"] = "auto"
    """Compress what is sent to InfluxDB; auto: not to this machine itself."""
    grafana_url: str = "http://127.0.0.1:3000"
    """Where Grafana is."""
    grafana_user: str = "admin"
    """Whom `provision grafana` logs in as."""
    grafana_password_file: Path | None = None
    """File whose first line is that user's password."""
    console_host: str = "127.0.0.1"
    """Address the console listens on. Anything but this machine itself needs the TLS files, or
    `console_url`."""
    console_port: int = Field(default=8430, ge=0, le=65_535)
    """Port of the console; 0 takes a free one."""
    console_url: str | None = Field(default=None, pattern=r"^https?://[^/?#]+$")
    """Where people find the console, if something in front of it encrypts: `https://` and a host;
    unset: where it listens."""
    console_sender: str = Field(default="console", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    """What the console calls itself when it sends what people enter; one name per installation."""
    console_tls_certificate_file: Path | None = None
    """Certificate the console shows; with it, it speaks HTTPS itself."""
    console_tls_key_file: Path | None = None
    """Key of that certificate."""
    log_format: Literal["text", "json"] = "text"
    """Log lines for people or for machines."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important log line that is written."""
    needs_a_person: Literal["exit", "wait"] = "exit"
    """What a process does that must not go on by itself: end with 3, or say why and wait to be
    stopped, for supervisors like Docker that start again whatever has ended."""
    outbox_capacity_bytes: int = Field(default=256 * 1024 * 1024, ge=1024 * 1024)
    """Room for documents in each outbox of ours. When it is used up, settled ones make place; if
    none is settled, new ones are declared lost."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  no .env files
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment before file before default."""
        named = os.environ.get(CONFIG_VARIABLE)
        toml = TomlConfigSettingsSource(settings_cls, toml_file=named)
        return init_settings, env_settings, toml

    @property
    def journal_file(self) -> Path:
        """The record."""
        return self.data / "journal.db"

    @property
    def index_file(self) -> Path:
        """What the judge remembers; may be deleted while no judge runs."""
        return self.data / "index.db"

    @property
    def forward_file(self) -> Path:
        """How far InfluxDB has got, and what it refused."""
        return self.data / "forward.db"

    @property
    def console_file(self) -> Path:
        """Users, sign-ins, what was looked at. Nothing can rebuild it: back it up."""
        return self.data / "console.db"

    @property
    def forward_distrust_file(self) -> Path:
        """There as long as forward does not believe what InfluxDB says."""
        return self.data / "forward.distrust"

    @property
    def tokens_folder(self) -> Path:
        """Where `provision influxdb` writes tokens."""
        return self.influxdb_tokens or self.data / "secrets"

    @property
    def forward_token_file(self) -> Path:
        """Where forward finds its token: where a setting says, or where provisioning puts it."""
        return self.influxdb_token_file or self.tokens_folder / "influxdb-forward.token"

    @property
    def forwards(self) -> bool:
        """Whether there is an InfluxDB to forward to: its token is named or lies where it would."""
        return self.influxdb_token_file is not None or self.forward_token_file.exists()

    @property
    def ingest_page(self) -> str:
        """Where ingest tells how it is."""
        return self.ingest_url or _page(self.health_host, self.health_port)

    @property
    def forward_page(self) -> str:
        """Where forward tells how it is."""
        return self.forward_url or _page(self.health_host, self.forward_health_port)

    @property
    def judge_page(self) -> str:
        """Where the judge tells how it is."""
        return self.judge_url or _page(self.health_host, self.judge_health_port)

    def outbox_file(self, clinic: str, sender: str) -> Path:
        """Return the memory of one sender of ours."""
        return self.data / "outbox" / f"{clinic}.{sender}.db"

    def broker_address(self) -> BrokerAddress:
        """Return where the broker is. Raises UsageError if the password file cannot be read."""
        return BrokerAddress(
            host=self.broker_host,
            port=self.broker_port,
            username=self.broker_username,
            password=first_line(self.broker_password_file),
            passwords=_passwords_in(self.broker_passwords),
            protocol=self.broker_protocol,
            keepalive_s=self.broker_keepalive_s,
            tls_ca_file=_text(self.broker_tls_ca_file),
            tls_certificate_file=_text(self.broker_tls_certificate_file),
            tls_key_file=_text(self.broker_tls_key_file),
        )

    def as_environment(self) -> dict[str, str]:
        """Return these settings as a process of ours reads them from its environment."""
        values = self.model_dump(mode="json", exclude_none=True)
        return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items()}


def load_settings(**given: Any) -> Settings:  # noqa: ANN401  any setting
    """Return the settings; `given` comes from the command line, None means not given.

    Raises UsageError naming each setting that is unknown or wrong.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known and not name.startswith(NOT_SETTINGS):
            raise UsageError(
                f"there is no setting {name}", remedy=f"Known are: {', '.join(sorted(known))}."
            )
    config = os.environ.get(CONFIG_VARIABLE)
    if config is not None and not Path(config).is_file():
        raise UsageError(f"{CONFIG_VARIABLE} names {config}, which is not a file")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_url=False)
        )
        raise UsageError(f"settings: {wrong}", remedy="docs/settings.md lists them all.") from None


def first_line(path: Path | None) -> str | None:
    """Return the first line of a file that holds a password or token; None without a file.

    Raises UsageError if it cannot be read or is empty.
    """
    if path is None:
        return None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise UsageError(f"a file with a password or token cannot be read: {error}") from error
    if not lines:
        raise UsageError(f"{path} is empty", remedy="Its first line is the password or token.")
    return lines[0]


def _page(host: str, port: int) -> str:
    near = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://[{near}]:{port}" if ":" in near else f"http://{near}:{port}"


def _passwords_in(folder: Path | None) -> dict[str, str]:
    """Return the first line of each file that is named as a sender is."""
    if folder is None:
        return {}
    try:
        files = [file for file in folder.iterdir() if re.fullmatch(SENDER_PATTERN, file.name)]
    except OSError as error:
        raise UsageError(f"the folder of passwords cannot be read: {error}") from error
    return {file.name: first_line(file) or "" for file in files}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
