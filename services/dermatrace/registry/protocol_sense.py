"""Whether a treatment protocol that is written correctly also makes sense.

Only needling with RF at home is a mistake. Everything else is for a director to look at: it may be
meant as it stands.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.registry.problems import Problem
from dermatrace.registry.protocol_bands import (
    BANDS,
    Doubt,
    contradictions,
    strange_zones,
    unset_limits,
    zones_without_depth,
)
from dermatrace.registry.protocol_files import WrittenProtocol
from dermatrace.registry.protocol_text import amount, listed, words
from dermatrace_schemas.questions import QUESTIONS
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.treatment import Gate, Observed, Treatment

SHALLOW_DEPTH_MAX_MM: Final = 0.25
"""What nano and cosmetic needling mean by their names: a protocol that lets them go deeper is
looked at. No session is judged by it."""

_SHALLOW: Final[frozenset[Treatment]] = frozenset({"nano_needling", "cosmetic_needling"})
_BLEEDING: Final[tuple[Observed, ...]] = ("bleeding", "pinpoint_bleeding")
_MEDICAL_GATES: Final[tuple[Gate, ...]] = ("director", "consent", "exam", "answers")
_GATES: Final[dict[Treatment, tuple[Gate, ...]]] = {
    "medical_needling": _MEDICAL_GATES,
    "rf_needling": (*_MEDICAL_GATES, "test_spot"),
}
_IMPLANT: Final = "active_implant"
_QUESTION_CODES: Final = frozenset(question.code for question in QUESTIONS)


def mistakes_of(protocol: WrittenProtocol) -> list[Problem]:
    """Return what no clinic can mean."""
    return _problems(protocol, _at_home(protocol.content))


def doubts_of(protocol: WrittenProtocol) -> list[Problem]:
    """Return what a director should look at, from top to bottom."""
    content = protocol.content
    doubts = [
        *unset_limits(content),
        *strange_zones(content),
        *zones_without_depth(content),
        *contradictions(content, protocol.marked),
        *_gates(content),
        *_implant(content),
        *_questions(content),
        *_shallow(content),
        *_endpoints(content),
        *_device(content),
        *_example(content),
    ]
    return sorted(_problems(protocol, doubts), key=lambda problem: problem.line)


def _problems(protocol: WrittenProtocol, doubts: Iterable[Doubt]) -> list[Problem]:
    return [
        Problem(
            protocol.file,
            protocol.marked.line_of(path),
            ".".join(str(part) for part in path),
            what,
            remedy,
        )
        for path, what, remedy in doubts
    ]


def _at_home(content: ProtocolContent) -> Iterator[Doubt]:
    if content.treatment == "rf_needling" and "home" in content.settings:
        path = ("content", "settings", content.settings.index("home"))
        remedy = "Take `home` out: needling with RF belongs to a clinic."
        yield path, "rf_needling is not for use at home", remedy


def _gates(content: ProtocolContent) -> Iterator[Doubt]:
    missing = [gate for gate in _GATES.get(content.treatment, ()) if gate not in content.gates]
    if missing:
        what = f"{words(content.treatment)} needs {listed(missing)}"
        yield ("content", "gates"), what, "Add what is missing: what is not a gate is not asked."


def _implant(content: ProtocolContent) -> Iterator[Doubt]:
    if content.treatment != "rf_needling":
        return
    remedy = f"Write {{question: {_IMPLANT}, answers: [yes, unknown], strength: absolute}}."
    path = ("content", "contraindications")
    asked = [item for item in content.contraindications if item.question == _IMPLANT]
    absolute = {answer for item in asked if item.strength == "absolute" for answer in item.answers}
    if not asked:
        yield path, f"rf_needling needs {_IMPLANT}", remedy
    elif not {"yes", "unknown"} <= absolute:
        place = content.contraindications.index(asked[0])
        what = f"{_IMPLANT} must be absolute in rf_needling, for yes and for unknown"
        yield (*path, place), what, remedy


def _questions(content: ProtocolContent) -> Iterator[Doubt]:
    for place, item in enumerate(content.contraindications):
        if item.question not in _QUESTION_CODES:
            path = ("content", "contraindications", place, "question")
            remedy = "Check its spelling; a form that does not ask it leaves the answers open."
            yield path, f"{item.question} is not a published question", remedy


def _shallow(content: ProtocolContent) -> Iterator[Doubt]:
    if content.treatment not in _SHALLOW:
        return
    for place, band in enumerate(content.bands):
        for side, limit in (("lower", band.lower), ("upper", band.upper)):
            if band.quantity == "depth" and limit and (limit.value or 0) > SHALLOW_DEPTH_MAX_MM:
                what = f"{amount(limit)} is deeper than the {SHALLOW_DEPTH_MAX_MM} mm of"
                remedy = "Lower it, or make it a protocol of medical needling."
                path = (*BANDS, place, side, "value")
                yield path, f"{what} {words(content.treatment)}", remedy
    missing = [seen for seen in _BLEEDING if seen not in (content.endpoints_forbidden or ())]
    if missing:
        what = f"{words(content.treatment)} draws no blood, and {listed(missing)} is not forbidden"
        remedy = "Add it, so that blood that is seen is a finding."
        yield ("content", "endpoints_forbidden"), what, remedy


def _endpoints(content: ProtocolContent) -> Iterator[Doubt]:
    for place, seen in enumerate(content.endpoints_expected or ()):
        if seen in (content.endpoints_forbidden or ()):
            path = ("content", "endpoints_expected", place)
            yield path, f"{seen} is expected and forbidden", "Take it out of one of them."


def _device(content: ProtocolContent) -> Iterator[Doubt]:
    modality = None if content.device is None else content.device.modality
    fitting = "rf" if content.treatment == "rf_needling" else "pen"
    if modality not in {None, fitting}:
        what = f"{words(content.treatment)} is not done with modality {modality}"
        yield ("content", "device", "modality"), what, f"Write {fitting}, or the other treatment."


def _example(content: ProtocolContent) -> Iterator[Doubt]:
    if content.example:
        what = "an example: no session is ever called adherent to it"
        remedy = "Write false once the director has made it the clinic's own."
        yield ("content", "example"), what, remedy
