"""Rules about what people and registry tell: where they contradict the device or themselves."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.chart import FACTS_PER_VISIT_MAX
from dermatrace.judge.rules.budget import said
from dermatrace.judge.rules.circumstances import digests_of, words
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule, When

_WHOLE: Final[tuple[When, ...]] = ("started", "closed")
"""Facts of the context: told at the start, and at the close if the start never came."""
_PERSONAL: Final = frozenset({"subject_id", "visit_id"})
"""Plan facts whose values no sentence repeats."""


def _chart_differs(case: Case) -> Iterable[Hit]:
    for difference in case.context.chart.differences:
        member = difference.member
        values = ""
        if member not in _PERSONAL:
            values = f" ({difference.chart} against {difference.device})"
        yield Hit(
            sentence=f"Chart and device told a different {words(member)}{values}; the chart"
            " counted.",
            about=member,
        )


def _double_claim(case: Case) -> Iterable[Hit]:
    count = len(case.context.chart.claimed_visits)
    if count <= 1:
        return ()
    return (
        Hit(
            sentence=f"The session was attached to {count} visits one after the other; the latest"
            " counted.",
            measured_value=count,
            limit_value=1,
            unit="1",
        ),
    )


def _registry_conflict(case: Case) -> Iterable[Hit]:
    registry = case.context.registry
    for version in registry.conflicts:
        name = f"{words(version.kind)} {version.registry_id} version {version.version}"
        rivals = [
            pin.digest
            for pin in registry.pins
            if (pin.registry_kind, pin.registry_id) == (version.kind, version.registry_id)
        ]
        yield Hit(
            sentence=f"Two different contents were told as {name}; the one told first counted.",
            about=f"{name} {version.digest}",
            digests=(*rivals[:1], *digests_of(version)),
        )


def _too_many_facts(case: Case) -> Iterable[Hit]:
    ignored = case.context.chart.ignored_count
    if not ignored:
        return ()
    return (
        Hit(
            sentence=f"The chart of this visit holds {said(FACTS_PER_VISIT_MAX + ignored)} facts;"
            f" the {said(ignored)} typed in last were left out.",
            measured_value=FACTS_PER_VISIT_MAX + ignored,
            limit_value=FACTS_PER_VISIT_MAX,
            unit="1",
        ),
    )


_fact = partial(MomentRule, envelopes=("none",), nature="technical", clearing="never", trust="D")

TELLING_RULES: Final[tuple[AnyRule, ...]] = (
    _fact(
        id="data.chart_differs",
        meaning="People and device say different things about what was intended.",
        priority="low",
        persistence="the whole session",
        source="The contract: chart facts take precedence, a difference is a finding",
        when=_WHOLE,
        look=_chart_differs,
    ),
    _fact(
        id="data.double_claim",
        meaning="The session was said to belong to more than one appointment.",
        priority="low",
        persistence="the whole session",
        source="The contract: the latest attach wins, a double claim is a finding",
        when=_WHOLE,
        look=_double_claim,
    ),
    _fact(
        id="data.registry_conflict",
        meaning="Two contents go by the name of one version: what was signed is in doubt.",
        priority="medium",
        persistence="the whole session",
        source="The contract: a version is immutable, another digest is a finding",
        when=_WHOLE,
        look=_registry_conflict,
    ),
    _fact(
        id="data.too_many_facts",
        meaning="So much was entered about the visit that not all of it was judged.",
        priority="low",
        persistence="the whole session",
        source="A bound of our own, named in `chart.py`",
        when=_WHOLE,
        look=_too_many_facts,
    ),
)
