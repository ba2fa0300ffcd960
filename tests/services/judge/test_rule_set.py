"""The rules as a whole: each has its own name, and the digest tells one set from another."""

import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from pydantic import TypeAdapter

from dermatrace.judge import rule_set as module
from dermatrace.judge.defaults import DEFAULTS, Default
from dermatrace.judge.raising import FAILED_RULE, TOO_MANY
from dermatrace.judge.rule_set import RULE_SET, RuleSet, rule_set
from dermatrace.judge.rules.row import AnyRule, BandRule, GateRule, MomentRule, When
from dermatrace_schemas.finding import Envelope, Nature, Priority, RuleId
from dermatrace_schemas.quantities import UNIT_OF, Unit
from dermatrace_schemas.treatment import GATES, Trust
from support.own_rules import gate, rule

RULE_ID: Final = TypeAdapter[str](RuleId)
FUNCTIONS: Final = {"look", "demanded", "applies"}
ALL: Final = pytest.mark.parametrize("one", RULE_SET.rules, ids=lambda one: one.id)
BAND: Final = RULE_SET.bands[0]


def first(*rules: AnyRule) -> str:
    """Return the digest of a set of these rules."""
    return RuleSet(rules).digest


# --- names ----------------------------------------------------------------------------------------


def test_two_rules_of_one_name_are_refused_in_whatever_families() -> None:
    one, other = rule(lambda _: (), name="a.rule"), rule(lambda _: (), name="b.rule")
    with pytest.raises(ValueError, match=r"of the same name: a\.rule$"):
        rule_set([[one], [other, one]])
    with pytest.raises(ValueError, match=r"a\.rule, b\.rule"):
        rule_set([[other, one, other, one]])


def test_families_keep_their_order() -> None:
    names = ["b.one", "a.two", "c.three"]
    rules = [rule(lambda _: (), name=name) for name in names]
    assert [one.id for one in rule_set([rules[:1], [], rules[1:]]).rules] == names


def test_set_without_rules_is_a_set() -> None:
    empty = rule_set([])
    assert (empty.gates, empty.bands, dict(empty.by_id)) == ((), (), {})
    assert set(empty.by_moment) == set(get_args(When))


@ALL
def test_rule_has_a_name_that_the_contract_allows(one: AnyRule) -> None:
    assert RULE_ID.validate_python(one.id) == one.id
    assert "." in one.id, "family first"


def test_what_a_judgement_says_of_itself_takes_no_rules_name() -> None:
    for name in (FAILED_RULE, TOO_MANY):
        assert RULE_ID.validate_python(name) == name
        assert name not in RULE_SET.by_id


# --- what a row says ------------------------------------------------------------------------------


@ALL
def test_rule_is_told_in_words_for_people(one: AnyRule) -> None:
    assert one.meaning[0].isupper()
    assert one.meaning.endswith(".")
    for text in (one.persistence, one.clearing, one.source):
        assert text.strip() == text != ""
    assert not re.search(r"  |depth reached", one.meaning)


@ALL
def test_rule_has_envelopes_priority_nature_and_trust_that_exist(one: AnyRule) -> None:
    assert one.envelopes
    assert set(one.envelopes) <= set(get_args(Envelope))
    assert len(set(one.envelopes)) == len(one.envelopes)
    assert one.priority in get_args(Priority)
    assert one.nature in get_args(Nature)
    assert one.trust in get_args(Trust)


@ALL
def test_rule_about_the_device_or_the_data_is_in_no_envelope(one: AnyRule) -> None:
    if one.id.partition(".")[0] == "data":
        assert one.envelopes == ("none",)


@ALL
def test_rule_is_asked_in_exactly_one_way(one: AnyRule) -> None:
    asked = [name for name, rules in RULE_SET.by_moment.items() if one in rules]
    if isinstance(one, MomentRule):
        assert asked == [when for when in get_args(When) if when in one.when]
        assert len(set(one.when)) == len(one.when)
        assert one.when or one.id == "data.late", "nobody asks it"
    else:
        assert asked == []
    assert (one in RULE_SET.gates) == isinstance(one, GateRule)
    assert (one in RULE_SET.bands) == isinstance(one, BandRule)
    assert RULE_SET.by_id[one.id] is one


@pytest.mark.parametrize("one", RULE_SET.gates, ids=lambda one: one.id)
def test_gate_is_one_of_the_contract_and_due_at_some_time(one: GateRule) -> None:
    assert one.gate in GATES
    assert one.due in {"first_contact", "closed"}
    assert one.id == f"gate.{one.gate}"


def test_every_gate_of_the_contract_is_asked_by_one_rule() -> None:
    assert sorted(one.gate for one in RULE_SET.gates) == sorted(GATES)


@pytest.mark.parametrize("one", RULE_SET.bands, ids=lambda one: one.id)
def test_band_compares_a_quantity_that_has_a_unit(one: BandRule) -> None:
    assert one.quantity in UNIT_OF
    assert one.reading in {"commanded", "measured", "value"}
    assert one.side in {"above", "below"}
    assert one.what == one.what.strip() != ""


def test_no_two_bands_look_at_the_same_side_of_the_same_reading() -> None:
    sides = [(one.quantity, one.reading, one.side) for one in RULE_SET.bands]
    assert len(set(sides)) == len(sides)


def test_defaults_have_one_name_each_a_source_and_a_mark() -> None:
    assert len({default.name for default in DEFAULTS}) == len(DEFAULTS)
    for default in DEFAULTS:
        assert default.source
        assert default.trust in get_args(Trust)
        assert default.unit in get_args(Unit)


# --- digest ---------------------------------------------------------------------------------------


def test_digest_is_one_that_a_verdict_can_say() -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", RULE_SET.digest)


def _otherwise(value: object) -> object:
    if isinstance(value, bool):
        return not value
    return (*value, "x") if isinstance(value, tuple) else f"{value} x"


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (one, field.name)
        for one in (rule(lambda _: (), "started"), gate("consent"), BAND)
        for field in fields(one)
        if field.name not in FUNCTIONS
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_digest_changes_with_any_member_of_a_row(one: AnyRule, name: str) -> None:
    changed: dict[str, Any] = {name: _otherwise(getattr(one, name))}
    assert first(replace(one, **changed)) != first(one)


def test_digest_does_not_change_with_the_function_that_looks() -> None:
    assert first(rule(lambda _: ())) == first(rule(lambda _: [], name="a.rule"))
    assert first(gate("consent", look=lambda _: None)) == first(gate("consent", demanded=False))


def test_digest_changes_with_the_rules_there_are_and_their_order() -> None:
    one, other = rule(lambda _: (), name="a.rule"), rule(lambda _: (), name="b.rule")
    digests = {first(), first(one), first(other), first(one, other), first(other, one)}
    assert len(digests) == 5


def test_digest_is_the_same_whatever_order_sets_and_dicts_come_in() -> None:
    program = "from dermatrace.judge.rule_set import RULE_SET; print(RULE_SET.digest)"
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert told == {RULE_SET.digest}


def edition(folder: Path, name: str, old: str, new: str) -> str:
    """Return the digest of a copy of the rule set in which one thing is different."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert source.count(old) == 1, f"the rule set has no single {old!r} any more"
    file = folder / f"{name}.py"
    file.write_text(source.replace(old, new), encoding="utf-8")
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    digest: str = copy.RULE_SET.digest
    return digest


IMPORT: Final = "from dermatrace.judge.defaults import DEFAULTS\n"


def test_copy_of_the_rule_set_has_its_digest(tmp_path: Path) -> None:
    assert edition(tmp_path, "same", IMPORT, IMPORT) == RULE_SET.digest


def test_digest_changes_with_the_edition(tmp_path: Path) -> None:
    old, new = f"EDITION: Final = {module.EDITION}", f"EDITION: Final = {module.EDITION + 1}"
    assert edition(tmp_path, "next_edition", old, new) != RULE_SET.digest


@pytest.mark.parametrize("name", [field.name for field in fields(Default)])
def test_digest_changes_with_any_member_of_a_default(tmp_path: Path, name: str) -> None:
    value = getattr(DEFAULTS[-1], name)
    other = value + 1.0 if isinstance(value, float) else f"{value} x"
    changed = (
        "from dataclasses import replace\n"
        "from dermatrace.judge.defaults import DEFAULTS as ALL_DEFAULTS\n"
        f"DEFAULTS = (*ALL_DEFAULTS[:-1], replace(ALL_DEFAULTS[-1], {name}={other!r}))\n"
    )
    assert edition(tmp_path, f"other_{name}", IMPORT, changed) != RULE_SET.digest
