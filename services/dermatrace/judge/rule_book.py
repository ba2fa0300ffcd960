"""docs/rules.md, made from the rules themselves."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from dermatrace.judge.defaults import DEFAULTS, Default
from dermatrace.judge.rule_set import EDITION, RULE_SET, RuleSet
from dermatrace.judge.rules.row import AnyRule, BandRule, GateRule
from dermatrace_schemas.finding import Envelope

ENVELOPES: Final[dict[Envelope, str]] = {
    "device_rating": "device rating",
    "cleared_label": "cleared label",
    "clinic_protocol": "clinic protocol",
    "operator_scope": "operator's scope",
    "none": "none",
}
_INTRODUCTION: Final = f"""# Rules

Written by `make reference` from the rules themselves; edition {EDITION}, {{count}} rules.

A rule compares what is on record with one of four envelopes, which are never mixed: what the device
is rated for, what its label is cleared for, what the clinic's treatment protocol allows, and what
the operator may do. Outside the cleared label is no fault and no deviation from the protocol; it
wants a justification. The numbers stand in registry and treatment protocol, each with its source; a
limit that nobody has entered bounds nothing. What nobody has told is unknown, never no.

**Priority**: high where irreversible harm may be near or there is no authority to treat at all,
then medium, then low. **Nature**: treatment, or technical when it is about data, clock or device.
A finding is raised once and grows while it lasts; what ends it is said under *ends*. Commanded
values have no tolerance, measured depths have the device's.

These findings are a record against a clinic's own protocol. They are no alarm: the device's own
alarms govern safety.
"""


def render_rules(rules: RuleSet = RULE_SET) -> str:
    """Return docs/rules.md."""
    lines = [_INTRODUCTION.format(count=len(rules.rules))]
    ordered = sorted(rules.rules, key=lambda rule: rule.id)
    for family, members in groupby(ordered, key=lambda rule: rule.id.partition(".")[0]):
        lines += [f"## {family}", "", *_family(members), ""]
    lines += ["## Defaults", "", *_defaults(DEFAULTS)]
    return "\n".join(lines) + "\n"


def _family(rules: Iterable[AnyRule]) -> Iterator[str]:
    for rule in rules:
        envelopes = ", ".join(ENVELOPES[envelope] for envelope in rule.envelopes)
        yield f"### `{rule.id}`"
        yield ""
        yield rule.meaning
        yield ""
        yield f"- **Envelope**: {envelopes}. **Priority**: {rule.priority}, {rule.nature}."
        yield f"- **Looks at**: {_looks_at(rule)}."
        persistence, clearing = _phrase(rule.persistence), _phrase(rule.clearing)
        yield f"- **Raised after**: {persistence}. **Ends**: {clearing}."
        yield f"- **Source** [{rule.trust}]: {rule.source.rstrip('.')}."
        yield ""


def _phrase(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _looks_at(rule: AnyRule) -> str:
    if isinstance(rule, BandRule):
        kind = {"value": "", "commanded": "commanded ", "measured": "measured "}[rule.reading]
        quantity = rule.quantity.replace("_", " ")
        return f"{kind}{quantity}, {rule.side} the band"
    if isinstance(rule, GateRule):
        gate = rule.gate.replace("_", " ")
        due = "before the first contact" if rule.due == "first_contact" else "when the session ends"
        return f"the gate *{gate}*, due {due}"
    moments = ", ".join(when.replace("_", " ") for when in rule.when)
    return moments or "how documents arrive, live"


def _defaults(defaults: Iterable[Default]) -> Iterator[str]:
    yield "What the judge assumes where neither device, label nor treatment protocol says anything."
    yield ""
    yield "| default | value | source |"
    yield "|---|---|---|"
    for default in defaults:
        name = default.name.replace("_", " ")
        unit = "" if default.unit == "1" else f" {default.unit}"
        yield f"| {name} | {default.value:g}{unit} | {default.source} [{default.trust}] |"
