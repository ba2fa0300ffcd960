"""Drawn sessions with everything that can befall them, and drawn orders in which it all arrives."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Duplicates,
    Fault,
    FaultMisplacedError,
    Gap,
    Garbage,
    LimitCrossing,
    LostTail,
    Reboot,
    Reordering,
    UnsetClock,
    check_placed,
)
from dermatrace.simulator.fleet import FLEET, FleetSession
from dermatrace.simulator.omissions import Omission
from dermatrace_schemas.digest import registry_digest
from dermatrace_schemas.topics import Topic
from support.judge_bench import (
    RUN,
    Message,
    chart_message,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)
from support.manual_clock import NOON_MS

BEGINS_MS: Final = NOON_MS + 3_600_000
MINUTES: Final = (0.08, 0.2)
FAULTS_MAX: Final = 3
WAITS_MS: Final = (1, 100, 900, 4_000, 11_000, 16_000)
"""Between two arrivals: within the lateness, beyond it, and long enough to be called silent."""
EARLIER_MS: Final = 3 * 86_400_000
"""From one visit of a person to the next."""
SUBJECT: Final = re.compile(rb'"subject_id":"[^"]*"')
JITTERS: Final = (0, 3, 12, 1_000)
"""By how many places a message may come early or late; the last one mixes everything."""
_OMISSIONS: Final = (
    Omission("plan"),
    Omission("attach"),
    Omission("operator"),
    Omission("consent"),
    Omission("consent_late"),
    Omission("answers"),
    Omission("answer_unknown", "pregnancy"),
    Omission("photo_after"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One visit: what device and people send, in the order in which it happens."""

    device_number: int
    minutes: float
    seed: int = 1
    number: int = 1
    faults: tuple[Fault, ...] = ()
    omissions: tuple[Omission, ...] = ()
    asides: tuple[str, ...] = ()
    """What people say of the record afterwards."""
    comes_again: bool = False
    """Whether the person was treated before, with the same device."""
    reimports: bool = False
    """Whether the visit's treatment protocol is told again, in other words."""

    @property
    def session(self) -> FleetSession:
        """What the device does."""
        return session_of(
            self.device_number,
            minutes=self.minutes,
            seed=self.seed,
            number=self.number,
            faults=self.faults,
        )

    def messages(self) -> list[Message]:
        """Return everything as it comes if nothing goes wrong on the way."""
        chart = chart_messages(self.session, BEGINS_MS, self.omissions)
        early = [message for message in chart if _entered_ms(message) <= BEGINS_MS]
        late = [message for message in chart if _entered_ms(message) > BEGINS_MS]
        device = device_messages(self.session, BEGINS_MS)
        asides = [self._aside(name) for name in self.asides]
        before = self._visit_before(chart) if self.comes_again else []
        again = told_otherwise(self.session.device.clinic) if self.reimports else ()
        return [*before, *early, *device, *again, *late, *asides]

    def _visit_before(self, chart: Sequence[Message]) -> list[Message]:
        """Return everything of another visit of the same person."""
        other = session_of(self.device_number, minutes=MINUTES[0], number=self.number + 2)
        began_ms = BEGINS_MS - EARLIER_MS
        plan = [message for message in chart if b'"chart.plan"' in message.payload]
        told = [*chart_messages(other, began_ms), *device_messages(other, began_ms)]
        theirs = b"".join(SUBJECT.findall(b"".join(message.payload for message in plan))[:1])
        return [
            Message(
                message.topic, SUBJECT.sub(theirs, message.payload) if theirs else message.payload
            )
            for message in told
        ]

    def _aside(self, name: str) -> Message:
        session, stream_id = self.session.device, self.session.stream_id(RUN)
        key = {"sender": session.sender_id, "stream_id": stream_id}
        entered_ms = BEGINS_MS + self.session.script.duration_ms + 60_000
        facts: dict[str, Any] = {"reason": "It was so."}
        match name:
            case "reattributed":
                kind = "chart.zone_reattribution"
                facts |= {"session": key, "seq_range": {"first_seq": 3, "last_seq": 9}}
                facts |= {"place": {"zone": "chin", "laterality": "midline"}}
            case "withdrawn":
                kind = "chart.correction"
                facts |= {"earlier": {**key, "stream_class": "session", "seq": 5}}
            case "plan-withdrawn":
                kind = "chart.correction"
                visit = {"sender": "front-desk", "stream_id": f"visit-{stream_id}"}
                facts |= {"earlier": {**visit, "stream_class": "chart", "seq": 0}}
            case "attached-again":
                kind = "chart.attach"
                facts |= {"session": key, "visit_id": "another-visit", "manner": "person"}
            case _:
                kind = "chart.justification"
                finding = {"session": key, "rule": "data.gap", "envelope": "none"}
                facts |= {"findings": [finding]}
        return chart_message(
            session.clinic, kind, sitting=f"{stream_id}-{name}", entered_ms=entered_ms, **facts
        )


ASIDES: Final = ("reattributed", "withdrawn", "plan-withdrawn", "attached-again", "justified")


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Draw a visit."""
    plain = Scene(
        draw(st.integers(0, len(FLEET) - 1)),
        draw(st.sampled_from(MINUTES)),
        draw(st.integers(1, 20)),
        draw(st.integers(1, 2)),
    )
    script = plain.session.script
    faults: list[Fault] = []
    for _ in range(draw(st.integers(0, FAULTS_MAX))):
        first = draw(st.integers(1, len(script) - 2))
        last = min(len(script) - 2, first + draw(st.integers(0, 4)))
        fault = _fault(draw(st.integers(0, 10)), first, last)
        try:
            check_placed(script, [*faults, fault])
        except FaultMisplacedError:
            continue
        faults.append(fault)
    return replace(
        plain,
        faults=tuple(faults),
        omissions=tuple(draw(st.lists(st.sampled_from(_OMISSIONS), max_size=2, unique=True))),
        asides=tuple(draw(st.lists(st.sampled_from(ASIDES), max_size=2, unique=True))),
        comes_again=draw(st.booleans()),
        reimports=draw(st.booleans()),
    )


@cache
def told_otherwise(clinic: str) -> tuple[Message, ...]:
    """Return a clinic's treatment protocols under the versions they have, with other content."""
    topic = str(Topic(clinic, "registry", "registry", "import-again"))
    told = [json.loads(m.payload) for m in registry_messages() if f"/{clinic}/" in m.topic]
    protocols = [document for document in told if document["kind"] == "registry.protocol"]
    found: list[Message] = []
    for seq, document in enumerate(protocols):
        content = document["content"] | {"title": "The same in other words"}
        changed = document | {"seq": seq, "content": content, "digest": registry_digest(content)}
        found.append(Message(topic, json.dumps(changed).encode()))
    return tuple(found)


def _fault(which: int, first: int, last: int) -> Fault:
    found: tuple[Fault, ...] = (
        Gap(first, last),
        BrokenJson(first),
        Reordering(first, last),
        Duplicates(first, last),
        Reboot(first, keeps_outbox=True),
        Reboot(first, keeps_outbox=False),
        ClockStep(first, 3_600_000),
        UnsetClock(first),
        LimitCrossing(first, last, over_mm=0.6, over_energy_fraction=0.5, dialled=True),
        Garbage(first),
        LostTail(first),
    )
    return found[which]


def mixed(messages: Sequence[Message], seed: int, jitter: int) -> list[Message]:
    """Return the messages with none more than about `jitter` places from where it was."""
    random = Random(seed)
    places = [place + random.uniform(0, jitter) for place in range(len(messages))]
    return [messages[place] for place in sorted(range(len(messages)), key=places.__getitem__)]


def _entered_ms(message: Message) -> int:
    told: dict[str, int] = json.loads(message.payload)
    return told["entered_ms"]
