"""What the form of the list of sessions offers."""

from typing import Final, get_args

from dermatrace.console.desk import Desk
from dermatrace.console.searches import SavedSearch
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.search import GradeShown, State
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.session import Modality, Setting
from dermatrace_schemas.treatment import GATES, Treatment
from dermatrace_schemas.zones import ZONES

READY_MADE: Final = (
    SavedSearch("Last week, high findings", "last_days=7&priority=high"),
    SavedSearch("Last week, consent late or unknown", "last_days=7&rule=gate.consent"),
    SavedSearch(
        "Last week, depth above a limit around the eyes",
        "last_days=7&rule=depth&finding_zone=periorbital",
    ),
    SavedSearch(
        "Last 30 days, off-label without a reason",
        "last_days=30&envelope=cleared_label&justified=false",
    ),
    SavedSearch("Last 30 days, too little data", "last_days=30&data_coverage_max=0.9"),
    SavedSearch("Running now", "state=open"),
)
"""What people ask most; each stands in the address, to be changed and kept under another name."""
_FIXED: Final[dict[str, tuple[str, ...]]] = {
    "zone": tuple(zone.code for zone in ZONES),
    "gate": GATES,
    "laterality": get_args(Laterality),
    "treatment": get_args(Treatment),
    "modality": get_args(Modality),
    "setting": get_args(Setting),
    "state": get_args(State),
    "grade": get_args(GradeShown),
    "envelope": get_args(Envelope),
    "priority": get_args(Priority),
    "nature": get_args(Nature),
}


def choices(desk: Desk) -> dict[str, list[str]]:
    """Return what each field can be; of clinics, people and protocols what is on record."""
    registry = desk.record.registry()
    clinics = desk.clinics()
    rules = sorted(rule.id for rule in RULE_SET.rules)
    things = [thing for clinic in clinics for thing in registry.things(clinic)]
    return {
        **{name: list(values) for name, values in _FIXED.items()},
        "clinic": clinics,
        "operator_id": sorted({name for kind, name in things if kind == "operator"}),
        "protocol_id": sorted({name for kind, name in things if kind == "protocol"}),
        "rule": sorted({*rules, *(rule.partition(".")[0] for rule in rules)}),
    }
