"""What the front desk of a sample clinic enters about the visit of one session. Pure.

Plan and answers for every visit; beyond that what the gates of the treatment's sample protocol ask
for, so that a plain session leaves no gate open. `omissions.py` says what can be left out.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, cast

from pydantic import JsonValue

from dermatrace.simulator.faults import Reboot, continued_stream_id
from dermatrace.simulator.fleet import FleetSession
from dermatrace.simulator.omissions import Omission, OmissionKind
from dermatrace.simulator.practices import ChartGate, Practice, practice_of
from dermatrace.simulator.scripted_session import ScriptedSession
from dermatrace.simulator.seeded import seeded
from dermatrace_schemas.questions import QUESTIONS

When: TypeAlias = Literal["before", "after"]
Facts: TypeAlias = dict[str, JsonValue]

MINUTE_MS: Final = 60_000
BEFORE_MS: Final = 20 * MINUTE_MS
"""The first fact of a visit is this long before the session begins."""
TYPING_MS: Final = 30_000
"""From a fact before the session to its entry."""
AFTER_MS: Final = 30_000
"""By so long after the session's end everything about it has been entered."""
CONSENT_LATE_MS: Final = MINUTE_MS
"""From the first contact to a late signature; in a shorter session it is signed at the end."""
PAIN_SCORE: Final = 2
"""At the test spot; the sample protocol allows 3."""
AGE_BANDS: Final = ("22_29", "30_39", "40_49", "50_59")
"""No sample label speaks of people under 22."""
PHOTOTYPES: Final = ("II", "III")
"""Inside every indication of the sample labels."""
PROTOCOL_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class ChartFact:
    """One chart document without what only a sender knows: number, boot, clocks."""

    kind: str
    facts: Mapping[str, JsonValue]
    when: When
    """Whether it is entered before the session begins or after it has ended."""

    @property
    def entered_ms(self) -> int:
        """When it is typed in, UTC."""
        return cast("int", self.facts["entered_ms"])


def visit_id(session: FleetSession, run: str) -> str:
    """Name the visit of a session; `run` as in `FleetSession.stream_id`."""
    return f"visit-{session.stream_id(run)}"


def visit_facts(
    session: FleetSession, run: str, begins_ms: int, *, omissions: Collection[Omission] = ()
) -> tuple[ChartFact, ...]:
    """Return what is entered about a session that begins at `begins_ms` UTC, in order.

    Raises TreatmentWithoutPracticeError.
    """
    practice = practice_of(session.script.treatment)
    visit = _Visit(session, run, begins_ms, practice, tuple(omissions))
    return (*visit.before(), *visit.after())


def first_contact_ms(script: ScriptedSession) -> int:
    """Return when a session first touches skin, after its start; at its end if it never does."""
    for document in script:
        if document.kind == "rf.shot":
            return document.at_ms
        if document.kind == "needling.windows":
            medians_mm = cast("list[float | None]", document.facts["depth_measured_median_mm"])
            if any(median_mm is not None for median_mm in medians_mm):
                return document.at_ms
    return script.duration_ms


@dataclass(slots=True)
class _Visit:
    """One visit, told fact by fact."""

    session: FleetSession
    run: str
    begins_ms: int
    practice: Practice
    omissions: tuple[Omission, ...]
    _late_count: int = field(default=0)

    def before(self) -> Iterator[ChartFact]:
        """Yield what is entered until the session begins."""
        if not self._omits("plan"):
            planned: Facts = {"planned_ms": self.begins_ms}
            planned["device_sender"] = self.session.device.sender_id
            yield self._early("chart.plan", BEFORE_MS, planned | {"plan": self._plan()})
        if not self._omits("answers"):
            form: Facts = {"given_by": "subject", "form": "Sample questions, edition 1"}
            yield self._early("chart.answers", 15 * MINUTE_MS, form | {"answers": self._answers()})
        if self._tells("exam"):
            yield self._early("chart.exam", 12 * MINUTE_MS, self._exam())
        if self._tells("consent") and not self._omits("consent_late"):
            signed_ms = self.begins_ms - 10 * MINUTE_MS
            yield self._early("chart.consent", 10 * MINUTE_MS, self._consent(signed_ms))
        if self._tells("test_spot"):
            seen: Facts = {"observed": "test_spot", "grade": "mild", "pain_score": PAIN_SCORE}
            seen["place"] = {"zone": "temple", "laterality": "left"}
            yield self._early("chart.observation", 8 * MINUTE_MS, seen)
        if self._tells("photo_before"):
            yield self._early("chart.photo", 5 * MINUTE_MS, self._photo("before"))
        if not self._omits("attach"):
            yield self._attached(0, "before", self.begins_ms)

    def after(self) -> Iterator[ChartFact]:
        """Yield what is entered once the session has ended."""
        ends_ms = self.begins_ms + self.session.script.duration_ms
        if not self._omits("attach"):
            for number in range(1, self._continuation_count + 1):
                yield self._attached(number, "after", ends_ms)
        if self._tells("consent") and self._omits("consent_late"):
            contact_ms = self.begins_ms + first_contact_ms(self.session.script)
            signed_ms = min(contact_ms + CONSENT_LATE_MS, ends_ms)
            yield self._late("chart.consent", ends_ms, self._consent(signed_ms))
        if self._tells("endpoint"):
            for observed in self.practice.endpoints:
                seen: Facts = {"observed": observed, "grade": "mild"}
                yield self._late("chart.observation", ends_ms, seen)
        if self._tells("photo_after"):
            yield self._late("chart.photo", ends_ms + 10_000, self._photo("after"))
        if self._tells("aftercare"):
            given: Facts = {"observed": "aftercare_given"}
            yield self._late("chart.observation", ends_ms + 15_000, given)

    def _plan(self) -> Facts:
        plan: Facts = {
            "visit_id": visit_id(self.session, self.run),
            "subject_id": f"s-{self._bits('subject', 64):016x}",
            "protocol_id": self.practice.protocol_id,
            "protocol_version": PROTOCOL_VERSION,
            "age_band": AGE_BANDS[self._bits("age", 32) % len(AGE_BANDS)],
            "phototype": self._phototype(),
        }
        if not self._omits("operator"):
            plan["operator_id"] = self._person(self.practice.operator)
        if self.session.script.treatment.setting == "clinic":
            room = 1 if self.session.device.profile.pen is not None else 2
            plan["room_id"] = self._person(f"room-{room}")
        if self.practice.indication is not None:
            plan["indication"] = self.practice.indication
        return plan

    def _answers(self) -> Facts:
        answers: Facts = {question.code: "no" for question in QUESTIONS}
        for omission in self.omissions:
            if omission.question is not None:
                answers[omission.question] = "unknown"
            if omission.question is not None and omission.kind == "answer_missing":
                del answers[omission.question]
        return answers

    def _exam(self) -> Facts:
        examiner = self._person("physician")
        seen: Facts = {"manner": "in_person", "outcome": "suitable"}
        seen |= {"examiner": examiner, "author": examiner}
        return seen | {"phototype": self._phototype()}

    def _consent(self, signed_ms: int) -> Facts:
        digest = f"{self._bits('consent form', 256):064x}"
        agreed: Facts = {"procedure": self.practice.treatment, "decision": "given"}
        return agreed | {
            "fact_time_ms": signed_ms,
            "signed_ms": signed_ms,
            "document_sha256": digest,
        }

    def _photo(self, moment: str) -> Facts:
        digest = f"{self._bits(f'photo {moment}', 256):064x}"
        shown: Facts = {"moment": moment, "angle": "front", "consent": "record"}
        return shown | {"photo_sha256": digest, "media_type": "image/jpeg"}

    def _attached(self, number: int, when: When, at_ms: int) -> ChartFact:
        stream_id = continued_stream_id(self.session.stream_id(self.run), number)
        named: Facts = {"sender": self.session.device.sender_id, "stream_id": stream_id}
        # Nobody says it: it follows from the planned device.
        facts: Facts = {"session": named, "manner": "planned_device", "author": None}
        return self._fact("chart.attach", when, (at_ms, at_ms), facts, about=str(number))

    def _early(self, kind: str, earlier_ms: int, facts: Facts) -> ChartFact:
        at_ms = self.begins_ms - earlier_ms
        return self._fact(kind, "before", (at_ms, at_ms + TYPING_MS), facts)

    def _late(self, kind: str, at_ms: int, facts: Facts) -> ChartFact:
        """Tell a fact in the one sitting after the session, a second after the fact before it."""
        self._late_count += 1
        sitting_ms = self.begins_ms + self.session.script.duration_ms + AFTER_MS - 10_000
        return self._fact(kind, "after", (at_ms, sitting_ms + 1_000 * self._late_count), facts)

    def _fact(
        self, kind: str, when: When, times_ms: tuple[int, int], facts: Facts, *, about: str = ""
    ) -> ChartFact:
        told = f"{kind} {when} {facts.get('observed', about)}"
        head: Facts = {
            "salt": f"{self._bits(f'salt of {told}', 128):032x}",
            "visit_id": visit_id(self.session, self.run),
            "author": self._person(self.practice.operator),
            "fact_time_ms": times_ms[0],
            "entered_ms": times_ms[1],
            "source": "console",
        }
        known = {name: value for name, value in (head | facts).items() if value is not None}
        return ChartFact(kind, known, when)

    def _tells(self, gate: ChartGate) -> bool:
        return gate in self.practice.gates and not self._omits(gate)

    def _omits(self, kind: OmissionKind) -> bool:
        return any(omission.kind == kind for omission in self.omissions)

    def _person(self, name: str) -> str:
        """Return the registry id of a person or room of this clinic."""
        return f"{self.session.device.clinic.removesuffix('-clinic')}-{name}"

    def _phototype(self) -> str:
        return PHOTOTYPES[self._bits("phototype", 32) % len(PHOTOTYPES)]

    def _bits(self, purpose: str, count: int) -> int:
        # The run is in the name: whoever came again so soon would rightly be too early.
        name = f"{purpose}, {visit_id(self.session, self.run)}"
        return seeded(self.session.number, name).getrandbits(count)

    @property
    def _continuation_count(self) -> int:
        reboots = (fault for fault in self.session.faults if isinstance(fault, Reboot))
        return sum(not reboot.keeps_outbox for reboot in reboots)
