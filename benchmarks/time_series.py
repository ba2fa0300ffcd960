"""A real InfluxDB for benchmarks, and what stands in it."""

import http.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from dermatrace.errors import DermatraceError, UsageError
from dermatrace.settings import Settings
from dermatrace.supervisor.broker import free_port
from support.influx import InfluxServer
from support.influx_org import RAW_BUCKET, InfluxOrg
from support.real_servers import ServerMissing, find_server

ANSWER_MAX_S: Final = 120.0
"""Longest wait for an answer; then the run fails."""


def server(name: str) -> str:
    """Return where a real server is. Raises UsageError if there is none."""
    try:
        return find_server(name)
    except ServerMissing as missing:
        raise UsageError(str(missing), remedy="Or name the other benchmarks.") from missing


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One InfluxDB, running."""

    server: InfluxServer

    @property
    def pid(self) -> int:
        """Its process."""
        return self.server.pid

    def empty_org(self) -> InfluxOrg:
        """Return a new organisation with both buckets, empty."""
        org = self.server.new_org()
        org.make_buckets()
        return org


@contextmanager
def influxdb(folder: Path) -> Iterator[TimeSeries]:
    """Run an InfluxDB in a folder. Raises UsageError if there is none on this machine."""
    own = InfluxServer(server("influxd"), free_port(), folder / "influxd")
    own.start()
    try:
        own.set_up()
        yield TimeSeries(own)
    finally:
        own.close()


def settings_for(org: InfluxOrg, folder: Path) -> Settings:
    """Return the product's defaults for forwarding a journal in a folder into an organisation."""
    token_file = folder / "token"
    token_file.write_text(f"{org.token}\n", encoding="utf-8")
    return Settings(
        data=folder,
        influxdb_url=org.url,
        influxdb_org=org.name,
        influxdb_token_file=token_file,
        forward_health_port=free_port(),
        health_port=free_port(),
        judge_health_port=free_port(),
        log_level="warning",
    )


def write_bare(org: InfluxOrg, bodies: list[bytes], bucket: str = RAW_BUCKET) -> None:
    """Send bodies of line protocol one after the other on one connection, with nothing around it.

    Raises DermatraceError if one is not taken whole.
    """
    connection = http.client.HTTPConnection(org.http.host, org.http.port, timeout=ANSWER_MAX_S)
    query = urlencode({"org": org.name, "bucket": bucket, "precision": "ns"})
    head = {"Authorization": f"Token {org.token}", "Content-Type": "text/plain; charset=utf-8"}
    with closing(connection):
        for body in bodies:
            connection.request("POST", f"/api/v2/write?{query}", body, head)
            answer = connection.getresponse()
            words = answer.read()
            if answer.status != http.client.NO_CONTENT:
                raise DermatraceError(f"InfluxDB answered {answer.status}: {words!r}")
