"""Which findings the final judgement of a played session must raise, and which it must not.

From the script, its faults, what people failed to enter and plain numbers. Like `expectations.py`
it deliberately knows nothing of how this is carried out. Where the outcome could be disputed
nothing is demanded, and nothing of that family is forbidden either.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from dermatrace.simulator.crossings import Crossing, Limits, crossings
from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Fault,
    Gap,
    LimitCrossing,
    LostTail,
    Reboot,
    UnsetClock,
    continued_stream_id,
)
from dermatrace.simulator.omissions import Omission, OmissionKind
from dermatrace.simulator.practices import Practice
from dermatrace.simulator.timeline import ScriptedDocument
from dermatrace_schemas.finding import Envelope, Nature
from dermatrace_schemas.identifiers import Laterality

CLOCK_FAMILIES: Final = frozenset({"gate", "identity", "label", "process", "series"})
"""What depends on when something was; with a doubtful clock none of it can be told for sure."""
ABSENCE_FAMILIES: Final = frozenset({"exposure", "process"})
"""What missing documents can bring about: passes or test shots that nobody has heard of."""
DOSE_FAMILIES: Final = frozenset({"exposure", "pulse"})
"""What more energy in a shot brings about beside the energy itself."""

NO_PLAN: Final[frozenset[OmissionKind]] = frozenset({"plan", "attach"})
"""Either leaves the session without a visit's plan, and so without a treatment protocol."""


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """A finding that must be there; None means whatever it is."""

    rule: str
    envelope: Envelope
    zone: str | None = None
    laterality: Laterality | None = None
    at_least_count: int = 1


@dataclass(frozen=True, slots=True)
class ExpectedFindings:
    """What the final judgement of one stream must and must not say."""

    stream_id: str
    ended: bool
    """Whether the device told its end; else all this holds once its silence has closed it."""
    must: tuple[ExpectedFinding, ...]
    open_families: frozenset[str]
    """Families of which nature treatment is neither demanded nor forbidden."""

    def forbids(self, rule: str, nature: Nature) -> bool:
        """Whether a finding must not be there: about the treatment, and nothing explains it."""
        if nature == "technical" or rule in {expected.rule for expected in self.must}:
            return False
        return rule.partition(".")[0] not in self.open_families


def expected_findings(
    script: Sequence[ScriptedDocument],
    faults: Sequence[Fault],
    stream_id: str,
    judged_by: tuple[Practice, Limits],
    *,
    omissions: Collection[Omission] = (),
) -> tuple[ExpectedFindings, ...]:
    """Return what to expect of each stream: one, and one more for each forgetful reboot.

    The limits are those of the treatment protocol that the practice names, of its operator, and of
    label and device.
    """
    practice, limits = judged_by
    forgetful = sorted(f.index for f in faults if isinstance(f, Reboot) and not f.keeps_outbox)
    end = min((fault.index for fault in faults if isinstance(fault, LostTail)), default=len(script))
    standing = _still_known(limits, {omission.kind for omission in omissions})
    streams: list[ExpectedFindings] = []
    for number, (first, following) in enumerate(pairwise([0, *forgetful, end])):
        played = _Played(script, faults, range(first, following), standing)
        gates, found = _gates(played, practice, omissions), played.crossings()
        must = dict.fromkeys((*gates, *played.of_data(), *played.of_readings(found)))
        families = played.open_families(found) | _open_for_omissions(omissions)
        if number > 0:
            families |= {"gate", *ABSENCE_FAMILIES}
        continued = continued_stream_id(stream_id, number)
        ended = following == len(script)
        streams.append(ExpectedFindings(continued, ended, tuple(must), families))
    return tuple(streams)


@dataclass(frozen=True, slots=True)
class _Played:
    """The part of a script that one stream tells."""

    script: Sequence[ScriptedDocument]
    faults: Sequence[Fault]
    span: range
    limits: Limits

    @property
    def accepted(self) -> list[int]:
        """Documents that arrived whole."""
        gone = {i for f in self.faults if isinstance(f, Gap | BrokenJson) for i in f.span}
        return [index for index in self.span if index not in gone]

    @property
    def touches(self) -> bool:
        """Whether anything on skin arrived."""
        kinds = {self.script[index].kind for index in self.accepted}
        return bool(kinds & {"needling.windows", "rf.shot"})

    @property
    def has_test_shots(self) -> bool:
        """Whether the device itself has shown how the skin takes the energy."""
        arrived = (self.script[index] for index in self.accepted)
        return any(document.facts.get("purpose") == "test" for document in arrived)

    def crossings(self) -> dict[Crossing, bool]:
        """Return every limit crossed, and whether for long enough."""
        return crossings(self.script, self.accepted, self.faults, self.limits)

    def of_readings(self, found: Mapping[Crossing, bool]) -> Iterator[ExpectedFinding]:
        """Yield what the readings themselves must raise."""
        for crossing, lasts in found.items():
            if lasts and crossing.rule == "device.depth_tracking":
                yield ExpectedFinding(crossing.rule, crossing.envelope)
            elif lasts:
                yield ExpectedFinding(*crossing)
        if self._lacks_test_shots():
            yield ExpectedFinding("process.test_shots", "clinic_protocol")

    def of_data(self) -> Iterator[ExpectedFinding]:
        """Yield what the state of the record must raise."""
        for kind, rule in ((Gap, "data.declared_loss"), (BrokenJson, "data.rejected")):
            if any(isinstance(f, kind) and f.span.start in self.span for f in self.faults):
                yield ExpectedFinding(rule, "none")
        if self.span.stop < len(self.script):  # it just ceases: nobody knows what followed
            yield ExpectedFinding("data.gap", "none")
        offsets_ms = self._offsets_ms()
        if not all(offsets_ms.values()):
            yield ExpectedFinding("data.clock_unset", "none")
        steps = (after - before for o in offsets_ms.values() for before, after in pairwise(o))
        if any(abs(step_ms) >= self.limits.clock_step_min_ms for step_ms in steps):
            yield ExpectedFinding("data.clock_step", "none")

    def open_families(self, found: Iterable[Crossing]) -> frozenset[str]:
        """Return what may follow from the faults without being certain."""
        families = {crossing.rule.partition(".")[0] for crossing in found}
        for fault in self.faults:
            match fault:
                case ClockStep() | UnsetClock():
                    families |= CLOCK_FAMILIES
                case Gap() | BrokenJson() | LostTail():
                    families |= ABSENCE_FAMILIES
                case Reboot(keeps_outbox=False):
                    families |= ABSENCE_FAMILIES
                case LimitCrossing(over_energy_fraction=more, dialled=dialled):
                    families |= DOSE_FAMILIES if more else set()
                    # A depth nobody planned may be of a class that nobody has named.
                    families |= {"gate"} if dialled else set()
        return frozenset(families)

    def _lacks_test_shots(self) -> bool:
        shots = [self.script[i] for i in self.accepted if self.script[i].kind == "rf.shot"]
        purposes = [str(shot.facts["purpose"]) for shot in shots]
        if "treatment" not in purposes or self.span.start > 0:
            return False
        return purposes.index("treatment") < self.limits.test_shot_min

    def _offsets_ms(self) -> dict[int, list[int]]:
        """Return by how much the clock was wrong, document by document that says, boot by boot.

        One document that says the time tells it for all of its boot.
        """
        offsets_ms: dict[int, list[int]] = {}
        for index in self.accepted:
            boot = sum(isinstance(f, Reboot) and f.index <= index for f in self.faults)
            told_ms = offsets_ms.setdefault(boot, [])
            if not any(isinstance(f, UnsetClock) and index < f.index for f in self.faults):
                steps = (f for f in self.faults if isinstance(f, ClockStep) and f.index <= index)
                told_ms.append(sum(step.step_ms for step in steps))
        return offsets_ms


def _still_known(limits: Limits, omitted: AbstractSet[OmissionKind]) -> Limits:
    """Return the limits that are left if nobody said what was planned, or who treats."""
    unknown: set[Envelope] = {"operator_scope"} if "operator" in omitted else set()
    if omitted & NO_PLAN:
        unknown = {"clinic_protocol", "operator_scope"}
        limits = replace(
            limits, energy_total_upper_mj=None, energy_per_pin_upper_mj=None, test_shot_min=0
        )
    depths = tuple(limit for limit in limits.depths if limit.envelope not in unknown)
    return replace(limits, depths=depths)


def _gates(
    played: _Played, practice: Practice, omissions: Collection[Omission]
) -> Iterator[ExpectedFinding]:
    """Yield what is missing of the visit, once anything has touched skin."""
    if not played.touches:
        return
    if {omission.kind for omission in omissions} & NO_PLAN:
        yield ExpectedFinding("gate.plan", "clinic_protocol")
        return  # without a plan nothing else is asked for
    for omission in omissions:
        kind = omission.kind
        if kind == "operator":
            yield ExpectedFinding("gate.operator_scope", "operator_scope")
        elif kind.startswith("answer"):
            if omission.question is None or omission.question in practice.questions:
                yield ExpectedFinding("gate.answers", "clinic_protocol")
        elif kind == "consent_late":
            # The session after a forgetful reboot may begin when it has been signed.
            if "consent" in practice.gates and played.span.start == 0:
                yield ExpectedFinding("gate.consent", "clinic_protocol")
        elif kind in practice.gates and not (kind == "test_spot" and played.has_test_shots):
            yield ExpectedFinding(f"gate.{kind}", "clinic_protocol")


def _open_for_omissions(omissions: Collection[Omission]) -> frozenset[str]:
    """Return what may follow from what is not written down without being certain."""
    families: set[str] = set()
    for omission in omissions:
        if omission.kind in NO_PLAN:
            families |= {"gate", "identity", "label", "process"}
        elif omission.kind.startswith("answer") or omission.kind == "test_spot":
            families |= {"process"}
    return frozenset(families)
