"""What devices say of themselves, what the recorder notes and what it could not read, as lines."""

from typing import Final

from dermatrace.forward.line import line, prefix, tag, time_ns
from dermatrace.forward.measurement import UNKNOWN
from dermatrace.forward.measurements_device import DEVICE_STATE
from dermatrace.forward.measurements_recorder import RECORD_EVENT, REJECTION
from dermatrace.journal.entry import Entry, Reason
from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.session import DeviceDescriptor, SessionStarted, Tip
from dermatrace_schemas.system import SystemDocument

NOBODY: Final = {"clinic": UNKNOWN, "device": UNKNOWN}


def descriptor_tags(device: DeviceDescriptor) -> dict[str, str]:
    """Return the tags that a device's description of itself gives."""
    return {
        "firmware": tag(device.firmware),
        "modality": device.modality or UNKNOWN,
        "model": tag(device.model),
    }


def started_state(tags: dict[str, str], document: SessionStarted, at_ns: int) -> str:
    """Return what a device says of itself when a session begins.

    Nothing in the point names the session, and all sessions begin with the same number: two of
    them that begin without a clock are told apart by their place in the journal.
    """
    numbers = {
        "lifetime_session_number": document.lifetime_session_number,
        **_calibration(document.device),
        **_tip(document.tip),
    }
    texts = {"tip_unit_id": _unit(document.tip)}
    return _device_state(tags | {"source": "session"}, at_ns, numbers, texts)


def announced_state(tags: dict[str, str], document: Announcement, entry: Entry) -> str:
    """Return what a device announces."""
    numbers = _calibration(document.device)
    return _device_state(tags | {"source": "announcement"}, _received_ns(entry), numbers, {})


def status_state(tags: dict[str, str], document: Status, entry: Entry) -> str:
    """Return how a device says it is, or the broker says in its place."""
    numbers = {
        "lifetime_stroke_count": document.lifetime_stroke_count,
        "lifetime_shot_count": document.lifetime_shot_count,
        "battery_fraction": document.battery_fraction,
        "outbox_bytes": document.outbox_bytes,
        "is_offline": int(document.state == "offline"),
        **_tip(document.tip),
    }
    texts = {"state": document.state, "tip_unit_id": _unit(document.tip)}
    return _device_state(tags | {"source": "status"}, _received_ns(entry), numbers, texts)


def record_event(document: SystemDocument, entry: Entry) -> str:
    """Return what the recorder noted, with the stream it concerns if there is one."""
    stream = getattr(document, "stream", None)
    tags = NOBODY | {"session": UNKNOWN}
    if stream is not None:
        tags = {"clinic": stream.clinic, "device": stream.sender, "session": stream.stream_id}
    tags["event"] = document.kind.partition(".")[2]
    numbers = {"occurrence_count": 1, "entry_id": entry.entry_id}
    texts = {"reason": getattr(document, "reason", None)}
    return line(prefix(RECORD_EVENT, tags), _received_ns(entry), numbers, texts)


def rejection(entry: Entry, sender: tuple[str, str] | None, message_class: str) -> str:
    """Return a message that was kept and not understood."""
    clinic, device = (UNKNOWN, UNKNOWN) if sender is None else sender
    code = "conflict" if entry.reason is None else Reason.from_text(entry.reason).code
    tags = {"clinic": clinic, "device": device, "class": tag(message_class), "code": tag(code)}
    size = None if entry.payload is None else len(entry.payload)
    numbers = {"occurrence_count": 1, "entry_id": entry.entry_id, "payload_bytes": size}
    return line(prefix(REJECTION, tags), _received_ns(entry), numbers)


def _device_state(
    tags: dict[str, str],
    at_ns: int,
    numbers: dict[str, float | None],
    texts: dict[str, str | None],
) -> str:
    return line(prefix(DEVICE_STATE, tags), at_ns, {"occurrence_count": 1, **numbers}, texts)


def _received_ns(entry: Entry) -> int:
    # No document number tells these apart within a millisecond; their place in the journal does.
    return time_ns(entry.received_ms, entry.entry_id)


def _calibration(device: DeviceDescriptor) -> dict[str, float | None]:
    calibration = device.calibration
    return {
        "calibrated_ms": None if calibration is None else calibration.calibrated_ms,
        "calibration_due_ms": None if calibration is None else calibration.due_ms,
    }


def _tip(tip: Tip | None) -> dict[str, float | None]:
    return {
        "tip_attach_count": None if tip is None else tip.attach_count,
        "tip_shot_count": None if tip is None else tip.shot_count,
        "tip_expires_ms": None if tip is None else tip.expires_ms,
    }


def _unit(tip: Tip | None) -> str | None:
    return None if tip is None else tip.unit_id
