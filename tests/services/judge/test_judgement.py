"""Rules are asked in a stated order, once each; what fails is named and stops nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from dermatrace.judge.case import Case, Ending
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.raising import FAILED_RULE
from dermatrace.judge.rule_set import RULE_SET, RuleSet
from dermatrace.judge.rules.row import AnyRule, GateRule, Hit, MomentRule, When
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.treatment import GATES
from support.cases import (
    band,
    ending_of,
    fed,
    limited,
    named,
    shot,
    windows,
)
from support.own_rules import event, gate, rule, stopped
from support.visit_cases import (
    started,
    tip_changed,
    told,
    zone_entered,
)

MOMENTS: Final[tuple[When, ...]] = (
    "started",
    "zone",
    "first_contact",
    "worked",
    "windows",
    "shot",
    "event",
    "stopped",
    "closed",
)
PLAIN: Final = limited(band("depth", upper=0.25))
AIR: Final[dict[str, object]] = {"contact_fraction": [0.0]}


@dataclass
class Log:
    """Rules that write down when they are asked, and what was known then."""

    asked: list[tuple[When, int | None]] = field(default_factory=list)
    strokes: list[int] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)

    def rules(self) -> RuleSet:
        """Return a rule for each moment."""
        return RuleSet(tuple(self._rule(when) for when in MOMENTS))

    def _rule(self, when: When) -> MomentRule:
        def look(case: Case) -> tuple[Hit, ...]:
            self.asked.append((when, None if case.document is None else case.document.seq))
            self.strokes.append(sum(t.stroke_count for t in case.state.tallies.values()))
            self.spots.append(case.spot)
            return ()

        return rule(look, when, name=f"log.{when}")


def asked(*documents: StreamDocument) -> Log:
    """Judge documents to their end and return what was asked."""
    log = Log()
    judge = SessionJudge(PLAIN, rules=log.rules())
    for document in documents:
        judge.feed(document)
    judge.close(ending_of(documents))
    return log


# --- the order of moments ------------------------------------------------------------------------


def test_moments_are_asked_in_the_stated_order() -> None:
    log = asked(
        started(),
        zone_entered(1, "chin"),
        windows(2, **AIR),
        event(3),
        windows(4),
        shot(5),
        stopped(6),
    )
    assert log.asked == [
        ("started", 0),
        ("zone", 1),
        ("windows", 2),
        ("event", 3),
        ("first_contact", 4),
        ("worked", 4),
        ("windows", 4),
        ("shot", 5),
        ("stopped", 6),
        ("closed", None),
    ]


def test_first_contact_is_asked_once_before_the_document_counts() -> None:
    log = asked(windows(0, **AIR), windows(1), windows(2), shot(3))
    assert [seq for when, seq in log.asked if when == "first_contact"] == [1]
    moments = [when for when, _ in log.asked]
    counted = dict(zip(reversed(moments), reversed(log.strokes), strict=True))
    assert (counted["first_contact"], counted["closed"]) == (12, 252)


def test_each_spot_is_asked_about_once_for_tests_and_once_for_treatment_and_again_with_a_tip() -> (
    None
):
    log = asked(
        windows(0, **AIR),
        shot(1, purpose="test"),
        shot(2, purpose="test"),
        shot(3),
        windows(4),
        windows(5, zone="chin"),
        windows(6),
        tip_changed(7, {"unit_id": "b"}),
        windows(8),
    )
    assert [seq for when, seq in log.asked if when == "worked"] == [1, 3, 5, 8]


def test_what_a_spot_has_raised_grows_with_the_work_there_and_only_there() -> None:
    seen = rule(lambda case: [Hit(sentence="Seen.", spot=case.spot)], "worked")
    documents = [windows(0), windows(1), windows(2, zone="chin"), windows(3), windows(4, **AIR)]
    judge = fed(PLAIN, documents, RuleSet((seen,)))
    assert [(f.zone, f.first_seq, f.last_seq) for f in judge.state.findings] == [
        ("cheek", 0, 3),
        ("chin", 2, 2),
    ]


def test_test_shot_is_the_first_contact_and_no_treatment() -> None:
    judge = fed(PLAIN, [shot(3, purpose="test"), shot(4), windows(5)])
    first, treatment = judge.state.first_contact, judge.state.first_treatment
    assert first is not None
    assert treatment is not None
    assert (first.seq, treatment.seq) == (3, 4)
    assert treatment.at_ms == told(4 / 60)


def test_rules_see_where_the_document_belongs() -> None:
    log = asked(
        started(), zone_entered(1, "chin"), event(2), windows(3, zone=None), shot(4), stopped(5)
    )
    spots = [(when, spot.zone) for (when, _), spot in zip(log.asked, log.spots, strict=True)]
    assert spots == [
        ("started", None),
        ("zone", "chin"),
        ("event", "chin"),
        ("first_contact", "chin"),
        ("worked", "chin"),
        ("windows", "chin"),
        ("worked", "cheek"),
        ("shot", "cheek"),
        ("stopped", None),
        ("closed", None),
    ]


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [({}, False), ({"wall_time_ms": told(90)}, True), ({"wall_time_ms": None}, False)],
)
def test_clock_is_asked_about_where_it_jumped_before_anybody_knows_the_place(
    changes: dict[str, object], *, is_asked: bool
) -> None:
    spots: list[Spot] = []
    notes = rule(lambda case: spots.append(case.spot) or (), "clock")  # type: ignore[func-returns-value]
    fed(PLAIN, [windows(1), windows(2, **changes)], RuleSet((notes,)))
    assert spots == ([NOWHERE] if is_asked else [])


def test_clock_is_asked_about_at_each_document_whose_time_nobody_knows() -> None:
    asked_at: list[int] = []

    def look(case: Case) -> Iterable[Hit]:
        assert case.document is not None
        asked_at.append(case.document.seq)
        return ()

    documents = [windows(n, wall_time_ms=None) for n in (1, 2)]
    fed(PLAIN, [*documents, windows(3), windows(4)], RuleSet((rule(look, "clock"),)))
    assert asked_at == [1, 2]


def test_rule_that_applies_nowhere_here_is_spared_until_another_tip_comes() -> None:
    asked_at: list[int] = []

    def look(case: Case) -> Iterable[Hit]:
        assert case.document is not None
        asked_at.append(case.document.seq)
        return ()

    def is_chin(case: Case) -> bool:
        return case.tip is not None and case.spot.zone == "chin"

    spared = replace(rule(look, "windows"), applies=is_chin)
    documents = [
        windows(1, zone="chin"),
        tip_changed(2, {"unit_id": "a"}),
        windows(3, zone="chin"),
        windows(4),
        windows(5, zone="chin"),
    ]
    fed(PLAIN, documents, RuleSet((spared,)))
    assert asked_at == [3, 5]


def test_rule_that_cannot_tell_whether_it_applies_is_asked() -> None:
    def applies(_: Case) -> bool:
        raise ZeroDivisionError

    seen = replace(rule(lambda _: [Hit(sentence="Seen.")], "windows"), applies=applies)
    assert len(fed(PLAIN, [windows(1)], RuleSet((seen,))).state.findings) == 1


def test_rules_of_one_moment_are_asked_in_the_order_of_the_set() -> None:
    order: list[str] = []

    def noting(name: str) -> MomentRule:
        return rule(lambda _: order.append(name) or (), "windows", "closed", name=name)  # type: ignore[func-returns-value]

    judge = SessionJudge(PLAIN, rules=RuleSet((noting("b.one"), noting("a.two"))))
    judge.feed(windows(0))
    judge.close(Ending(1))
    assert order == ["b.one", "a.two"] * 2


def test_rule_of_a_moment_speaks_before_a_band_does() -> None:
    hits = rule(lambda _: [Hit(sentence="Seen.")], "windows")
    judge = SessionJudge(PLAIN, rules=RuleSet((*RULE_SET.bands, hits)))
    events = judge.feed(windows(0, depth_commanded_mm=[0.3] * 10))
    assert [e.standing.rule for e in events] == ["a.rule", "depth.set_above"]


# --- rules that fail -----------------------------------------------------------------------------


def _fails(_: Case) -> Iterable[Hit]:
    raise ZeroDivisionError


def test_rule_that_fails_is_named_once_and_not_asked_again() -> None:
    times: list[int] = []

    def look(case: Case) -> Iterable[Hit]:
        times.append(case.document.seq if case.document else -1)
        raise ZeroDivisionError

    others = rule(lambda _: [Hit(sentence="Seen.")], "windows", name="a.other")
    rules = RuleSet((rule(look, "windows", "closed"), others))
    judge = SessionJudge(PLAIN, rules=rules)
    for seq in range(3):
        judge.feed(windows(seq))
    judge.close(Ending(3))
    assert times == [0]
    (failed,) = named(judge, FAILED_RULE)
    assert (failed.first_seq, judge.state.failed_rules) == (0, ["a.rule"])
    assert len(named(judge, "a.other")) == 1


def test_what_a_rule_saw_before_it_failed_counts() -> None:
    def look(_: Case) -> Iterable[Hit]:
        yield Hit(sentence="Seen.")
        raise ZeroDivisionError

    judge = fed(PLAIN, [windows(0)], RuleSet((rule(look, "windows"),)))
    assert [standing.rule for standing in judge.state.findings] == ["a.rule", FAILED_RULE]


def test_gate_that_fails_stays_open_and_is_named_once() -> None:
    def look(_: Case) -> Hit | None:
        raise ZeroDivisionError

    judge = SessionJudge(PLAIN, rules=RuleSet((gate("exam", look=look),)))
    assert judge.open_gates() == ["exam"]
    judge.feed(windows(0))
    assert judge.open_gates() == ["exam"]
    assert len(named(judge, FAILED_RULE)) == 1
    assert named(judge, "gate.exam") == []  # nobody can say that it was not met


# --- gates ---------------------------------------------------------------------------------------


def test_open_gates_stand_in_the_contracts_order_each_once() -> None:
    rules = [gate(name) for name in reversed(GATES)]
    closed = gate("plan", look=lambda _: None)
    judge = SessionJudge(PLAIN, rules=RuleSet((*rules, closed, gate("consent", raises=False))))
    assert judge.open_gates() == list(GATES)
    assert judge.state.findings == []


@pytest.mark.parametrize(
    ("rule_of_gate", "found"),
    [
        (gate("exam"), ["first contact"]),
        (gate("exam", due="closed"), ["end"]),
        (gate("exam", raises=False), []),
        (gate("exam", demanded=False), []),
        (gate("exam", look=lambda _: None), []),
    ],
)
def test_open_gate_is_a_finding_when_it_is_due(rule_of_gate: GateRule, found: list[str]) -> None:
    judge = SessionJudge(PLAIN, rules=RuleSet((rule_of_gate,)))
    assert judge.feed(started()) == []
    moments = ["first contact"] * len(judge.feed(windows(1)))
    moments += ["later"] * len(judge.feed(windows(2)))
    moments += ["end"] * len(judge.close(Ending(3)))
    assert moments == found
    for standing in judge.state.findings:
        assert standing.first_seq is None


def test_gates_are_due_after_the_rules_of_the_first_contact_and_before_the_document() -> None:
    hits = [
        rule(lambda _: [Hit(sentence=".")], m, name=f"a.{m}") for m in ("first_contact", "shot")
    ]
    rules: tuple[AnyRule, ...] = (*hits, gate("exam"))
    judge = fed(PLAIN, [shot(0)], RuleSet(rules))
    assert [f.rule for f in judge.state.findings] == ["a.first_contact", "gate.exam", "a.shot"]


def test_session_without_contact_owes_nothing_that_is_due_before_it() -> None:
    judge = SessionJudge(PLAIN, rules=RuleSet((gate("exam"),)))
    judge.feed(windows(0, **AIR))
    assert judge.close(Ending(1)) == []
