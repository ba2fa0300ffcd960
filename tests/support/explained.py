"""One finding explained, from a session that is always the same: shown in the README."""

import json
import tempfile
from pathlib import Path
from typing import Final

from dermatrace.cli.explain import page_of
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.explaining import explain
from dermatrace.judge.explanation import Explanation
from dermatrace.judge.finding_on_record import Asked
from dermatrace.judge.index import Index
from dermatrace.simulator.faults import LimitCrossing
from dermatrace.simulator.fleet import FleetSession
from support.judge_bench import (
    RUN,
    JudgeBench,
    Message,
    chart_message,
    chart_messages,
    device_messages,
    registry_messages,
    session_of,
)
from support.manual_clock import NOON_MS
from support.readme import Part

IN_README: Final = Part("<!-- explained -->\n", "<!-- end of explained -->")
"""Where the README shows `example_output`; `make reference` writes it there."""
BEGINS_MS: Final = NOON_MS + 3_600_000
MINUTES: Final = 3.0
DEEPER_MM: Final = 1.25
DOCUMENTS: Final = 12
RULE: Final = "depth.set_above"
REASON: Final = "Scar in the middle of the cheek; set back before the next zone"


def crossing_session(*, dialled: bool = True) -> FleetSession:
    """Return a session of a pen that is set too deep at the left cheek for some seconds."""
    plain = session_of(0, minutes=MINUTES)
    first = next(
        index
        for index, document in enumerate(plain.script)
        if document.kind == "needling.windows" and document.facts["place"]["zone"] == "cheek"  # type: ignore[index,call-overload]
    )
    over = LimitCrossing(first, first + DOCUMENTS - 1, over_mm=DEEPER_MM, dialled=dialled)
    return session_of(0, minutes=MINUTES, faults=(over,))


def record_crossing(bench: JudgeBench, session: FleetSession, *, justified: bool = True) -> None:
    """Let the session and its visit arrive and be judged."""
    bench.record(registry_messages(), step_ms=1)
    facts = chart_messages(session, BEGINS_MS)
    planned = [f for f in facts if json.loads(f.payload)["wall_time_ms"] <= BEGINS_MS]
    bench.record(planned)
    bench.record(device_messages(session, BEGINS_MS))
    bench.record(facts[len(planned) :])
    if justified:
        bench.record([_justification(session)])
    bench.judge()


def _justification(session: FleetSession) -> Message:
    """Return why a physician accepted that the clinic's protocol was not kept to."""
    (over,) = session.faults
    named = {
        "session": {"sender": session.device.sender_id, "stream_id": session.stream_id(RUN)},
        "rule": RULE,
        "envelope": "clinic_protocol",
        "zone": "cheek",
        "laterality": "left",
        "seq_range": {"first_seq": over.span[0], "last_seq": over.span[-1]},
    }
    return chart_message(
        session.device.clinic,
        "chart.justification",
        entered_ms=BEGINS_MS + 3_600_000,
        author="north-physician",
        reason=REASON,
        findings=[named],
    )


def example() -> Explanation:
    """Return why the finding about the clinic's protocol stands in the record."""
    with tempfile.TemporaryDirectory() as name:
        folder, session = Path(name), crossing_session()
        bench = JudgeBench(folder)
        record_crossing(bench, session)
        bench.close()
        with (
            JournalReader(folder / "journal.db") as reader,
            Index(folder / "index.db", read_only=True) as index,
        ):
            return explain(reader, index, asked_for(session, bench))


def example_output() -> str:
    """Return exactly what `dermatrace explain` prints of it."""
    return page_of(example())


def asked_for(
    session: FleetSession,
    bench: JudgeBench,
    envelope: str = "clinic_protocol",
    *,
    rule: str = RULE,
) -> Asked:
    """Name the finding of a rule and an envelope in the newest judgement of a session."""
    (number,) = [
        document["finding_number"]
        for document in bench.newest(session)
        if document["kind"] == "verdict.finding_raised"
        and (document["finding"]["rule"], document["finding"]["envelope"]) == (rule, envelope)
    ]
    return Asked(session.stream_id(RUN), number)


def fenced(page: str) -> str:
    """Return a page as the README shows it."""
    return f"```text\n{page}\n```\n"
