"""`dermatrace protocols test`, as it is typed."""

from pathlib import Path

import pytest

from dermatrace_schemas.library import sample_clinic
from support.program import Result
from support.program import command as dermatrace
from support.protocol_texts import NANO, with_words

LIBRARY = sample_clinic().parent / "treatment_protocols"
EXAMPLES = """\
protocol: own
examples:
  - name: as deep as may be
    readings:
      - {zone: cheek, strokes: 300, set_depth_mm: 0.25}
  - name: too deep
    readings:
      - {zone: cheek, strokes: 300, set_depth_mm: 0.5}
    expect:
      - {rule: depth.set_above, envelope: clinic_protocol, zone: cheek}
      - {rule: gate.unclassified}
"""


def _files(folder: Path, examples: str | None = EXAMPLES) -> Path:
    (folder / "own.yaml").write_text(NANO, encoding="utf-8")
    if examples is not None:
        (folder / "own.examples.yaml").write_text(examples, encoding="utf-8")
    return folder / "own.yaml"


def _test(*words: str | Path) -> Result:
    return dermatrace("protocols", "test", *words)


def test_examples_of_the_library_come_out_as_they_expect() -> None:
    result = _test(*sorted(LIBRARY.glob("*.yaml")))
    assert (result.exit_code, result.errors) == (0, "")
    assert result.output.splitlines()[-1].endswith(" examples, none not as expected")
    assert "DIFFERS" not in result.output


def test_examples_are_named_by_either_file_and_run_once(tmp_path: Path) -> None:
    file = _files(tmp_path)
    result = _test(file, tmp_path / "own.examples.yaml")
    assert result.output.splitlines() == [
        f"{tmp_path / 'own.examples.yaml'}: own version 1",
        "  ok      as deep as may be",
        "  ok      too deep",
        "2 examples, none not as expected",
    ]


def test_what_is_missing_and_what_is_unexpected_are_told_with_the_sentence(tmp_path: Path) -> None:
    changed = with_words(EXAMPLES, ("0.25}", "0.5}"), ("300, set_depth_mm: 0.5}\n    expect", ""))
    examples = EXAMPLES.replace("0.5}", "0.2}").replace("0.25}", "0.3}")
    result = _test(_files(tmp_path, examples))
    assert changed != EXAMPLES
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[1] == "  DIFFERS as deep as may be"
    assert lines[2].startswith("          unexpected: ")
    assert "was 0.3 mm at cheek, above the 0.25 mm of the treatment protocol own" in result.output
    assert "          missing: depth.set_above, clinic_protocol, cheek" in lines
    assert lines[-1] == "2 examples, 2 not as expected"


def test_json_has_what_was_raised_too(tmp_path: Path) -> None:
    (told,) = _test(_files(tmp_path), "--json").json()
    assert (told["protocol"], told["version"]) == ("own", "1")
    assert [example["ok"] for example in told["examples"]] == [True, True]
    raised = {finding["rule"] for finding in told["examples"][1]["raised"]}
    assert {"depth.set_above", "gate.unclassified"} <= raised


def test_protocol_without_examples_is_noted_beside_others(tmp_path: Path) -> None:
    lonely = tmp_path / "lonely.yaml"
    lonely.write_text(with_words(NANO, ("id: own", "id: lonely")), encoding="utf-8")
    result = _test(_files(tmp_path), lonely)
    assert result.exit_code == 0
    assert f"note: no examples beside {lonely}" in result.errors


def test_no_examples_at_all_is_asked_wrongly(tmp_path: Path) -> None:
    result = _test(_files(tmp_path, None))
    assert result.exit_code == 2
    assert "Write NAME.examples.yaml beside NAME.yaml" in result.errors


@pytest.mark.parametrize(
    ("examples", "told"),
    [
        (with_words(EXAMPLES, ("protocol: own", "protocol: other")), ":1: protocol: there is no"),
        (EXAMPLES.replace("strokes: 300", "strokes: many"), ":5: examples.0.readings.0.strokes"),
        (with_words(EXAMPLES, ("name: too deep", "title: too deep")), ":6: examples.1.name"),
        ("examples: [", "own.examples.yaml:"),
    ],
)
def test_mistake_in_the_examples_is_told_with_file_line_and_field(
    tmp_path: Path, examples: str, told: str
) -> None:
    result = _test(_files(tmp_path, examples))
    assert result.exit_code == 2
    assert told in result.errors
    assert "to correct" in result.errors


def test_mistake_in_the_protocol_is_told_first(tmp_path: Path) -> None:
    file = _files(tmp_path)
    file.write_text(with_words(NANO, ("unit: mm", "unit: Hz")), encoding="utf-8")
    result = _test(file)
    assert result.exit_code == 2
    assert "content.bands.0.upper" in result.errors
