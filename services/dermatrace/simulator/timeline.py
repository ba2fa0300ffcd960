"""What a pretend device says, in order: documents without number, boot and clocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from pydantic import BaseModel, JsonValue

from dermatrace_schemas.limits import ALIVE_INTERVAL_MS
from dermatrace_schemas.rf import RfDepth

QUIET_MAX_MS: Final = ALIVE_INTERVAL_MS - 1_000
"""A pretend device says that it is alive one second before the contract would miss it."""


@dataclass(frozen=True, slots=True)
class ScriptedDocument:
    """One document without what only the sender knows: number, boot, clocks."""

    at_ms: int
    """When the fact happens after the session's start; a span: when it begins."""
    kind: str
    facts: Mapping[str, JsonValue]
    span_ms: int = 0
    """How long it lasts; the document can only be sent after that."""

    @property
    def due_ms(self) -> int:
        """When the device can send it."""
        return self.at_ms + self.span_ms


def count(documents: Sequence[ScriptedDocument]) -> dict[str, JsonValue]:
    """Return what a device that said these documents has counted itself, as its stop says it."""
    shots = [document for document in documents if document.kind == "rf.shot"]
    pulses = [pulse for shot in shots for depth in depths_of(shot) for pulse in depth.sub_pulses]
    windows = [document for document in documents if document.kind == "needling.windows"]
    return {
        "stroke_count": sum(sum(cast("list[int]", w.facts["stroke_count"])) for w in windows),
        "shot_count": len(shots),
        "energy_delivered_mj": round(sum(pulse.energy_delivered_mj or 0.0 for pulse in pulses), 3),
    }


def depths_of(shot: ScriptedDocument) -> list[RfDepth]:
    """Return what a scripted shot delivered, depth by depth."""
    return [RfDepth.model_validate(depth) for depth in cast("list[object]", shot.facts["depths"])]


def facts_of(model: BaseModel) -> dict[str, JsonValue]:
    """Return what is known of a part of a document; what is not known stays absent."""
    return cast("dict[str, JsonValue]", model.model_dump(mode="json", exclude_none=True))


class Timeline:
    """Collects documents in order and never stays silent for too long."""

    def __init__(self) -> None:
        self.documents: list[ScriptedDocument] = []
        self.now_ms = 0

    def say(self, kind: str, facts: Mapping[str, JsonValue], *, span_ms: int = 0) -> None:
        """Add a document that begins now, and move to its end."""
        self.documents.append(ScriptedDocument(self.now_ms, kind, facts, span_ms))
        self.now_ms += span_ms

    def wait_until(self, at_ms: int) -> None:
        """Let time pass, saying only often enough that the device is alive."""
        while at_ms - self._spoke_ms > QUIET_MAX_MS:
            self.now_ms = self._spoke_ms + QUIET_MAX_MS
            self.say("device.event", {"event": "alive"})
        self.now_ms = max(self.now_ms, at_ms)

    def pause_until(self, at_ms: int) -> None:
        """Stop working until then, and say so."""
        if at_ms > self.now_ms:
            self.say("device.event", {"event": "paused"})
            self.wait_until(at_ms)
            self.say("device.event", {"event": "resumed"})

    @property
    def _spoke_ms(self) -> int:
        return self.documents[-1].due_ms if self.documents else 0
