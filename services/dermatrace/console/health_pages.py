"""What each part does, how far behind it is, and what to do, in plain words."""

from dermatrace.console.access import CLINICAL, Access
from dermatrace.console.desk import AtDesk
from dermatrace.console.doors import Doors
from dermatrace.console.facts import Facts
from dermatrace.console.health_checks import look_at_parts
from dermatrace.reading.looked_at import Finding
from dermatrace.reading.registry_lacks import look_at_clinics

doors = Doors()


class Look(Facts):
    """One thing looked at."""

    what: str
    ok: bool
    found: str
    remedy: str
    """What to do, if anything."""


class HealthReport(Facts):
    """How the installation is, and what the visitor's clinics lack."""

    ok: bool
    parts: list[Look]
    registry: list[Look]


@doors.facts("/health", "health.html", Access(CLINICAL, "clinics"))
def health(desk: AtDesk) -> HealthReport:
    """Look at every part, and at what each clinic lacks before its first day of treatments."""
    parts = [_look(finding) for finding in look_at_parts(desk)]
    journal = desk.record.journal
    senders = [] if journal is None else journal.senders()
    heard = {(one.clinic, one.sender) for one in senders if desk.visitor.may_see(one.clinic)}
    lacks = look_at_clinics(desk.record.registry(), heard, desk.now_ms, only=desk.visitor.may_see)
    registry = [_look(finding) for finding in lacks]
    return HealthReport(
        ok=all(one.ok for one in (*parts, *registry)), parts=parts, registry=registry
    )


def _look(finding: Finding) -> Look:
    return Look(what=finding.what, ok=finding.ok, found=finding.found, remedy=finding.remedy)
