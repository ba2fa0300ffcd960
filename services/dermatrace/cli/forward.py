"""`dermatrace forward`: InfluxDB up to the journal; fill it again; what it refused."""

from contextlib import closing
from typing import Annotated, Final

import typer

from dermatrace import logs
from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say, table
from dermatrace.clock import SystemClock
from dermatrace.errors import DermatraceError
from dermatrace.forward.influx import Influx, InfluxAddress
from dermatrace.forward.pipeline import SAMPLE_ANSWER_MAX_S, Sampler
from dermatrace.forward.pipeline_parts import Parts
from dermatrace.forward.service import ForwardService
from dermatrace.forward.store import Store
from dermatrace.journal.reader import JournalReader
from dermatrace.settings import Settings, load_settings

LINE_CHARACTERS_MAX: Final = 160
"""As much of a refused line as the table shows; --json shows all."""

app = typer.Typer(invoke_without_command=True)


@app.callback()
def forward(context: typer.Context, data: Data = None) -> None:
    """Follow the journal and keep InfluxDB up to it, until stopped.

    Reads DIR/journal.db, writes DIR/forward.db: how far InfluxDB has got, and what it refused.
    While InfluxDB is away it waits, and recording and judging notice nothing of it. Every few
    seconds a sample goes along of how recording, judging and forwarding are. /healthz and
    /metrics are on DERMATRACE_FORWARD_HEALTH_PORT. One process forwards a journal; a second one
    exits with 3.
    """
    if context.invoked_subcommand is not None:
        return
    settings = _begin(data)
    address = InfluxAddress.of(settings)
    service = _service(settings, points := Influx(address))
    health = service.serve_health(settings.health_host, settings.forward_health_port)
    samples = Influx(address, answer_max_s=SAMPLE_ANSWER_MAX_S)
    parts = Parts(settings.ingest_page, settings.index_file, service.standing)
    sampler = Sampler(parts, samples, lambda: service.state.connected, SystemClock())
    service.stop_on_signals()
    with closing(health), closing(points), closing(samples), sampler:
        service.run()


@app.command()
def rebuild(
    data: Data = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before emptying.")] = False,
    as_json: AsJson = False,
) -> None:
    """Empty both buckets and fill them again from the journal, to its end.

    Stop `dermatrace forward` before. Of each session only the newest judgement is written. Ends
    with the account of points, and with exit code 1 if it does not add up.
    """
    settings = _begin(data)
    if not yes:
        typer.confirm("Delete all points of both buckets and write them anew?", abort=True)
    with JournalReader(settings.journal_file) as reader:
        target = reader.head()
    with closing(Influx(InfluxAddress.of(settings))) as points:
        with Store(settings.forward_file) as store:
            store.begin_rebuild(target)
        service = _service(settings, points)
        service.stop_on_signals()
        service.run(until=lambda head: head.entry_id >= target.entry_id)
    with Store(settings.forward_file, read_only=True) as store:
        account, reached = store.account(), store.place().head
    if as_json:
        print_json({"entries": reached.entry_id, **account.as_json()})
    else:
        say(f"InfluxDB has everything up to entry {reached.entry_id:,}: {account}")
    if account.difference_count or reached.entry_id < target.entry_id:
        raise DermatraceError(
            f"filled up to entry {reached.entry_id:,} of {target.entry_id:,},"
            f" {account.difference_count:,} points unaccounted for",
            remedy="Run it again; if the points stay unaccounted for, please report it.",
        )


@app.command()
def quarantine(data: Data = None, *, as_json: AsJson = False) -> None:
    """List the points InfluxDB refused, each with the server's words.

    They are in the record, not in InfluxDB. When the cause is removed, `forward rebuild` offers
    them again.
    """
    settings = load_settings(data=data)
    with Store(settings.forward_file, read_only=True) as store:
        refused = list(store.quarantined())
    if as_json:
        print_json([one._asdict() for one in refused])
        return
    if not refused:
        say("InfluxDB has refused nothing.")
        return
    rows = [
        (one.entry_id, one.bucket, one.words, one.line[:LINE_CHARACTERS_MAX]) for one in refused
    ]
    table(("entry", "bucket", "InfluxDB says", "line"), rows)


def _begin(data: Data) -> Settings:
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level=settings.log_level)
    return settings


def _service(settings: Settings, points: Influx) -> ForwardService:
    return ForwardService(settings.journal_file, settings.forward_file, points, SystemClock())
