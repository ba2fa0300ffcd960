"""What the forms of a visit offer: from the registry, and from the last visit."""

from typing import Any, Final

from dermatrace.console.desk import Desk
from dermatrace.judge.search import SessionQuery, search
from dermatrace.reading.registry_standing import Standing
from dermatrace.reading.visit_chart import read_visit
from dermatrace_schemas.registry_models import (
    DeviceContent,
    OperatorContent,
    RoomContent,
)
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.session import Plan
from dermatrace_schemas.zones import ZONES

AGE_BANDS: Final = ("under_18", "18_21", "22_29", "30_39", "40_49", "50_59", "60_plus")
PHOTOTYPES: Final = ("I", "II", "III", "IV", "V", "VI")
Option = tuple[str, str]
"""Value and words."""
HARMS: Final[tuple[Option, ...]] = (
    ("burn", "burn"),
    ("infection", "infection"),
    ("scarring", "scarring"),
    ("pigment_change", "change of pigment"),
    ("fat_loss", "loss of fat"),
    ("nerve_damage", "damage to a nerve"),
    ("vessel_damage", "damage to a vessel"),
    ("allergic_reaction", "allergic reaction"),
    ("cross_contamination", "cross contamination"),
    ("device_malfunction", "device malfunction"),
    ("other", "other"),
)


def choices(desk: Desk, clinic: str) -> dict[str, list[Option]]:
    """Return what can be chosen where, of what is in force now."""
    standing = Standing(desk.record.registry(), clinic, desk.now_ms)
    protocols = [
        (version, version.content)
        for version in standing.all_in_force("protocol")
        if isinstance(version.content, ProtocolContent)
    ]
    indications = {one: None for _, content in protocols for one in content.indications or ()}
    return {
        "protocol": [
            (
                f"{version.registry_id} {version.version}",
                f"{content.title} v{version.version}"
                + ("" if standing.approvals_of(version.digest) else " (not approved)"),
            )
            for version, content in protocols
        ],
        "procedure": [(name, name.replace("_", " ")) for name in _treatments(protocols)],
        "procedure_of": [(version.registry_id, told.treatment) for version, told in protocols],
        "indication": [(name, name.replace("-", " ")) for name in indications],
        "operator_id": [
            (version.registry_id, version.content.name or version.registry_id)
            for version in standing.all_in_force("operator")
            if isinstance(version.content, OperatorContent)
        ],
        "room_id": [
            (version.registry_id, version.content.name)
            for version in standing.all_in_force("room")
            if isinstance(version.content, RoomContent)
        ],
        "device_sender": [
            (version.content.sender, version.content.sender)
            for version in standing.all_in_force("device")
            if isinstance(version.content, DeviceContent)
        ],
        "age_band": [
            (band, band.replace("_", " to ", 1) if band[0].isdigit() else "under 18")
            for band in AGE_BANDS
        ],
        "phototype": [(name, name) for name in PHOTOTYPES],
        "zone": [(zone.code, zone.name) for zone in ZONES],
    }


def _treatments(protocols: list[tuple[Any, ProtocolContent]]) -> list[str]:
    return sorted({content.treatment for _, content in protocols})


def defaults(desk: Desk, clinic: str, subject_id: str | None, room_id: str | None) -> Plan:
    """Return the plan of the last visit of the same subject, else of the same room that day.

    Of a room only what belongs to it is taken over, nothing about a person.
    """
    journal, index = desk.record.journal, desk.record.index
    if journal is not None and index is not None and subject_id is not None:
        asked = SessionQuery(clinic=clinic, subject_id=subject_id, newest=1)
        for found in search(index, asked):
            if found.visit_id is not None:
                plan = read_visit(journal, index, clinic, found.visit_id).chart.plan
                return plan.model_copy(update={"visit_id": None})
    visits = [
        visit
        for visit in desk.installation.floor.shown().visits
        if visit.clinic == clinic and visit.chart.plan.room_id == room_id
    ]
    if room_id is None or not visits:
        return Plan(subject_id=subject_id, room_id=room_id)
    last = max(visits, key=lambda one: (one.planned and one.planned.entered_ms) or 0).chart.plan
    return Plan(
        subject_id=subject_id,
        room_id=room_id,
        operator_id=last.operator_id,
        protocol_id=last.protocol_id,
        protocol_version=last.protocol_version,
    )
