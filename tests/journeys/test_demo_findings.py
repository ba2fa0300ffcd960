"""Whatever befalls a simulated session, the real judge finds what must be found, and no more.

What is expected is computed apart from the judge, from the script, its faults and what people left
out. All sessions are played into one real journal, as a day at two clinics is.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest

from dermatrace.demo.bad_days import with_live_mishaps
from dermatrace.demo.judged import JudgementSummary, expectations_of, judgements_of
from dermatrace.demo.once import Played
from dermatrace.settings import Settings
from dermatrace.simulator.faults import (
    BrokenJson,
    ClockStep,
    Fault,
    Gap,
    LimitCrossing,
    LostTail,
    Reboot,
    UnsetClock,
)
from dermatrace.simulator.fleet import (
    HOME_SOUTH,
    PEN_NORTH,
    PEN_SOUTH,
    RF_NORTH,
    RF_SOUTH,
    FleetSession,
    demo_fleet,
)
from dermatrace.simulator.omissions import Omission, OmissionKind
from support.judge_bench import JudgeBench, chart_messages, device_messages, registry_messages
from support.manual_clock import NOON_MS

pytestmark = pytest.mark.slow

MINUTES: Final = 1.0
MEDICAL: Final = PEN_NORTH.session(1, 1, 0, MINUTES)
NANO: Final = PEN_SOUTH.session(1, 1, 0, MINUTES)
HOME: Final = HOME_SOUTH.session(3, 1, 0, MINUTES)
RF: Final = RF_NORTH.session(1, 1, 0, MINUTES)
RF_DEEP: Final = RF_SOUTH.session(2, 1, 0, MINUTES)


def _middle(session: FleetSession) -> int:
    return len(session.script) // 2


def _crossing(
    session: FleetSession, *, over_mm: float = 0.0, more: float = 0.0, dialled: bool = False
) -> LimitCrossing:
    kinds = {"needling.windows", "rf.shot"}
    readings = [n for n, said in enumerate(session.script) if said.kind in kinds]
    first = readings[len(readings) // 2]
    return LimitCrossing(first, first + 9, over_mm, more, dialled=dialled)


def _with(session: FleetSession, *faults: Fault) -> FleetSession:
    return replace(session, faults=faults)


def _without(
    session: FleetSession, kind: OmissionKind, question: str | None = None
) -> FleetSession:
    return replace(session, omissions=(Omission(kind, question),))


CASES: Final[dict[str, FleetSession]] = {
    **{f"demo-{number}": s for number, s in enumerate(demo_fleet(1, MINUTES))},
    "live-pen": with_live_mishaps(MEDICAL),
    "live-rf": with_live_mishaps(RF),
    "no-plan": _without(MEDICAL, "plan"),
    "not-attached": _without(HOME, "attach"),
    "no-operator": _without(NANO, "operator"),
    "no-consent": _without(MEDICAL, "consent"),
    "late-consent": _without(RF, "consent_late"),
    "no-exam": _without(RF, "exam"),
    "no-answers": _without(HOME, "answers"),
    "answer-missing": _without(MEDICAL, "answer_missing", "allergy_metal"),
    "answer-unknown": _without(RF_DEEP, "answer_unknown", "active_implant"),
    "no-photo-after": _without(MEDICAL, "photo_after"),
    "no-endpoint": _without(RF, "endpoint"),
    "no-aftercare": _without(NANO, "aftercare"),
    "clock-steps": _with(MEDICAL, ClockStep(_middle(MEDICAL), 60_000)),
    "clock-unset": _with(RF, UnsetClock(_middle(RF))),
    "gap": _with(NANO, Gap(2, 6), BrokenJson(12)),
    "no-test-shots": _with(RF, Gap(2, 4), BrokenJson(12)),
    "forgetful": _with(MEDICAL, Reboot(_middle(MEDICAL), keeps_outbox=False)),
    "vanished": _with(RF, LostTail(_middle(RF))),
    "too-deep": _with(MEDICAL, _crossing(MEDICAL, over_mm=1.3)),
    "set-too-deep": _with(NANO, _crossing(NANO, over_mm=1.3, dialled=True)),
    "rf-set-too-deep": _with(RF, _crossing(RF, over_mm=1.3, dialled=True)),
    "too-strong": _with(RF, _crossing(RF, more=4.0)),
    "set-too-strong": _with(RF_DEEP, _crossing(RF_DEEP, more=4.0, dialled=True)),
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Return the data folder of a journal in which every case has been played and judged."""
    folder = tmp_path_factory.mktemp("judged")
    bench = JudgeBench(folder)
    bench.record(registry_messages(), step_ms=1)
    for name, session in CASES.items():
        bench.record(chart_messages(session, NOON_MS, session.omissions, name), step_ms=1)
        bench.record(device_messages(session, NOON_MS, name), step_ms=1)
    bench.judge()
    yield Settings(data=folder)
    bench.close()


def _judgements(settings: Settings, name: str) -> list[JudgementSummary]:
    return judgements_of(settings, expectations_of(Played(name, (CASES[name],), [])))


@pytest.mark.parametrize("name", CASES)
def test_judge_finds_what_must_be_found_and_nothing_that_must_not(
    judged: Settings, name: str
) -> None:
    judgements = _judgements(judged, name)
    assert judgements
    assert [one.differs for one in judgements] == [[] for _ in judgements]
    assert all(one.generation is not None for one in judgements)


def test_session_without_a_stop_is_open_and_not_compared(judged: Settings) -> None:
    (vanished,) = _judgements(judged, "vanished")
    forgotten, continued = _judgements(judged, "forgetful")
    assert (vanished.state, vanished.findings) == ("open", [])
    assert (forgotten.state, continued.state) == ("open", "closed")


def test_plain_sessions_are_all_within_their_protocol(judged: Settings) -> None:
    for number in range(5):
        (plain,) = _judgements(judged, f"demo-{number}")
        told = (plain.adherence, plain.data_coverage, plain.open_gates, plain.findings)
        assert told == (1.0, 1.0, [], [])
