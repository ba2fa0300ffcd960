"""Which treatment protocol is meant, in a file or on record, and how it stands at each clinic."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace.judge.registry_reading import read_history
from dermatrace.reading.protocol_standing import protocol_standing
from dermatrace.reading.registry_standing import Standing
from dermatrace.registry.protocol_files import read_protocols
from dermatrace_schemas.registry_protocols import ProtocolContent


@dataclass(frozen=True, slots=True)
class FoundProtocol:
    """One version of a treatment protocol, wherever it was found."""

    registry_id: str
    version: str
    digest: str
    content: ProtocolContent
    origin: str
    """File and line, or the clinics that have it on record."""

    def as_json(self) -> dict[str, Any]:
        """Return what names it."""
        return {
            "registry_id": self.registry_id,
            "version": self.version,
            "digest": self.digest,
            "origin": self.origin,
        }

    def __str__(self) -> str:
        return f"{self.registry_id}, version {self.version}, {self.origin}"


def find_protocols(
    named: str, journal_file: Path, *, version: str | None = None, clinic: str | None = None
) -> list[FoundProtocol]:
    """Return what a file holds, or the one version on record that is meant by an id.

    Without a version that is the newest on record. Raises UsageError if there is none.
    """
    path = Path(named)
    if path.is_file():
        return _in_file(path, version)
    if path.suffix in {".yaml", ".yml"} or path.name != named:
        raise UsageError(f"there is no file {named}", remedy="Name a file, or an id on record.")
    return [_on_record(named, journal_file, version, clinic)]


def find_one_protocol(named: str, journal_file: Path, clinic: str | None) -> FoundProtocol:
    """Return what `FILE`, `FILE@VERSION`, `ID` or `ID@VERSION` means.

    Raises UsageError if there is none, or if a file holds several.
    """
    whole, version = named, None
    if "@" in named and not Path(named).is_file():
        whole, _, version = named.rpartition("@")
    found = find_protocols(whole, journal_file, version=version, clinic=clinic)
    if len(found) > 1:
        held = ", ".join(f"{one.registry_id}@{one.version}" for one in found)
        raise UsageError(
            f"{whole} holds {held}",
            remedy=f"Write {whole}@VERSION; of several ids, give each a file of its own.",
        )
    return found[0]


def standings(
    found: FoundProtocol, journal_file: Path, *, clinic: str | None, at_ms: int
) -> list[dict[str, Any]]:
    """Return how a version stands at each clinic that has one of its name on record."""
    if not journal_file.exists():
        return []
    with JournalReader(journal_file) as reader:
        history = read_history(reader)
        return [
            protocol_standing(
                reader, Standing(history, version.clinic, at_ms), version, found.digest
            )
            for version in _versions(history, found.registry_id, clinic)
            if version.version == found.version
        ]


def _in_file(path: Path, version: str | None) -> list[FoundProtocol]:
    written = read_protocols([path]).without_mistakes()
    found = [
        FoundProtocol(
            one.registry_id, one.version, one.digest, one.content, f"{one.file}:{one.line}"
        )
        for one in written
        if version in {None, one.version}
    ]
    if not found:
        held = ", ".join(f"{one.registry_id}@{one.version}" for one in written)
        raise UsageError(f"{path} has no version {version}", remedy=f"It holds {held}.")
    return found


def _on_record(
    registry_id: str, journal_file: Path, version: str | None, clinic: str | None
) -> FoundProtocol:
    if not journal_file.exists():
        raise UsageError(
            f"there is neither a file {registry_id} nor a record in {journal_file.parent}",
            remedy="Name the file, or the folder of the record with --data.",
        )
    with JournalReader(journal_file) as reader:
        known = _versions(read_history(reader), registry_id, clinic)
    if not known:
        raise UsageError(
            f"no protocol {registry_id} is on record" + (f" at {clinic}" if clinic else ""),
            remedy="`dermatrace registry list --kind protocol` shows what is.",
        )
    # Of each clinic the last one named so: without a version the newest.
    meant = {one.clinic: one for one in known if version in {None, one.version}}
    if not meant:
        held = ", ".join(dict.fromkeys(one.version for one in known))
        raise UsageError(f"there is no version {version}", remedy=f"On record are: {held}.")
    chosen, *others = meant.values()
    if any((other.version, other.digest) != (chosen.version, chosen.digest) for other in others):
        held = ", ".join(f"{one.clinic} has version {one.version}" for one in meant.values())
        raise UsageError(
            f"clinics differ in {registry_id}: {held}, not all with the same digest",
            remedy="--clinic picks one.",
        )
    content = chosen.content
    assert isinstance(content, ProtocolContent)  # noqa: S101  its kind says so
    where = f"on record at {', '.join(meant)}"
    return FoundProtocol(registry_id, chosen.version, chosen.digest, content, where)


def _versions(history: RegistryHistory, registry_id: str, clinic: str | None) -> list[Version]:
    """Return every version on record, clinic by clinic, the oldest first."""
    return [
        known
        for name in history.clinics()
        if clinic in {None, name}
        for known in history.versions(name, "protocol", registry_id)
    ]
