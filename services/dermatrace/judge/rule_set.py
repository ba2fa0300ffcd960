"""All rules, in the order in which they are asked, and the digest that names this set of them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Final, get_args

from dermatrace.judge.defaults import DEFAULTS
from dermatrace.judge.rules import (
    data,
    device,
    exposure,
    gates,
    identity,
    limits,
    live,
    process,
    series,
)
from dermatrace.judge.rules.row import AnyRule, BandRule, GateRule, MomentRule, Rule, When

EDITION: Final = 1
"""Raised with every change of what a rule does that its row does not show: judgements made before
are then made anew, as another generation."""


@dataclass(frozen=True)
class RuleSet:
    """Rules, sorted by how they are asked."""

    rules: tuple[AnyRule, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every row and every default, as hex."""
        told = [EDITION, [_words(rule) for rule in self.rules], [asdict(d) for d in DEFAULTS]]
        text = json.dumps(told, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def by_moment(self) -> Mapping[When, tuple[MomentRule, ...]]:
        """Moment rules by when they are asked."""
        moments = [rule for rule in self.rules if isinstance(rule, MomentRule)]
        return {when: tuple(r for r in moments if when in r.when) for when in get_args(When)}

    @cached_property
    def gates(self) -> tuple[GateRule, ...]:
        """Everything that must be known or done."""
        return tuple(rule for rule in self.rules if isinstance(rule, GateRule))

    @cached_property
    def bands(self) -> tuple[BandRule, ...]:
        """Everything that compares a reading with a band."""
        return tuple(rule for rule in self.rules if isinstance(rule, BandRule))

    @cached_property
    def by_id(self) -> Mapping[str, AnyRule]:
        """Every rule by its name."""
        return {rule.id: rule for rule in self.rules}


def _words(rule: Rule) -> dict[str, object]:
    """Return what a row says, without the function that looks."""
    members = {field.name for field in fields(rule)} - {"look", "demanded", "applies"}
    return {name: getattr(rule, name) for name in sorted(members)}


def rule_set(families: Iterable[Iterable[AnyRule]]) -> RuleSet:
    """Put families together. Raises ValueError if two rules share a name."""
    rules = tuple(rule for family in families for rule in family)
    names = [rule.id for rule in rules]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"rules of the same name: {', '.join(doubled)}")
    return RuleSet(rules)


RULE_SET: Final = rule_set(
    (
        gates.RULES,
        identity.RULES,
        limits.RULES,
        exposure.RULES,
        series.RULES,
        process.RULES,
        device.RULES,
        data.RULES,
        live.RULES,
    )
)
"""What every session is judged by."""
