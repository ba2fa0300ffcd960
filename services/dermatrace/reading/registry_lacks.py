"""What a clinic's registry lacks before the first day of treatments, and what to do about each."""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from dermatrace.journal.reader import JournalReader
from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.judge.registry_reading import read_history
from dermatrace.reading.looked_at import Finding
from dermatrace.reading.registry_standing import Standing
from dermatrace_schemas.quantities import Limit
from dermatrace_schemas.registry_devices import DeviceModelContent
from dermatrace_schemas.registry_models import ClinicContent, DeviceContent, DirectorContent
from dermatrace_schemas.registry_protocols import ApprovalContent

SESSIONS_ASKED_MAX: Final = 1_000
"""Newest sessions whose senders must be registered; of older ones nobody can be asked any more."""
NAMED_MAX: Final = 6
"""Things one line names; of the others it gives the number."""


def look_at_registry(journal_file: Path, at_ms: int) -> Iterator[Finding]:
    """Yield what each clinic on record lacks at a moment; one line that all is well if nothing."""
    history, heard = RegistryHistory(), set[tuple[str, str]]()
    if journal_file.exists():
        with JournalReader(journal_file) as reader:
            history = read_history(reader)
            sessions = reader.streams_of_class("session", newest=SESSIONS_ASKED_MAX)
            heard = {(session.key.clinic, session.key.sender) for session in sessions}
    yield from look_at_clinics(history, heard, at_ms)


def look_at_clinics(
    history: RegistryHistory,
    heard: AbstractSet[tuple[str, str]],
    at_ms: int,
    *,
    only: Callable[[str], bool] = lambda _: True,
) -> Iterator[Finding]:
    """Yield what some clinics lack, of whom sessions were heard under clinic and sender."""
    if not history.clinics():
        remedy = "`dermatrace registry import` comes first: clinic, people, devices, protocols."
        yield Finding("registry", ok=False, found="nothing is on record", remedy=remedy)
        return
    for clinic in sorted({*history.clinics(), *(name for name, _ in heard)}):
        if not only(clinic):
            continue
        standing = Standing(history, clinic, at_ms)
        senders = sorted(sender for name, sender in heard if name == clinic)
        lacks = list(_look(standing, senders))
        yield from lacks
        if all(finding.ok for finding in lacks):
            yield Finding(f"{clinic}: registry", ok=True, found="nothing it needs is missing")


def _look(standing: Standing, senders: list[str]) -> Iterator[Finding]:
    yield from _clinic(standing)
    yield from _people(standing)
    yield from _approvals(standing)
    yield from _protocols(standing)
    yield from _devices(standing)
    yield from _senders(standing, senders)
    yield from _conflicts(standing)


def _clinic(standing: Standing) -> Iterator[Finding]:
    clinic = standing.find("clinic", standing.clinic)
    if clinic is None or not isinstance(clinic.content, ClinicContent):
        yield _lack(standing, "clinic", "no such document", "Import one of `kind: clinic`.")
        return
    if clinic.content.time_zone is None:
        remedy = "Add `time_zone`, for example Europe/Vienna, in a new version of the clinic."
        yield _lack(standing, "time zone", "not stated, so it has no days of its own", remedy)
    jurisdiction_id = clinic.content.jurisdiction_id
    if jurisdiction_id is None:
        remedy = "Add `jurisdiction_id` in a new version of the clinic."
        yield _lack(standing, "jurisdiction", "the clinic names none", remedy)
    elif standing.find("jurisdiction", jurisdiction_id) is None:
        remedy = f"Import the jurisdiction {jurisdiction_id}, or correct the clinic."
        yield _lack(standing, "jurisdiction", f"{jurisdiction_id} is not on record", remedy)


def _people(standing: Standing) -> Iterator[Finding]:
    appointments = [
        version.content
        for version in standing.all_in_force("director")
        if isinstance(version.content, DirectorContent)
    ]
    if all(appointment.deputy for appointment in appointments):
        remedy = "Import one of `kind: director` that is valid today: without, nothing medical."
        yield _lack(standing, "medical director", "nobody is one today", remedy)
    if not any(appointment.deputy for appointment in appointments):
        remedy = "Worth having: a director who is away can neither approve nor sign."
        what = f"{standing.clinic}: deputy director"
        yield Finding(what, ok=True, found="nobody is one today", remedy=remedy)
    if not standing.all_in_force("operator"):
        remedy = "Import one of `kind: operator` for each person who treats, valid today."
        yield _lack(standing, "operators", "nobody may treat today", remedy)


def _approvals(standing: Standing) -> Iterator[Finding]:
    for approval in standing.newest("approval"):
        content, (_, until_ms) = approval.content, approval.validity_ms
        is_over = until_ms is not None and until_ms <= standing.at_ms
        if is_over or not isinstance(content, ApprovalContent):
            continue
        if standing.history.by_digest(standing.clinic, content.protocol_digest) is None:
            found = f"it approves {content.protocol_id} {content.protocol_version}, which"
            remedy = "Import exactly that version, or approve one that is on record."
            what = f"approval {approval.registry_id}"
            yield _lack(standing, what, f"{found} is not on record with that digest", remedy)


def _protocols(standing: Standing) -> Iterator[Finding]:
    approved = [
        version
        for thing in standing.history.things(standing.clinic, "protocol")
        for version in standing.history.versions(standing.clinic, *thing)
        if standing.approvals_of(version.digest)
    ]
    if not approved:
        remedy = "Import one of `kind: approval`, given by a director who is one today."
        yield _lack(standing, "treatment protocols", "none is approved today", remedy)
    for version in approved:
        unset = [name for name, limit in _limits("", version.content) if limit.value is None]
        if unset:
            found = f"{len(unset)} limits unset: {_named(unset)}"
            remedy = "What is unset judges nothing: the director enters it in a new version."
            yield _lack(standing, f"protocol {version.registry_id}", found, remedy)


def _devices(standing: Standing) -> Iterator[Finding]:
    for device in standing.all_in_force("device"):
        if not isinstance(device.content, DeviceContent):
            continue
        what, model_id = f"device {device.registry_id}", device.content.device_model_id
        model = standing.find("device_model", model_id)
        if model is None:
            remedy = "Import the model; some ship with the library: `--with-library`."
            yield _lack(standing, what, f"its model {model_id} is not on record", remedy)
        elif isinstance(model.content, DeviceModelContent) and not model.content.clearances:
            remedy = "Add `clearances` as the maker states them, in a new version of the model."
            yield _lack(standing, what, f"its model {model_id} has no clearance", remedy)


def _senders(standing: Standing, senders: list[str]) -> Iterator[Finding]:
    # Registered at any time: that a device has been retired since makes nobody unknown.
    known = {
        version.content.sender
        for version in standing.newest("device")
        if isinstance(version.content, DeviceContent)
    }
    unknown = [sender for sender in senders if sender not in known]
    if unknown:
        found = f"sessions came from {_named(unknown)}, no registered device"
        remedy = "Import one of `kind: device` for each, with this sender and its model."
        yield _lack(standing, "senders", found, remedy)


def _conflicts(standing: Standing) -> Iterator[Finding]:
    for kind, registry_id in standing.history.things(standing.clinic):
        conflicts = standing.history.conflicts(standing.clinic, kind, registry_id)
        if conflicts:
            versions = _named(sorted({conflict.version for conflict in conflicts}))
            remedy = f"Give it a new version. See `registry history {kind} {registry_id}`."
            found = f"other content was sent under version {versions}; it does not count"
            yield _lack(standing, f"{kind} {registry_id}", found, remedy)


def _limits(name: str, part: object) -> Iterator[tuple[str, Limit]]:
    """Yield each limit of a content and where it stands there."""
    if isinstance(part, Limit):
        yield (name if part.quantity in name else f"{name} ({part.quantity})"), part
    elif isinstance(part, BaseModel):
        for inner, value in part:
            yield from _limits(f"{name}.{inner}".removeprefix("."), value)
    elif isinstance(part, list):
        for place, item in enumerate(part):
            yield from _limits(f"{name}.{place}", item)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(islice(names, NAMED_MAX)) + more


def _lack(standing: Standing, what: str, found: str, remedy: str) -> Finding:
    return Finding(f"{standing.clinic}: {what}", ok=False, found=found, remedy=remedy)
