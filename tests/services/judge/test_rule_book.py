"""The page of the rules: everything that is asked stands in it, as the rules themselves say it."""

import re
from typing import Final, get_args

import pytest

from dermatrace.judge.defaults import DEFAULTS, Default
from dermatrace.judge.rule_book import ENVELOPES, render_rules
from dermatrace.judge.rule_set import EDITION, RULE_SET, RuleSet
from dermatrace.judge.rules.row import AnyRule, BandRule
from dermatrace_schemas.finding import Envelope
from support.own_rules import gate, rule
from support.tree import ROOT

PAGE: Final = render_rules()


def section_of(name: str, page: str = PAGE) -> str:
    """Return what the page says of one rule."""
    found = re.findall(
        rf"^### `{re.escape(name)}`\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE
    )
    assert len(found) == 1, f"{name} has {len(found)} sections"
    return str(found[0])


@pytest.mark.parametrize("one", RULE_SET.rules, ids=lambda one: one.id)
def test_every_rule_is_told_in_full(one: AnyRule) -> None:
    section = section_of(one.id)
    assert one.meaning in section
    assert f"**Priority**: {one.priority}, {one.nature}." in section
    assert f"**Source** [{one.trust}]: {one.source.rstrip('.')}." in section
    assert one.persistence[1:].rstrip(".") in section
    assert one.clearing[1:].rstrip(".") in section
    for envelope in one.envelopes:
        assert ENVELOPES[envelope] in section


@pytest.mark.parametrize("default", DEFAULTS, ids=lambda default: default.name)
def test_every_default_is_told_with_value_and_source(default: Default) -> None:
    unit = "" if default.unit == "1" else f" {default.unit}"
    line = f"| {default.name.replace('_', ' ')} | {default.value:g}{unit} | "
    (row,) = [told for told in PAGE.splitlines() if told.startswith(line)]
    assert default.source in row
    assert row.endswith(f"[{default.trust}] |")
    assert row.count("|") == 4, "a bar in the text would break the table"
    assert float(f"{default.value:g}") == default.value, "the page rounds it"


def test_page_tells_nothing_that_is_not_a_rule() -> None:
    told = re.findall(r"^### `(.+)`$", PAGE, re.MULTILINE)
    assert told == sorted(RULE_SET.by_id)
    assert f"edition {EDITION}, {len(RULE_SET.rules)} rules." in PAGE


def test_family_has_one_heading() -> None:
    families = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    expected = sorted({one.id.partition(".")[0] for one in RULE_SET.rules})
    assert families == [*expected, "Defaults"]


def test_every_envelope_has_a_word() -> None:
    assert set(ENVELOPES) == set(get_args(Envelope))


def test_page_on_disk_is_the_one_the_rules_make() -> None:
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == PAGE


def test_page_has_no_doubled_stops_or_blanks() -> None:
    assert not re.search(r"\.\.|  |[ \t]$", PAGE, re.MULTILINE)
    assert PAGE.endswith("|\n")


@pytest.mark.parametrize(
    ("one", "looks_at"),
    [
        (rule(lambda _: (), "started", "first_contact"), "started, first contact."),
        (rule(lambda _: ()), "how documents arrive, live."),
        (gate("photo_before"), "the gate *photo before*, due before the first contact."),
        (gate("photo_after", due="closed"), "the gate *photo after*, due when the session ends."),
    ],
    ids=["moments", "live", "gate", "gate at the end"],
)
def test_page_says_what_a_rule_looks_at(one: AnyRule, looks_at: str) -> None:
    assert f"**Looks at**: {looks_at}" in section_of(one.id, render_rules(RuleSet((one,))))


@pytest.mark.parametrize("one", RULE_SET.bands, ids=lambda one: one.id)
def test_page_says_which_reading_and_side_of_a_band(one: BandRule) -> None:
    (line,) = re.findall(r"\*\*Looks at\*\*: (.+)", section_of(one.id))
    assert one.quantity.replace("_", " ") in line
    assert line.endswith(f"{one.side} the band.")
    assert line.startswith(one.reading) or one.reading == "value"
