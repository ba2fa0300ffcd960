"""A clinic's folders of YAML files, read into documents of the registry.

Each document of a file is one version of one thing:

    kind: room                  # what it is
    id: north-room-1
    version: "1"                # another content is another version, never an edit
    clinic: north-clinic        # whose it is; left out: of every clinic
    content:
      name: Treatment room 1

They are recorded in the order of the files' names, and within a file from top to bottom: of two
versions of one thing the newer comes last. Folders inside the folder are not read. Several folders
are read as one, in the order in which they are given, so that one may name what is in another.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, cast

from pydantic import JsonValue, ValidationError, model_validator

from dermatrace.errors import UsageError
from dermatrace.registry.marked_yaml import Marked, read_marked
from dermatrace.registry.problems import MS, FolderError, Notebook, Problem
from dermatrace.registry.references import FolderDocument, warnings_of
from dermatrace.registry.sending import check_facts
from dermatrace.registry.times import utc_ms_of
from dermatrace_schemas import catalogue
from dermatrace_schemas.document import Closed
from dermatrace_schemas.identifiers import CLINIC_PATTERN, ClinicId, RegistryId, ShortText
from dermatrace_schemas.parse import Unreadable
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry import digest_of_content

FILES_PER_FOLDER_MAX: Final = 1_000
"""A folder with more is no clinic's registry but another one, named by mistake: refused."""
FILE_MAX_BYTES: Final = 1024 * 1024
"""Room for four of the largest documents; a larger file is refused."""
EXAMPLES_SUFFIX: Final = ".examples.yaml"
"""Of the examples of `NAME.yaml`, which are `NAME.examples.yaml` beside it."""

_MODELS: Final = {
    catalogue.kind_of(model).removeprefix("registry."): cast(
        "type[Closed]", model.model_fields["content"].annotation
    )
    for model in catalogue.REGISTRY_DOCUMENTS
    if "content" in model.model_fields
}


class _Envelope(Closed):
    kind: RegistryKind
    id: RegistryId
    version: ShortText
    clinic: ClinicId | None = None
    content: dict[str, JsonValue]

    @property
    def owner(self) -> str | None:
        """The clinic it belongs to; a clinic is its own, an approval says itself for which."""
        owner = self.id if self.kind == "clinic" else self.content.get("clinic", self.clinic)
        return None if owner is None else str(owner)

    @model_validator(mode="after")
    def _belongs_to_one_clinic(self) -> Self:
        if self.clinic not in {None, self.owner}:
            raise ValueError(f"it is about {self.owner}, so it cannot belong to {self.clinic}")
        if self.kind == "clinic" and re.match(CLINIC_PATTERN, self.id) is None:
            raise ValueError(f"the id of a clinic must match {CLINIC_PATTERN}")
        return self


@dataclass(frozen=True, slots=True)
class _Draft:
    file: str
    marked: Marked
    envelope: _Envelope


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder holds, ready to be sent."""

    documents: list[FolderDocument]
    warnings: list[Problem]
    """What to look at; none of it keeps the folder from being sent."""

    @property
    def clinics(self) -> list[str]:
        """Every clinic to which something in the folder belongs."""
        return sorted({document.clinic for document in self.documents if document.clinic})

    def documents_of(self, clinic: str) -> list[FolderDocument]:
        """Return what goes on record at a clinic: what is its own, and what is every clinic's."""
        return [document for document in self.documents if document.is_at(clinic)]


def is_examples(path: Path) -> bool:
    """Whether a file holds examples to try a treatment protocol with, and nothing to import."""
    return path.name.endswith(EXAMPLES_SUFFIX)


def load_folder(folder: Path) -> Folder:
    """Read all `*.yaml` files of a folder, but not the examples that lie beside protocols.

    Raises UsageError if there are none; FolderError with every mistake in every file.
    """
    return load_folders([folder])


def load_folders(folders: Sequence[Path]) -> Folder:
    """Read all `*.yaml` files of several folders as if they lay in one.

    Raises UsageError if one holds none; FolderError with every mistake in every file.
    """
    notes = Notebook()
    # A folder that is given twice is read once: it does not contradict itself.
    given = list({folder.resolve(): folder for folder in folders}.values())
    files = [file for folder in given for file in _files(folder, notes, is_alone=len(given) == 1)]
    drafts = [draft for name, path in files for draft in _read(name, path, notes)]
    desk = _Desk(notes, drafts)
    # Approvals last: they may leave it to us to look up the digest of the protocol they approve.
    for place in sorted(range(len(drafts)), key=lambda n: drafts[n].envelope.kind == "approval"):
        desk.take(place, drafts[place])
    if notes.problems:
        raise FolderError(", ".join(map(str, given)), notes.problems)
    documents = [document for _, document in sorted(desk.taken.items())]
    return Folder(documents, warnings_of(documents))


def _files(folder: Path, notes: Notebook, *, is_alone: bool) -> list[tuple[str, Path]]:
    """Return the files and what they are called: among several folders a name is not enough."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", remedy="Name the folder of the YAML files.")
    files = sorted(path for path in folder.glob("*.yaml") if not is_examples(path))
    if not 0 < len(files) <= FILES_PER_FOLDER_MAX:
        raise UsageError(
            f"{folder} holds {len(files)} files *.yaml",
            remedy=f"Name a folder with 1 to {FILES_PER_FOLDER_MAX} of them.",
        )
    for path in folder.glob("*.yml"):
        name = path.name if is_alone else str(path)
        notes.add(name, 1, (), "a file named .yml is not read", "Rename it to .yaml.")
    return [(path.name if is_alone else str(path), path) for path in files]


def _read(name: str, path: Path, notes: Notebook) -> list[_Draft]:
    drafts: list[_Draft] = []
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            notes.add(name, 1, (), f"has more than {FILE_MAX_BYTES} bytes", "Split it.")
            return []
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        notes.add(name, 1, (), f"cannot be read: {error}", "Save it as plain text in UTF-8.")
        return []
    for marked in read_marked(text, lambda *problem: notes.add(name, *problem)):
        try:
            envelope = _Envelope.model_validate_json(json.dumps(marked.value))
        except ValidationError as error:
            notes.add_all(name, marked, error)
        else:
            drafts.append(_Draft(name, marked, envelope))
    return drafts


class _Desk:
    """Turns drafts into documents, one after the other."""

    def __init__(self, notes: Notebook, drafts: list[_Draft]) -> None:
        self.taken: dict[int, FolderDocument] = {}
        self._notes = notes
        self._time_zones = {
            draft.envelope.id: draft.envelope.content.get("time_zone")
            for draft in drafts
            if draft.envelope.kind == "clinic"
        }

    def take(self, place: int, draft: _Draft) -> None:
        """Make a document of a draft, or note why it cannot be one."""
        envelope, line = draft.envelope, draft.marked.line_of(())
        content = self._with_times(draft)
        if envelope.kind == "approval":
            content = self._digest_approved(content, envelope.owner) | content
        try:
            read = _MODELS[envelope.kind].model_validate_json(json.dumps(content))
        except ValidationError as error:
            self._notes.add_all(draft.file, draft.marked, error, "content")
            return
        named, digest = (envelope.kind, envelope.id, envelope.version), digest_of_content(read)
        document = FolderDocument(*named, envelope.owner, content, digest, draft.file, line)
        for other in self.taken.values():
            if other.named == named and (envelope.owner is None or other.is_at(envelope.owner)):
                what = f"this version is given before, in {other.file}:{other.line}"
                self._notes.add(draft.file, line, ("version",), what, "Give it a new version.")
                return
        try:
            check_facts(f"registry.{envelope.kind}", document.facts)
        except Unreadable as error:
            self._notes.add(draft.file, line, tuple(error.path.split(".")), error.detail)
        else:
            self.taken[place] = document

    def _with_times(self, draft: _Draft) -> dict[str, JsonValue]:
        """Return the content with each time that is written as one in milliseconds."""
        given, known = draft.envelope.content, _MODELS[draft.envelope.kind].model_fields
        time_zone = self._time_zones.get(draft.envelope.owner or "")
        content: dict[str, JsonValue] = {}
        for written, value in given.items():
            name = written + MS
            if value is None or name not in known or name in given:
                content[written] = (
                    value  # no time, or for the model to refuse: it knows one of both
                )
                continue
            try:
                content[name] = utc_ms_of(str(value), str(time_zone) if time_zone else None)
            except ValueError as error:
                path = ("content", written)
                remedy = "Write 2026-03-01T09:30:00+01:00, or 2026-03-01 for the clinic's own day."
                self._notes.add(draft.file, draft.marked.line_of(path), path, str(error), remedy)
                content[name] = value  # the model refuses it, and finds what else is wrong
        return content

    def _digest_approved(
        self, content: dict[str, JsonValue], owner: str | None
    ) -> dict[str, JsonValue]:
        """Return the digest of the version approved, if this folder holds it."""
        approved = ("protocol", content.get("protocol_id"), content.get("protocol_version"))
        for document in self.taken.values():
            if document.named == approved and document.is_at(owner):
                return {"protocol_digest": document.digest}
        return {}
