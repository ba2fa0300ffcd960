"""`dermatrace erase`: an order to delete what is held about a person, or in some streams."""

from typing import Annotated

import typer

from dermatrace import logs
from dermatrace.cli.options import As, Data, WaitS
from dermatrace.cli.output import say
from dermatrace.errors import UsageError
from dermatrace.registry.erasure import erasure_order, send_erasure
from dermatrace.registry.sending import SENDER_DEFAULT, WAIT_DEFAULT_S, tool_sender
from dermatrace.settings import load_settings


def erase(  # noqa: PLR0913  each parameter is an option
    reason: Annotated[str, typer.Option(help="Why. It stays on record, so name nobody in it.")],
    by: Annotated[str, typer.Option(help="Registry id of the person who orders it.")],
    subject: Annotated[str | None, typer.Option(help="Pseudonym of the person to forget.")] = None,
    stream: Annotated[
        list[str] | None,
        typer.Option(help="CLINIC/SENDER/CLASS/STREAM_ID to delete; may be given repeatedly."),
    ] = None,
    clinic: Annotated[
        str | None,
        typer.Option(help="Clinic that orders it. Without it: the clinic of the first --stream."),
    ] = None,
    sender: As = SENDER_DEFAULT,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait_s: WaitS = WAIT_DEFAULT_S,
    data: Data = None,
) -> None:
    """Delete recorded data for good, by an order that stays on record.

    With --subject: every session of that person, the verdicts on them, what charts say of that
    person's visits, and plans for a series. With --stream: that whole stream, and the verdicts on
    it if it is a session. Deleted is what the documents say. That they were there, when, and their
    hashes stay, so the record can still be verified; so do this order, its reason and who gave it.
    What arrives later for a deleted stream is counted and not kept.

    It cannot be undone. Backups keep the data until they are replaced by newer ones, and so may the
    device or tool that sent it, which frees its own copies only when it needs the room.

    Exit code 0: recorded and carried out. 1: not yet. 2: it cannot be ordered like this.
    """
    streams = stream or []
    order = erasure_order(subject_id=subject, streams=streams, reason=reason, ordered_by=by)
    if clinic is None and not streams:
        raise UsageError("a --subject alone has no clinic", remedy="Say whose order: --clinic.")
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level="error")
    for name in ([f"everything about subject {subject}"] if subject else []) + streams:
        say(f"Will be deleted: {name}")
    say("It cannot be undone. Backups keep the data until they are replaced by newer ones.")
    if not yes:
        typer.confirm("Delete it?", abort=True)
    clinic = clinic or streams[0].partition("/")[0]
    with tool_sender(settings, settings.broker_address(), clinic, sender) as outgoing:
        outcome = send_erasure(order, outgoing, wait_s)
    if outcome.state != "recorded":
        say(f"The order is {outcome.state}: {outcome.reason}. Nothing is known to be deleted.")
        raise typer.Exit(1)
    say("Deleted; the order is on record. Replace your backups when they, too, must forget.")
