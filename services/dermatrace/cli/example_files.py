"""Treatment protocols with the examples that lie beside them, read from files."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dermatrace.errors import UsageError
from dermatrace.judge.example import ExampleFile
from dermatrace.registry.load import EXAMPLES_SUFFIX, FILE_MAX_BYTES, is_examples
from dermatrace.registry.marked_yaml import read_marked
from dermatrace.registry.problems import PROBLEMS_LISTED_MAX, Notebook
from dermatrace.registry.protocol_files import WrittenProtocol, read_protocols

_PLAIN = "Save it as plain text in UTF-8."


@dataclass(frozen=True, slots=True)
class Exemplified:
    """A treatment protocol and the examples it is tried with."""

    protocol: WrittenProtocol
    file: Path
    """Of the examples."""
    examples: ExampleFile


@dataclass(frozen=True, slots=True)
class ExampleFiles:
    """What some files hold."""

    found: list[Exemplified]
    without: list[Path]
    """Files of protocols that have no examples beside them."""


def read_examples(files: Sequence[Path]) -> ExampleFiles:
    """Read protocols and their examples; a file may be named by either.

    Raises UsageError with every mistake, or if there is not one example.
    """
    pairs = {_protocol_file(file).resolve(): _protocol_file(file) for file in files}
    notes, found, without = Notebook(), list[Exemplified](), list[Path]()
    for protocol_file in pairs.values():
        beside = protocol_file.with_name(protocol_file.stem + EXAMPLES_SUFFIX)
        if not beside.is_file():
            without.append(protocol_file)
            continue
        protocols = read_protocols([protocol_file]).without_mistakes()
        found += _exemplified(beside, protocols, notes)
    if notes.problems:
        listed = [str(problem) for problem in notes.problems[:PROBLEMS_LISTED_MAX]]
        raise UsageError("\n".join(listed), remedy=f"{len(notes.problems)} to correct.")
    if not found:
        named = ", ".join(map(str, without)) or "what was named"
        remedy = f"Write NAME{EXAMPLES_SUFFIX} beside NAME.yaml; the library has some to copy from."
        raise UsageError(f"no examples beside {named}", remedy=remedy)
    return ExampleFiles(found, without)


def _protocol_file(file: Path) -> Path:
    if not is_examples(file):
        return file
    return file.with_name(file.name.removesuffix(EXAMPLES_SUFFIX) + ".yaml")


def _exemplified(
    file: Path, protocols: Iterable[WrittenProtocol], notes: Notebook
) -> Iterator[Exemplified]:
    """Yield each set of examples with its protocol: of several versions the last in the file."""
    by_id = {protocol.registry_id: protocol for protocol in protocols}
    name, text = str(file), _text(file, notes)
    for marked in read_marked(text, lambda *problem: notes.add(name, *problem)):
        try:
            examples = ExampleFile.model_validate_json(json.dumps(marked.value))
        except ValidationError as error:
            notes.add_all(name, marked, error)
            continue
        protocol = by_id.get(examples.protocol)
        if protocol is None:
            what = f"there is no protocol {examples.protocol} beside it"
            remedy = f"It holds {', '.join(by_id)}."
            notes.add(name, marked.line_of(("protocol",)), ("protocol",), what, remedy)
        else:
            yield Exemplified(protocol, file, examples)


def _text(file: Path, notes: Notebook) -> str:
    try:
        if file.stat().st_size <= FILE_MAX_BYTES:
            return file.read_text(encoding="utf-8")
        notes.add(str(file), 1, (), f"has more than {FILE_MAX_BYTES} bytes", "Split it.")
    except (OSError, UnicodeDecodeError) as error:
        notes.add(str(file), 1, (), f"cannot be read: {error}", _PLAIN)
    return ""
