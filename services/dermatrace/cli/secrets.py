"""`dermatrace secrets`: passwords and tokens of an installation, in files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from dermatrace.cli.options import AsJson
from dermatrace.cli.output import print_json, say, table
from dermatrace.demo.front_desk import sender_id_of
from dermatrace.provision.broker_accounts import Account, Kind, account_from
from dermatrace.provision.secret_files import BROKER_FOLDER, make_secrets
from dermatrace.provision.step import Step
from dermatrace.registry.sending import SENDER_DEFAULT
from dermatrace.settings import Settings
from dermatrace.simulator.fleet import FLEET

app = typer.Typer(
    no_args_is_help=True,
    help="Passwords and tokens of an installation, random, a file each. Nothing is ever shown or"
    " changed: whoever wants another deletes the file.",
)
Folder = Annotated[Path, typer.Option("--in", metavar="DIR", help="Folder of secrets.")]
FOLDER_DEFAULT = Path("secrets")
CONSOLE: Final[str] = Settings.model_fields["console_sender"].default


@app.command()
def create(
    folder: Folder = FOLDER_DEFAULT,
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Let the pretend devices and their clinics in as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the secrets that are not there yet: Grafana, InfluxDB, each account at the broker."""
    _tell(list(make_secrets(folder, demo_accounts() if demo else [])), as_json=as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Its sender id, which is its user name.")],
    clinic: Annotated[list[str], typer.Option(help="Clinic it speaks for; repeat it for several.")],
    kind: Annotated[Kind, typer.Option(help="What it writes: see accounts.toml.")] = "device",
    folder: Folder = FOLDER_DEFAULT,
    *,
    as_json: AsJson = False,
) -> None:
    """Let one more device or tool speak at the broker.

    Adds it to DIR/broker/accounts.toml and makes its password. The broker knows it after
    `dermatrace provision broker` and SIGHUP.
    """
    account = account_from({"name": name, "kind": kind, "clinics": clinic}, where=name)
    _tell(list(make_secrets(folder, [account])), as_json=as_json)
    if not as_json:
        say(f"the password of {name} is in {folder / BROKER_FOLDER / name}")


def demo_accounts() -> list[Account]:
    """Return everybody who speaks in `dermatrace simulate --sample-clinic`."""
    clinics = sorted({device.clinic for device in FLEET})
    return [
        *(
            Account(name=device.sender_id, kind="device", clinics=(device.clinic,))
            for device in FLEET
        ),
        *(Account(name=sender_id_of(clinic), kind="desk", clinics=(clinic,)) for clinic in clinics),
        Account(name=CONSOLE, kind="desk", clinics=tuple(clinics)),
        Account(name=SENDER_DEFAULT, kind="staff", clinics=tuple(clinics)),
    ]


def _tell(steps: list[Step], *, as_json: bool) -> None:
    changed = [step for step in steps if step.outcome != "unchanged"]
    if as_json:
        print_json([asdict(step) for step in steps])
    elif changed:
        table(("", "", ""), [(step.what, step.outcome, step.detail) for step in changed])
    else:
        say("everything is there already; nothing was changed")
