"""Treatment protocols as somebody writes them, with nothing about them to look at."""

from pathlib import Path
from typing import Final

from dermatrace.registry.protocol_files import WrittenProtocol, read_protocols

NANO: Final = """\
kind: protocol
id: own
version: "1"
content:
  title: Our own
  treatment: nano_needling
  settings: [clinic]
  example: false
  zones: [cheek, chin]
  bands:
    - upper: {quantity: depth, unit: mm, value: 0.25, source: a page, trust: S}
    - upper: {quantity: pass_count, unit: "1", value: 3, source: a page, trust: S}
  depth_persistence: {quantity: persistence, unit: "1", value: 100, source: a page, trust: S}
  data_coverage_min: {quantity: data_coverage, unit: "1", value: 0.9, source: a page, trust: S}
  gates: [plan, director, consent, exam, answers, test_spot]
  contraindications:
    - {question: active_implant, answers: ["yes", unknown], strength: absolute}
    - {question: pregnancy, answers: ["yes"], strength: relative}
  endpoints_forbidden: [bleeding, pinpoint_bleeding]
"""
ROOM: Final = 'kind: room\nid: room-1\nversion: "1"\nclinic: north\ncontent:\n  name: Room 1\n'


def with_words(text: str, *changes: tuple[str, str]) -> str:
    """Return a text with words in place of others, each of which stands in it exactly once."""
    for old, new in changes:
        assert text.count(old) == 1, f"{text.count(old)} times {old!r}"
        text = text.replace(old, new)
    return text


MEDICAL: Final = with_words(NANO, ("nano_needling", "medical_needling"), ("0.25", "1.5"))
RF: Final = with_words(MEDICAL, ("medical_needling", "rf_needling"))


def written(folder: Path, text: str) -> WrittenProtocol:
    """Return the one protocol of a text, read from a file."""
    file = folder / "own.yaml"
    file.write_text(text, encoding="utf-8")
    (protocol,) = read_protocols([file]).without_mistakes()
    return protocol
