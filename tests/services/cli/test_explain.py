"""`dermatrace explain`, as it is typed and as it is read."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from dermatrace.cli.explain import PAGE_COLUMNS, page_of
from dermatrace.judge.explanation import Difference, Explanation, Recomputed
from dermatrace.reading.explanation_text import as_plain
from dermatrace_schemas.verdict import VerdictFindingCleared
from support.explained import IN_README, example, example_output, fenced
from support.judged_clinic import MEDICAL
from support.program import Result
from support.program import command as dermatrace
from support.scribe import Scribe

EARLY = MEDICAL[3]
"""A session that came too early by the sample protocol: its first finding says so."""


def _explain(folder: Path, *words: str) -> Result:
    return dermatrace("explain", *words, "--data", folder)


@pytest.fixture(scope="module")
def explained() -> Explanation:
    """Return the explanation of the example."""
    return example()


def _words(text: str) -> str:
    return " ".join(text.split())


# --- the page ---------------------------------------------------------------------------------


def test_readme_shows_the_page_of_the_example_as_it_is() -> None:
    assert IN_README.shown() == fenced(example_output()), "if meant: make reference"


def test_page_is_no_wider_than_it_says_and_has_no_blanks_at_line_ends() -> None:
    lines = IN_README.shown().splitlines()
    assert max(map(len, lines)) <= PAGE_COLUMNS
    assert [line for line in lines if line != line.rstrip()] == []


def test_page_goes_from_the_sentence_to_the_proof(explained: Explanation) -> None:
    lines = page_of(explained).splitlines()
    assert _words(" ".join(lines[1:3])) == explained.finding.sentence
    assert lines[-1].startswith("recomputed: identical, as of entry ")


def test_page_cuts_hashes_and_json_has_them_whole(explained: Explanation) -> None:
    page, told = page_of(explained), as_plain(explained)
    assert re.findall(r"[0-9a-f]{13,}", page) == []
    whole = {reading["entry_hash"] for reading in told["readings"]}
    assert {len(digits) for digits in whole} == {64}
    assert all(digits[:12] in page for digits in whole)
    json.dumps(told)


def test_what_differs_stands_before_the_last_line(explained: Explanation) -> None:
    difference = Difference("limit value", "2.0", "3.0")
    again = Recomputed("DIFFERENT", 7, ("told by another",), (difference,))
    lines = page_of(replace(explained, recomputed=again)).splitlines()
    assert lines[-3:] == [
        "limit value: on record 2.0, now 3.0",
        "told by another",
        "recomputed: DIFFERENT, as of entry 7",
    ]


def test_what_is_unknown_is_said_to_be(explained: Explanation) -> None:
    unknown = replace(
        explained,
        rule=None,
        limit=None,
        protocol=None,
        approvals=(),
        rests_on=(),
        unresolved_digests=("d" * 64,),
        cleared=None,
        reasons=(),
        generation=0,
    )
    page = _words(page_of(unknown))
    assert "depth.set_above: no longer in this rule set" in page
    assert "it stands in no registry version" in page
    assert "protocol none" in page
    assert f"digest {'d' * 64}" in page
    assert "justified no" in page
    assert "state stands" in page
    assert "generation g0 (newest is g3)" in page


def test_finding_that_is_cleared_says_how_far_it_went(explained: Explanation) -> None:
    assert isinstance(explained.cleared, VerdictFindingCleared)
    assert "cleared after documents 41 to 52, farthest 2.25 mm" in page_of(explained)


# --- the command ------------------------------------------------------------------------------


def test_finding_is_explained_on_a_page(judged: Path) -> None:
    result = _explain(judged, f"{EARLY}/0")
    assert result.exit_code == 0, result.errors
    assert "series.early" in result.output
    assert "at least 28 d (interval)" in result.output
    assert result.output.splitlines()[-1].startswith("recomputed: identical")


def test_json_of_an_older_generation_has_every_part(judged: Path) -> None:
    told = _explain(judged, f"{EARLY}/g0/0", "--json").json()
    assert (told["generation"], told["finding"]["rule"]) == (0, "series.early")
    assert told["protocol"]["registry_id"] == "example-medical-needling"
    assert told["recomputed"]["outcome"] == "identical"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((EARLY,), "names no finding"),
        ((f"{EARLY}/x",), "names no finding"),
        (("nothing/0",), "there is no session nothing"),
        ((f"{EARLY}/99",), "has no finding 99"),
        ((f"{EARLY}/0", "--sender", "rf-north-1"), "there is no session"),
        ((f"{EARLY}/0", "--clinic", "south-clinic"), "there is no session"),
    ],
)
def test_what_cannot_be_explained_is_asked_wrongly(
    judged: Path, words: tuple[str, ...], told: str
) -> None:
    result = _explain(judged, *words)
    assert (result.exit_code, result.output) == (2, "")
    assert told in result.errors


def test_without_an_index_the_judge_is_to_be_started(tmp_path: Path) -> None:
    Scribe(tmp_path / "journal.db").journal.close()
    result = _explain(tmp_path, "any/0")
    assert result.exit_code == 2
    assert "dermatrace judge" in result.errors
