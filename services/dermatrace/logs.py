"""Log lines as data: one event, named facts, the same keys everywhere."""

import logging
import sys
from typing import TextIO

import structlog

CLINIC = "clinic"
SENDER = "sender"
STREAM = "stream"
ENTRY = "entry_id"
REASON = "reason"
PATH = "path"
ERROR = "error"


def set_up_logs(*, as_json: bool, level: str = "info", stream: TextIO | None = None) -> None:
    """Send log lines to stderr (or `stream`): readable for people, or JSON for machines."""
    target = stream or sys.stderr
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )


def log(part: str) -> structlog.typing.FilteringBoundLogger:
    """Return the log of one part of the program."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=part)
    return logger
