"""Doubles without a protection: what the floor and the chart would claim without it."""

from dermatrace.console.floor_readings import LiveReadings
from dermatrace.console.telling import State, Telling


class HastyTelling(Telling):
    """Says that something is recorded as soon as it has been sent."""

    def _fate(self, *_: object) -> tuple[State, str]:
        return "recorded", ""


class CredulousReadings(LiveReadings):
    """Takes what has just come for what has just happened."""

    @property
    def told_ms(self) -> int | None:
        """Return when the newest document came."""
        return self.last_received_ms
