"""What is known of devices: from the registry, from what they say of themselves, and their use."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final, Literal

from dermatrace.console.desk import Desk
from dermatrace.console.facts import Facts
from dermatrace.journal.reader import JournalReader, SenderRecord
from dermatrace.judge.device_usage import DeviceMonth, device_months
from dermatrace.judge.registry_history import Version
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.parse import parse
from dermatrace_schemas.registry_devices import DeviceModelContent
from dermatrace_schemas.registry_models import DeviceContent
from dermatrace_schemas.topics import ReportClass, Topic

_MS_PER_DAY: Final = 86_400_000


class Usage(Facts):
    """Sums over sessions; nothing about anybody."""

    session_count: int = 0
    contact_stroke_count: int = 0
    treatment_shot_count: int = 0
    technical_finding_count: int = 0
    rating_finding_count: int = 0
    """Findings beyond what the device is rated for."""


class Month(Usage):
    """One month of the clinic's calendar."""

    month: str | None
    """Like 2026-03; null: sessions whose day nobody knows."""
    data_coverage: float | None
    """Mean of the sessions that have one."""


class SaidOfItself(Facts):
    """What a device announced last; compared with the registry, never trusted instead of it."""

    vendor: str
    model: str
    serial: str
    firmware: str | None
    hardware: str | None


class DeviceItem(Facts):
    """One device: registered, or heard of under a sender id that nobody registered."""

    clinic: str
    sender: str
    device_id: str | None
    """Its name in the registry; null if nobody registered it."""
    why_not: str
    """Why it is not in service; empty if it is."""
    device_model_id: str | None
    vendor: str | None
    model: str | None
    modality: str | None
    serial: str | None
    room_id: str | None
    clearances: list[str]
    """As the maker states them, by the model on record; empty: none is known."""
    announced: SaidOfItself | None
    differs: list[Literal["vendor", "model", "serial"]]
    """Where it says something else of itself than the registry does."""
    state: Literal["online", "offline", "in_session", "fault"] | None
    """As it said last; null if it never said."""
    session_count: int
    """On record."""
    last_received_ms: int | None
    """Newest document of a session, by the recorder's clock."""
    usage: Usage
    """Over all judged sessions."""


def devices_for(desk: Desk) -> Iterator[DeviceItem]:
    """Yield the devices that a visitor may see, by clinic and sender.

    A vendor sees those whose registered model is of this vendor: what a device says of itself
    opens nothing.
    """
    journal = desk.record.journal
    if journal is None:
        return
    heard = {(one.clinic, one.sender): one for one in journal.senders()}
    months = months_of(desk)
    for clinic in sorted({*desk.clinics(), *(c for c, _ in heard if desk.visitor.may_see(c))}):
        standing = Standing(desk.record.registry(), clinic, desk.now_ms)
        registered = {
            version.content.sender: version
            for version in standing.newest("device")
            if isinstance(version.content, DeviceContent)
        }
        for sender in sorted({*registered, *(s for c, s in heard if c == clinic)}):
            known = heard.get((clinic, sender), SenderRecord(clinic, sender, 0, None))
            used = [month for month in months if (month.clinic, month.sender) == (clinic, sender)]
            item = _item(journal, standing, known, registered.get(sender), used)
            if desk.visitor.role != "vendor":
                yield item
            elif item.vendor is not None and item.vendor == desk.visitor.vendor:
                yield _without_traces(item)


def months_of(desk: Desk) -> list[DeviceMonth]:
    """Return the use of every device month by month; nothing without an index."""
    return [] if desk.record.index is None else device_months(desk.record.index)


def month_facts(month: DeviceMonth) -> Month:
    """Return one month as it is told."""
    told = asdict(month)
    return Month(**{name: told[name] for name in Month.model_fields})


def _without_traces(item: DeviceItem) -> DeviceItem:
    """Return what a vendor sees: on which day, not when; at which clinic, not in which room.

    An exact time and a room can lead to who was treated then.
    """
    heard_ms = item.last_received_ms
    day_ms = None if heard_ms is None else heard_ms - heard_ms % _MS_PER_DAY
    return item.model_copy(update={"room_id": None, "last_received_ms": day_ms})


def _item(
    journal: JournalReader,
    standing: Standing,
    heard: SenderRecord,
    device: Version | None,
    used: list[DeviceMonth],
) -> DeviceItem:
    content = device.content if device is not None else None
    known = content if isinstance(content, DeviceContent) else None
    model_version = None if known is None else standing.find("device_model", known.device_model_id)
    found = None if model_version is None else model_version.content
    model = found if isinstance(found, DeviceModelContent) else None
    announced = _announced(journal, heard)
    return DeviceItem(
        clinic=heard.clinic,
        sender=heard.sender,
        device_id=None if device is None else device.registry_id,
        why_not="nobody registered it" if device is None else standing.why_not(device),
        device_model_id=None if known is None else known.device_model_id,
        vendor=None if model is None else model.vendor,
        model=None if model is None else model.model,
        modality=None if model is None else model.modality,
        serial=None if known is None else known.serial,
        room_id=None if known is None else known.room_id,
        clearances=[] if model is None else list(_clearances(model)),
        announced=announced,
        differs=_differences(announced, model, known),
        state=_state(journal, heard),
        session_count=heard.session_count,
        last_received_ms=heard.last_received_ms,
        usage=Usage(
            **{name: sum(getattr(month, name) for month in used) for name in Usage.model_fields}
        ),
    )


def _clearances(model: DeviceModelContent) -> Iterator[str]:
    for one in model.clearances:
        said = (one.authority, one.device_class and f"class {one.device_class}", one.regulation)
        yield ", ".join(part for part in (*said, one.product_code, one.submission) if part)


def _report(journal: JournalReader, heard: SenderRecord, report: ReportClass) -> object:
    entry = journal.report(str(Topic(heard.clinic, heard.sender, report)))
    return None if entry is None or entry.payload is None else parse(report, entry.payload)


def _announced(journal: JournalReader, heard: SenderRecord) -> SaidOfItself | None:
    said = _report(journal, heard, "announcement")
    if not isinstance(said, Announcement):
        return None
    told = said.device.model_dump()
    return SaidOfItself(**{name: told[name] for name in SaidOfItself.model_fields})


def _state(
    journal: JournalReader, heard: SenderRecord
) -> Literal["online", "offline", "in_session", "fault"] | None:
    said = _report(journal, heard, "status")
    return said.state if isinstance(said, Status) else None


def _differences(
    announced: SaidOfItself | None, model: DeviceModelContent | None, device: DeviceContent | None
) -> list[Literal["vendor", "model", "serial"]]:
    if announced is None or device is None:
        return []
    differs: list[Literal["vendor", "model", "serial"]] = []
    if model is not None and announced.vendor != model.vendor:
        differs.append("vendor")
    if model is not None and announced.model != model.model:
        differs.append("model")
    if announced.serial != device.serial:
        differs.append("serial")
    return differs
