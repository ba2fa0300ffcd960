"""`dermatrace ports`: where everything is and who logs in how, as the Compose file says."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from dermatrace.cli.options import AsJson
from dermatrace.cli.output import print_json, say, table
from dermatrace.errors import UsageError

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  only compared
_VARIABLE: Final = re.compile(r"\$\{(\w+):-([^}]*)\}")
_ENTRY: Final = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Door:
    """One port that this machine offers."""

    what: str
    where: str
    """127.0.0.1 is reached from this machine alone."""
    log_in_as: str
    password_in: str


def ports(
    file: Annotated[
        Path, typer.Option(metavar="FILE", help="The Compose file.", show_default=False)
    ] = Path("docker-compose.yml"),
    *,
    as_json: AsJson = False,
) -> None:
    """Say what answers where, who logs in, and which file holds the password; shows no secret.

    Read from the Compose file, with what .env beside it and the environment say of its ports.
    """
    doors = doors_of(file, os.environ)
    if as_json:
        print_json([asdict(door) for door in doors])
        return
    rows = [(door.what, door.where, door.log_in_as, door.password_in) for door in doors]
    table(("what", "where", "log in as", "password in"), rows, whole_count=2)
    if not (file.parent / "secrets").is_dir():
        say("There are no passwords yet: make secrets", aside=True)


def doors_of(file: Path, environment: Mapping[str, str]) -> list[Door]:
    """Return every published port. Raises UsageError if there is no such file."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"no Compose file: {error}", remedy="Name it with --file.") from None
    beside = file.with_name(".env")
    set_beside = dict(_ENTRY.findall(beside.read_text(encoding="utf-8"))) if beside.exists() else {}
    known = {**set_beside, **environment}
    resolved = _VARIABLE.sub(lambda found: known.get(found[1]) or found[2], text)
    services: dict[str, Any] = yaml.safe_load(resolved)["services"]
    return [_door(port) for service in services.values() for port in service.get("ports", ())]


def _door(port: Mapping[str, Any]) -> Door:
    host, log_in = str(port["host_ip"]), port.get("x-log-in", {})
    address = f"{'THIS-MACHINE' if host == EVERYWHERE else host}:{port['published']}"
    return Door(
        what=port["name"],
        where=f"{port['app_protocol']}://{address}",
        log_in_as=log_in.get("as", ""),
        password_in=log_in.get("password", ""),
    )
