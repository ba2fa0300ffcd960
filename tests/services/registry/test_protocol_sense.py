"""Whether a correct protocol makes sense: one mistake, and everything a director should look at."""

from pathlib import Path

import pytest

from dermatrace.registry.protocol_files import WrittenProtocol, read_protocols
from dermatrace.registry.protocol_sense import doubts_of, mistakes_of
from dermatrace.registry.shipped import shipped_folders
from dermatrace_schemas.library import sample_clinic
from support.protocol_texts import MEDICAL, NANO, RF, with_words, written

LIBRARY = [
    protocol
    for folder in (sample_clinic(), *shipped_folders())
    for protocol in read_protocols(sorted(folder.glob("*.yaml"))).protocols
]


@pytest.mark.parametrize("text", [NANO, MEDICAL, RF], ids=["nano", "medical", "rf"])
def test_nothing_is_said_of_what_makes_sense(tmp_path: Path, text: str) -> None:
    protocol = written(tmp_path, text)
    assert (mistakes_of(protocol), doubts_of(protocol)) == ([], [])


@pytest.mark.parametrize("protocol", LIBRARY, ids=lambda protocol: protocol.registry_id)
def test_shipped_protocol_lacks_nothing_but_what_a_director_must_enter(
    protocol: WrittenProtocol,
) -> None:
    assert mistakes_of(protocol) == []
    doubts = [doubt for doubt in doubts_of(protocol) if not doubt.what.endswith("is not set")]
    assert [doubt.field for doubt in doubts] == ["content.example"]


def test_rf_at_home_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes_of(written(tmp_path, with_words(RF, ("[clinic]", "[clinic, home]"))))
    assert (mistake.line, mistake.field) == (7, "content.settings.1")
    assert mistakes_of(written(tmp_path, with_words(NANO, ("[clinic]", "[home]")))) == []


@pytest.mark.parametrize(
    ("text", "change", "line", "field", "what"),
    [
        (
            MEDICAL,
            ("[plan, director, consent, exam, answers, test_spot]", "[plan, exam]"),
            15,
            "content.gates",
            "medical needling needs director, consent, answers",
        ),
        (RF, (", test_spot", ""), 15, "content.gates", "rf needling needs test_spot"),
        (
            RF,
            ('["yes", unknown], strength: absolute', '["yes", unknown], strength: relative'),
            17,
            "content.contraindications.0",
            "active_implant must be absolute in rf_needling, for yes and for unknown",
        ),
        (
            RF,
            ('["yes", unknown]', '["yes"]'),
            17,
            "content.contraindications.0",
            "active_implant must be absolute in rf_needling, for yes and for unknown",
        ),
        (
            RF,
            ("active_implant", "metal_in_field"),
            16,
            "content.contraindications",
            "rf_needling needs active_implant",
        ),
        (
            NANO,
            ("pregnancy", "pregnant"),
            18,
            "content.contraindications.1.question",
            "pregnant is not a published question",
        ),
        (
            NANO,
            ("0.25", "0.3"),
            11,
            "content.bands.0.upper.value",
            "0.3 mm is deeper than the 0.25 mm of nano needling",
        ),
        (
            with_words(NANO, ("nano_needling", "cosmetic_needling")),
            ("[bleeding, pinpoint_bleeding]", "[bleeding]"),
            19,
            "content.endpoints_forbidden",
            "cosmetic needling draws no blood, and pinpoint_bleeding is not forbidden",
        ),
        (
            NANO,
            ("  endpoints_f", "  endpoints_expected: [bleeding]\n  endpoints_f"),
            19,
            "content.endpoints_expected.0",
            "bleeding is expected and forbidden",
        ),
        (
            RF,
            ("  zones", "  device: {modality: pen}\n  zones"),
            9,
            "content.device.modality",
            "rf needling is not done with modality pen",
        ),
        (
            MEDICAL,
            ("example: false", "example: true"),
            8,
            "content.example",
            "an example: no session is ever called adherent to it",
        ),
    ],
)
def test_what_to_look_at_is_told_with_line_field_and_remedy(
    tmp_path: Path, text: str, change: tuple[str, str], line: int, field: str, what: str
) -> None:
    (doubt,) = doubts_of(written(tmp_path, with_words(text, change)))
    assert (doubt.line, doubt.field, doubt.what) == (line, field, what)
    assert doubt.remedy


def test_what_to_look_at_is_told_from_top_to_bottom(tmp_path: Path) -> None:
    text = with_words(RF, ("[cheek, chin]", "[cheek, chinn]"), ("1.5", "null"), (", exam", ""))
    lines = [doubt.line for doubt in doubts_of(written(tmp_path, text))]
    assert lines == [9, 11, 15]
