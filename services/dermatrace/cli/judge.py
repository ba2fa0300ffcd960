"""`dermatrace judge`: every session on record against what was in force, live."""

from contextlib import closing

from dermatrace import logs
from dermatrace.cli.options import Data
from dermatrace.clock import SystemClock
from dermatrace.judge.sending import VerdictSender
from dermatrace.judge.service import JudgeService
from dermatrace.settings import load_settings


def judge(data: Data = None) -> None:
    """Judge sessions while they run and when they have ended, until stopped.

    Reads DIR/journal.db, sends its verdicts through outboxes in DIR/outbox like any other sender,
    and keeps DIR/index.db: what `sessions`, `series`, `explain` and `whatif` look things up in.
    That file may be deleted while no judge runs: it is rebuilt, and the same is said again.
    Recording never waits for it. /healthz and /metrics are on DERMATRACE_JUDGE_HEALTH_PORT. One
    process judges a journal; a second one exits with 3.
    """
    settings = load_settings(data=data)
    logs.set_up_logs(as_json=settings.log_format == "json", level=settings.log_level)
    sender = VerdictSender(
        settings.broker_address(),
        settings.outbox_file,
        capacity_bytes=settings.outbox_capacity_bytes,
    )
    service = JudgeService(settings.journal_file, settings.index_file, sender, SystemClock())
    health = service.serve_health(settings.health_host, settings.judge_health_port)
    service.stop_on_signals()
    with closing(health):
        service.run()
