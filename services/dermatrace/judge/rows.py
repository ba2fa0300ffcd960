"""A session's file as rows of the index."""

import json
from typing import Any

from dermatrace.judge.index import Row, packed, packed_judgement
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.session_file import SessionFile
from dermatrace.judge.state import Standing, names, spot_of_key
from dermatrace.judge.summarising import Summary
from dermatrace.judge.tally import HIGH_SHARE, MEDIAN_SHARE
from dermatrace.judge.telling import status_of
from dermatrace_schemas.chart_review import ChartJustification
from dermatrace_schemas.treatment import GATES, Gate


def row_of(file: SessionFile) -> Row:
    """Return everything the index is to hold of a session."""
    state, judge = file.state, file.judge
    columns: dict[str, Any] = {
        "stream_row": state.row,
        "clinic": state.session.clinic,
        "sender": state.session.sender,
        "stream_id": state.session.stream_id,
        "is_open": int(not state.is_closed and not state.is_erased),
        "status": "closed" if state.is_closed else status_of(state, judge),
        "first_received_ms": state.first_received_ms,
        "generation": state.generation,
        "cause": state.cause,
        "grade": state.grade,
        "adherent": 0,
        "asked_gates": "[]",
        "open_gates": "[]",
        "file": packed(state, file.coverage),
        "judgement": None,
    }
    if state.is_erased or judge is None:
        columns["status"] = "erased" if state.is_erased else columns["status"]
        return Row(columns, [], [])
    columns |= _context_columns(judge)
    if not state.is_closed:
        columns["judgement"] = packed_judgement(judge.state)
        columns["open_gates"] = json.dumps(judge.open_gates())
    by_spot = {summary.spot: summary for summary in file.summaries if summary.scope == "zone"}
    # Last: a rule that fails when its gate is asked for is known to have failed by now.
    columns["asked_gates"] = json.dumps(_asked_gates(judge))
    whole = next((summary for summary in file.summaries if summary.scope == "session"), None)
    if whole is not None:
        columns |= {
            "adherence": whole.adherence.fraction,
            "why_not": whole.adherence.why_not,
            "adherent": int(whole.adherent),
            "data_coverage": whole.data_coverage_fraction,
            "open_gates": json.dumps(whole.open_gates),
        }
    zones = [_zone(judge, key, by_spot.get(spot_of_key(key))) for key in judge.state.tallies]
    justified = _justified(judge)
    findings = [_finding(standing, justified) for standing in judge.state.findings]
    return Row(columns, zones, findings)


def _context_columns(judge: SessionJudge) -> dict[str, Any]:
    context = judge.context
    plan, protocol = context.chart.plan, context.registry.protocol
    stopped, contact = judge.state.stopped_at, judge.state.first_contact
    return {
        "visit_id": context.chart.visit_id,
        "subject_id": plan.subject_id,
        "operator_id": plan.operator_id,
        "room_id": plan.room_id,
        "protocol_id": plan.protocol_id if protocol is None else protocol.registry_id,
        "protocol_version": plan.protocol_version if protocol is None else protocol.version,
        "protocol_digest": None if protocol is None else protocol.digest,
        "series_id": context.chart.series_id,
        "treatment": None if context.protocol is None else context.protocol.treatment,
        "modality": judge.case.modality,
        "setting": context.setting,
        "started_ms": context.started_ms,
        "clinic_day": context.clinic_day,
        "ended_ms": None if stopped is None else stopped.at_ms,
        "first_contact_seq": None if contact is None else contact.seq,
    }


def _asked_gates(judge: SessionJudge) -> list[Gate]:
    """Return the gates that count for the session, open or not; one whose rule failed does."""
    failed, case = judge.state.failed_rules, judge.case
    asked = {r.gate for r in RULE_SET.gates if r.id in failed or r.demanded(case)}
    return [gate for gate in GATES if gate in asked]


def _zone(judge: SessionJudge, key: str, summary: Summary | None) -> dict[str, Any]:
    tally, spot = judge.state.tallies[key], spot_of_key(key)
    totals = tally.totals() if summary is None else summary.totals
    return {
        "zone": spot.zone or "",
        "laterality": spot.laterality or "",
        "totals": totals.model_dump_json(exclude_none=True),
        "depth_median_mm": tally.depth_at(MEDIAN_SHARE),
        "depth_high_mm": tally.depth_at(HIGH_SHARE),
        "depth_max_mm": tally.depth_measured_max_mm,
        "stroke_count": tally.contact_stroke_count,
        "shot_count": tally.treatment_shot_count,
        "energy_mj": tally.energy_delivered_mj,
        "adherence": None if summary is None else summary.adherence.fraction,
    }


def _finding(standing: Standing, justified: set[int]) -> dict[str, Any]:
    members = (
        "number",
        "rule",
        "envelope",
        "priority",
        "nature",
        "zone",
        "laterality",
        "first_seq",
        "last_seq",
        "measured_value",
        "limit_value",
        "unit",
        "sentence",
    )
    return {name: getattr(standing, name) for name in members} | {
        "cleared": int(standing.cleared),
        "justified": int(standing.number in justified),
    }


def _justified(judge: SessionJudge) -> set[int]:
    """Return the numbers of the findings for which somebody has given a reason."""
    return {
        standing.number
        for standing in judge.state.findings
        if any(is_justified(standing, j, judge) for j in judge.context.chart.justifications)
    }


def is_justified(
    standing: Standing, justification: ChartJustification, judge: SessionJudge
) -> bool:
    """Tell whether a justification names a finding: by rule, envelope, zone and documents."""
    session = judge.context.session
    return any(
        (key.session.sender, key.session.stream_id) == (session.sender, session.stream_id)
        and names(key, standing)
        for key in justification.findings
    )
