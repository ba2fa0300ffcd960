"""`dermatrace provision broker`: what mosquitto needs to know of who may speak."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dermatrace.cli.options import AsJson
from dermatrace.cli.output import print_json, table
from dermatrace.provision.broker_access import provision_broker

Accounts = Annotated[
    Path,
    typer.Option(metavar="DIR", help="Folder with accounts.toml and a password file for each."),
]
Access = Annotated[
    Path,
    typer.Option(metavar="DIR", help="Folder the broker reads; `passwords` and `acl` go there."),
]


def broker(
    accounts: Accounts = Path("secrets/broker"),
    access: Access = Path("data/broker"),
    *,
    as_json: AsJson = False,
) -> None:
    """Write password file and access rules for mosquitto, from the list of accounts.

    Every account may do exactly what its kind needs, for its clinics and under its own name. Run it
    as the user the broker runs as, and send the broker SIGHUP: it reads both anew, connections
    stay. Neither mosquitto nor its tools are needed here.
    """
    steps = list(provision_broker(accounts, access))
    if as_json:
        print_json([asdict(step) for step in steps])
    else:
        table(("", "", ""), [(step.what, step.outcome, step.detail) for step in steps])
