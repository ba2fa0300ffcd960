"""`dermatrace ingest`: the recorder."""

from dermatrace import logs
from dermatrace.cli.options import Data
from dermatrace.clock import SystemClock
from dermatrace.ingest.service import IngestService
from dermatrace.provision.broker_accounts import INGEST
from dermatrace.sender.login import logged_in_as
from dermatrace.settings import load_settings


def ingest(data: Data = None) -> None:
    """Record what senders publish, until stopped.

    Connects to the broker of the settings, writes DIR/journal.db, answers every sender with
    receipts. One process writes a journal; a second one says who has it and exits with 3.
    /healthz and /metrics are on DERMATRACE_HEALTH_PORT.
    """
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level=settings.log_level)
    service = IngestService(
        settings.journal_file,
        logged_in_as(INGEST, settings.broker_address()),
        health_host=settings.health_host,
        health_port=settings.health_port,
        clock=SystemClock(),
    )
    service.stop_on_signals()
    service.run()
