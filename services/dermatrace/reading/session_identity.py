"""What a session was: who, with what, by which treatment protocol, when."""

from dataclasses import dataclass

from dermatrace.judge.chart import Chart
from dermatrace.reading.session_facts import Page
from dermatrace.reading.session_reading import SessionReading
from dermatrace_schemas.session import Tip


@dataclass(frozen=True, slots=True)
class Identity:
    """What the session was: null where nobody knows."""

    clinic: str
    sender: str
    session_id: str
    state: str
    """open, closed or erased."""
    status: str
    """Of an open one: running, paused, silent or stopped."""
    treatment: str | None
    protocol_id: str | None
    protocol_version: str | None
    protocol_digest: str | None
    protocol_title: str | None
    is_example: bool | None
    """Whether the treatment protocol ships with the software; null without a protocol."""
    subject_id: str | None
    visit_id: str | None
    series_id: str | None
    operator_id: str | None
    room_id: str | None
    setting: str | None
    modality: str | None
    device: str | None
    """Vendor and model, as it says."""
    serial: str | None
    firmware: str | None
    tip: str | None
    started_ms: int | None
    ended_ms: int | None
    outcome: str | None
    """As the device told at the end."""
    reason: str | None
    last_received_ms: int | None


def identity_of(page: Page, reading: SessionReading) -> Identity:
    """Return what index, chart and device say a session was."""
    found, context, key = page.found, reading.context, page.stream.key
    started, stopped = reading.started, reading.stopped
    device = None if started is None else started.device
    plan = Chart().plan if context is None else context.chart.plan
    content = None if context is None else context.protocol
    return Identity(
        clinic=key.clinic,
        sender=key.sender,
        session_id=key.stream_id,
        state="erased" if page.certificate.erased_by is not None else _state(page),
        status="" if found is None else found.status,
        treatment=None if found is None else found.treatment,
        protocol_id=None if found is None else found.protocol_id,
        protocol_version=None if found is None else found.protocol_version,
        protocol_digest=None if found is None else found.protocol_digest,
        protocol_title=None if content is None else content.title,
        is_example=None if content is None else content.example,
        subject_id=None if found is None else found.subject_id,
        visit_id=None if found is None else found.visit_id,
        series_id=None if found is None else found.series_id,
        operator_id=None if found is None else found.operator_id,
        room_id=plan.room_id,
        setting=None if started is None else started.setting,
        modality=reading.modality,
        device=None if device is None else f"{device.vendor} {device.model}",
        serial=None if device is None else device.serial,
        firmware=None if device is None else device.firmware,
        tip=None if started is None or started.tip is None else _tip(started.tip),
        started_ms=reading.axis.origin_ms,
        ended_ms=None if found is None else found.ended_ms,
        outcome=None if stopped is None else stopped.outcome,
        reason=None if stopped is None else stopped.reason,
        last_received_ms=page.stream.last_received_ms,
    )


def _state(page: Page) -> str:
    if page.found is not None:
        return page.found.state
    return "open" if page.certificate.grade == "open" else "closed"


def _tip(tip: Tip) -> str:
    parts = [tip.model or "model unknown"]
    parts += [f"{tip.needle_count} needles"] if tip.needle_count is not None else []
    parts += [f"lot {tip.lot}"] if tip.lot is not None else []
    parts += [f"unit {tip.unit_id}"] if tip.unit_id is not None else []
    return ", ".join(parts)
