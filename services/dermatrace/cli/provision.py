"""`dermatrace provision`: InfluxDB and Grafana as dermatrace expects to find them."""

import re
import threading
from dataclasses import asdict
from typing import Annotated, TypeAlias, TypeVar

import typer

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, table
from dermatrace.cli.provision_broker import broker
from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.provision.grafana import provision_grafana
from dermatrace.provision.grafana_adapter import GrafanaServer
from dermatrace.provision.influx_admin import InfluxServer
from dermatrace.provision.influxdb import plan_from, provision_influxdb
from dermatrace.provision.step import Step, Steps
from dermatrace.provision.token_check import ask_server
from dermatrace.provision.token_file import MODE_DEFAULT, TokenFolder
from dermatrace.provision.waiting import ask_until_there
from dermatrace.settings import first_line, load_settings

app = typer.Typer(
    no_args_is_help=True,
    help="Set up broker, InfluxDB and Grafana as dermatrace expects to find them. Run it as often"
    " as you like: what is right stays as it is.",
)
app.command()(broker)
Found = TypeVar("Found")
Patience: TypeAlias = Annotated[
    float,
    typer.Option(min=0, help="Seconds to wait for a server that is still starting."),
]


@app.command()
def influxdb(
    wait_s: Patience = 0.0,
    token_mode: Annotated[
        str,
        typer.Option(
            help="Access mode of the token files, in octal. 0640 or 0644 where another user reads"
            " them, as containers do."
        ),
    ] = f"{MODE_DEFAULT:04o}",
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make organisation, buckets, InfluxQL names, and a token of its own for each who needs one.

    Works with the token in DERMATRACE_INFLUXDB_ADMIN_TOKEN_FILE, which nobody else needs to see.
    Each token may do only what its holder does and is written to a file of its own, never shown.
    Tokens that are there are tried out; one that is refused, or may do too much, is replaced.

    Exit code 0: all is as it should be. 1: InfluxDB does not answer. 2: it refuses, and why.
    """
    settings = load_settings(data=data)
    if settings.influxdb_admin_token_file is None:
        raise UsageError(
            "there is no token to make others with",
            remedy="Put an operator's token into a file, and set"
            " DERMATRACE_INFLUXDB_ADMIN_TOKEN_FILE to it.",
        )
    admin_token = first_line(settings.influxdb_admin_token_file) or ""
    tokens = TokenFolder(settings.tokens_folder, mode=_mode(token_mode))
    where = f"influxdb_admin_token_file ({settings.influxdb_admin_token_file})"
    with InfluxServer(settings.influxdb_url, admin_token, token_from=where) as server:
        ask_until_there(
            server.version, wait_s=wait_s, clock=SystemClock(), pause=threading.Event().wait
        )
        _tell(provision_influxdb(server, plan_from(settings), tokens, ask_server), as_json=as_json)


@app.command()
def grafana(wait_s: Patience = 0.0, *, as_json: AsJson = False) -> None:
    """Make the teams in Grafana, and let each see its folders.

    Data source, dashboards and alert rules come from files, which Grafana reads by itself; teams
    and permissions cannot. Logs in as DERMATRACE_GRAFANA_USER with the password in
    DERMATRACE_GRAFANA_PASSWORD_FILE. What a role sees of a folder is taken back: a team decides,
    and people are put into teams in Grafana. What single users or other teams were given by hand
    stays.

    Exit code 0: all is as it should be. 1: Grafana does not answer. 2: it refuses, and why.
    """
    settings = load_settings()
    password = first_line(settings.grafana_password_file)
    if password is None:
        raise UsageError(
            "there is no password to log in to Grafana with",
            remedy=f"Put that of {settings.grafana_user} into a file, and set"
            " DERMATRACE_GRAFANA_PASSWORD_FILE to it.",
        )
    with GrafanaServer(settings.grafana_url, settings.grafana_user, password) as server:
        ask_until_there(
            server.version, wait_s=wait_s, clock=SystemClock(), pause=threading.Event().wait
        )
        _tell(provision_grafana(server), as_json=as_json)


def _tell(steps: Steps[Found], *, as_json: bool) -> None:
    """Show every step that was taken, also those before an error."""
    taken: list[Step] = []
    try:
        taken.extend(steps)
    finally:
        if as_json:
            print_json([asdict(step) for step in taken])
        else:
            table(("", "", ""), [(step.what, step.outcome, step.detail) for step in taken])


def _mode(text: str) -> int:
    if not re.fullmatch(r"0?[67][0-7]{2}", text) or int(text, 8) & 0o133:
        raise UsageError(
            f"{text!r} is no mode for a token file",
            remedy="0600: you alone. 0640: your group may read it too. 0644: everybody may.",
        )
    return int(text, 8)
