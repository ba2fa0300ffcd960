"""Rules and small documents made by hand, for tests of what asks the rules."""

from collections.abc import Callable, Iterable
from typing import Literal

from dermatrace.judge.case import Case
from dermatrace.judge.rules.row import GateRule, Hit, MomentRule, When
from dermatrace_schemas.session import DeviceEvent, SessionStopped
from dermatrace_schemas.treatment import Gate
from support.visit_cases import told


def event(seq: int, what: str = "alive") -> DeviceEvent:
    """Return something that happened to the device."""
    facts = {"kind": "device.event", "event": what, "boot_id": "b"}
    times = {"seq": seq, "uptime_ms": seq * 1_000, "wall_time_ms": told(seq / 60)}
    return DeviceEvent.model_validate(facts | times)


def stopped(seq: int) -> SessionStopped:
    """Return the end of a session."""
    facts = {"kind": "session.stopped", "boot_id": "b", "outcome": "completed"}
    times = {"seq": seq, "uptime_ms": seq * 1_000, "wall_time_ms": told(seq / 60)}
    return SessionStopped.model_validate(facts | times)


def rule(look: Callable[[Case], Iterable[Hit]], *when: When, name: str = "a.rule") -> MomentRule:
    """Return a rule that looks at some moments."""
    return MomentRule(
        id=name,
        meaning="Something.",
        envelopes=("clinic_protocol",),
        priority="low",
        nature="treatment",
        persistence="once",
        clearing="never",
        source="a test",
        trust="U",
        when=when,
        look=look,
    )


def gate(
    name: Gate,
    *,
    due: Literal["first_contact", "closed"] = "first_contact",
    look: Callable[[Case], Hit | None] = lambda _: Hit(sentence="It is missing."),
    demanded: bool = True,
    raises: bool = True,
) -> GateRule:
    """Return a gate that stays open unless told otherwise."""
    return GateRule(
        id=f"gate.{name}",
        meaning="Something.",
        envelopes=("clinic_protocol",),
        priority="high",
        nature="treatment",
        persistence="once",
        clearing="never",
        source="a test",
        trust="U",
        gate=name,
        due=due,
        look=look,
        demanded=lambda _: demanded,
        raises=raises,
    )
