"""Treatment protocols as they are written in files, before anything is imported.

A file may hold other kinds too: they are left alone, for what they say depends on a whole folder.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from dermatrace.errors import UsageError
from dermatrace.registry.load import FILE_MAX_BYTES, is_examples
from dermatrace.registry.marked_yaml import Marked, read_marked
from dermatrace.registry.problems import PROBLEMS_LISTED_MAX, Notebook, Problem
from dermatrace.registry.references import FolderDocument
from dermatrace.registry.sending import check_facts
from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import ClinicId, RegistryId, ShortText
from dermatrace_schemas.parse import Unreadable
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry import digest_of_content
from dermatrace_schemas.registry_protocols import ProtocolContent


class _Kind(Closed):
    kind: RegistryKind


class _Envelope(Closed):
    kind: Literal["protocol"]
    id: RegistryId
    version: ShortText
    clinic: ClinicId | None = None
    content: ProtocolContent


@dataclass(frozen=True, slots=True)
class WrittenProtocol:
    """One version of a treatment protocol, and where each part of it stands."""

    registry_id: str
    version: str
    clinic: str | None
    """None: of every clinic."""
    digest: str
    """What an approval of it must name."""
    content: ProtocolContent
    file: str
    marked: Marked

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.marked.line_of(())

    def is_same_version_as(self, other: "WrittenProtocol") -> bool:
        """Whether both cannot be on record at one clinic."""
        if (self.registry_id, self.version) != (other.registry_id, other.version):
            return False
        return self.clinic == other.clinic or None in {self.clinic, other.clinic}


@dataclass(frozen=True, slots=True)
class ProtocolFiles:
    """What some files hold."""

    protocols: list[WrittenProtocol]
    mistakes: list[Problem]
    """Each of them keeps its file from being imported."""
    remarks: list[Problem]
    """Which other kinds a file holds: they were not looked at."""

    def without_mistakes(self) -> list[WrittenProtocol]:
        """Return the protocols. Raises UsageError with every mistake, or if there is none."""
        if self.mistakes:
            listed = [str(mistake) for mistake in self.mistakes[:PROBLEMS_LISTED_MAX]]
            raise UsageError("\n".join(listed), remedy=f"{len(self.mistakes)} to correct.")
        if not self.protocols:
            raise UsageError(
                "no treatment protocol in what was named",
                remedy="Name the files whose documents say `kind: protocol`.",
            )
        return self.protocols


def read_protocols(files: Sequence[Path]) -> ProtocolFiles:
    """Read every protocol and note every mistake; what can be read is read whatever the rest is."""
    notes, protocols, remarks = Notebook(), list[WrittenProtocol](), list[Problem]()
    # A file that is given twice is read once: it does not contradict itself.
    for file in {path.resolve(): path for path in files}.values():
        if is_examples(file):
            what, remedy = "not looked at: examples", "`protocols test` runs them."
            remarks.append(Problem(str(file), 1, "", what, remedy))
            continue
        others: dict[str, int] = {}
        for marked in _documents(file, notes):
            kind = _other_kind(marked)
            if kind is not None:
                others.setdefault(kind, marked.line_of(("kind",)))
            elif (protocol := _protocol(str(file), marked, notes)) is not None:
                _add(protocol, protocols, notes)
        if others:
            what, remedy = f"not looked at: {', '.join(others)}", "`registry check` does that."
            remarks.append(Problem(str(file), min(others.values()), "", what, remedy))
    return ProtocolFiles(protocols, notes.problems, remarks)


def _documents(file: Path, notes: Notebook) -> list[Marked]:
    name, plain = str(file), "Save it as plain text in UTF-8."
    try:
        if not file.is_file():
            notes.add(name, 1, (), "is not a file", "Name one, or several as FOLDER/*.yaml.")
            return []
        if file.stat().st_size > FILE_MAX_BYTES:
            notes.add(name, 1, (), f"has more than {FILE_MAX_BYTES} bytes", "Split it.")
            return []
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        notes.add(name, 1, (), f"cannot be read: {error}", plain)
        return []
    return read_marked(text, lambda *problem: notes.add(name, *problem))


def _other_kind(marked: Marked) -> RegistryKind | None:
    """Return a kind of the registry that is no protocol; a misspelt one is none, but a mistake."""
    said = marked.value.get("kind") if isinstance(marked.value, dict) else None
    try:
        kind = _Kind.model_validate_json(json.dumps({"kind": said})).kind
    except ValidationError:
        return None
    return None if kind == "protocol" else kind


def _protocol(file: str, marked: Marked, notes: Notebook) -> WrittenProtocol | None:
    try:
        read = _Envelope.model_validate_json(json.dumps(marked.value))
    except ValidationError as error:
        notes.add_all(file, marked, error)
        return None
    digest, line = digest_of_content(read.content), marked.line_of(())
    assert isinstance(marked.value, dict)  # noqa: S101  else it would not be an envelope
    content = marked.value["content"]
    assert isinstance(content, dict)  # noqa: S101  the same
    document = FolderDocument(
        "protocol", read.id, read.version, read.clinic, content, digest, file, line
    )
    try:
        check_facts("registry.protocol", document.facts)
    except Unreadable as error:
        path = tuple(error.path.split(".")) if error.path else ()
        notes.add(file, line, path, error.detail)
        return None
    return WrittenProtocol(read.id, read.version, read.clinic, digest, read.content, file, marked)


def _add(protocol: WrittenProtocol, known: list[WrittenProtocol], notes: Notebook) -> None:
    for other in known:
        if protocol.is_same_version_as(other):
            what = f"this version is given before, in {other.file}:{other.line}"
            notes.add(protocol.file, protocol.line, ("version",), what, "Give it a new version.")
            return
    known.append(protocol)
