"""As what a law counts needling: which of its class boundaries speak of a session."""

from dermatrace.judge.banding import ROUNDING
from dermatrace.judge.case import Case
from dermatrace_schemas.registry_models import ClassBoundary


def boundaries_of(case: Case) -> list[ClassBoundary]:
    """Return the class boundaries for this operator, this kind of device and this setting.

    A boundary for certain people, devices or settings speaks only of those known to be meant.
    """
    law, operator, started = case.context.jurisdiction, case.context.operator, case.state.started
    if law is None:
        return []
    role = None if operator is None else operator.role
    setting = None if started is None else started.setting
    modality = "rf" if case.shot is not None else case.modality
    return [
        boundary
        for boundary in law.boundaries
        if (boundary.roles is None or role in boundary.roles)
        and (boundary.modality is None or boundary.modality == modality)
        and (boundary.setting is None or boundary.setting == setting)
    ]


def covers(boundary: ClassBoundary, depth_mm: float) -> bool:
    """Whether a boundary says what needling at a depth is; an end nobody has entered says nothing.

    Its lower end does not belong to it, its upper end does.
    """
    above, up_to = boundary.depth_above, boundary.depth_up_to
    if above is not None and (above.value is None or depth_mm <= above.value + ROUNDING):
        return False
    return up_to is None or (up_to.value is not None and depth_mm <= up_to.value + ROUNDING)


def forbids_altogether(boundary: ClassBoundary) -> bool:
    """Whether a boundary forbids needling at every depth."""
    ends = (boundary.depth_above, boundary.depth_up_to)
    return boundary.classification == "forbidden" and ends == (None, None)
