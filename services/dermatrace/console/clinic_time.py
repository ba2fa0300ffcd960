"""Moments by the clock on a clinic's wall."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.registry_models import ClinicContent


def time_zone_of(history: RegistryHistory, clinic: str, now_ms: int) -> str:
    """Return a clinic's time zone; UTC if it has named none that this machine knows."""
    version = Standing(history, clinic, now_ms).find("clinic", clinic)
    content = None if version is None else version.content
    return known_zone(content.time_zone if isinstance(content, ClinicContent) else None)


def known_zone(named: str | None) -> str:
    """Return a time zone; UTC if none is named, or none that this machine knows."""
    try:
        return "UTC" if named is None else ZoneInfo(named).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def local_clock(zone: str) -> Callable[[int | None], str]:
    """Return a function that says a moment by the clock of a time zone."""

    def local(utc_ms: int | None) -> str:
        if utc_ms is None:
            return "time unknown"
        moment = datetime.fromtimestamp(utc_ms / 1_000, UTC).astimezone(ZoneInfo(zone))
        return moment.strftime("%Y-%m-%d %H:%M")

    return local
