"""`dermatrace console`: the pages; and who may come in."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from dermatrace import logs
from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say, table
from dermatrace.clock import SystemClock
from dermatrace.console.access import Role
from dermatrace.console.installation import address_of
from dermatrace.console.people import People, User
from dermatrace.console.service import ConsoleService
from dermatrace.console.store import Store
from dermatrace.reading.registry_text import moment
from dermatrace.settings import load_settings

app = typer.Typer(invoke_without_command=True, help="Pages: live, sessions, reports, registry.")
users = typer.Typer(no_args_is_help=True, help="Who may come in.")
app.add_typer(users, name="users")

Name = Annotated[str, typer.Argument(help="Lower-case letters, digits, dots, hyphens.")]


@app.callback()
def console(context: typer.Context, data: Data = None) -> None:
    """Serve the console until stopped.

    At the first start it prints a link that makes the first administrator; the Users page adds
    everybody else. Reads DIR/journal.db and DIR/index.db, and keeps DIR/console.db: users,
    sign-ins, and who has looked at what.
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level=settings.log_level)
    service = ConsoleService(settings, SystemClock())
    service.stop_on_signals()
    link = service.first_link()
    say(f"open {link}" if link else f"the console is at {service.installation.url}")
    service.run()


@users.command("add")
def add_user(
    name: Name,
    role: Annotated[Role, typer.Option(help="What they may see and do.")],
    clinic: Annotated[
        list[str] | None, typer.Option(help="One they see; repeatable. Without it: every clinic.")
    ] = None,
    vendor: Annotated[
        str | None, typer.Option(help="For the role vendor: whose devices they see.")
    ] = None,
    data: Data = None,
) -> None:
    """Name a user and print a link that signs them in once, within a day."""
    people, store = _people(data)
    with closing(store):
        people.add(name, role, clinic or None, vendor)
        say(_link(data, people.issue("link", name)))


@users.command("link")
def link_user(name: Name, data: Data = None) -> None:
    """Print another link that signs a user in once, within a day."""
    people, store = _people(data)
    with closing(store):
        say(_link(data, people.issue("link", name)))


@users.command("list")
def list_users(data: Data = None, *, as_json: AsJson = False) -> None:
    """List everybody who may come in, and who no longer may."""
    people, store = _people(data)
    with closing(store):
        found = people.users()
    if as_json:
        print_json([_row(user) for user in found])
        return
    table(
        ("name", "role", "clinics", "since", "revoked"),
        [
            (
                user.name,
                user.role,
                user.vendor or ", ".join(user.clinics or ("every",)),
                moment(user.created_ms),
                "" if user.revoked_ms is None else moment(user.revoked_ms),
            )
            for user in found
        ],
    )


@users.command("revoke")
def revoke_user(name: Name, data: Data = None) -> None:
    """Let a user in no more: sign-ins and tokens end at once."""
    people, store = _people(data)
    with closing(store):
        people.revoke(name)
    say(f"{name} comes in no more")


def _people(data: Path | None) -> tuple[People, Store]:
    store = Store(load_settings(data=data).console_file, serve=False)
    return People(store, SystemClock()), store


def _link(data: Path | None, token: str) -> str:
    return f"{address_of(load_settings(data=data))}/enter?token={token}"


def _row(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "clinics": user.clinics,
        "vendor": user.vendor,
        "created_ms": user.created_ms,
        "revoked_ms": user.revoked_ms,
    }
