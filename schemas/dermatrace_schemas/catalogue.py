"""Every document there is, by the class of topic it travels on."""

from typing import Final, get_args

from pydantic import BaseModel

from dermatrace_schemas.chart import (
    ChartAnswers,
    ChartAttach,
    ChartConsent,
    ChartExam,
    ChartObservation,
    ChartPhoto,
    ChartPlan,
)
from dermatrace_schemas.chart_review import (
    ChartAcknowledgement,
    ChartCorrection,
    ChartJustification,
    ChartNote,
    ChartSignature,
    ChartZoneReattribution,
)
from dermatrace_schemas.fleet import Announcement, Status
from dermatrace_schemas.needling import NeedlingWindows
from dermatrace_schemas.registry import (
    RegistryApproval,
    RegistryClinic,
    RegistryDevice,
    RegistryDeviceModel,
    RegistryDirector,
    RegistryErasure,
    RegistryJurisdiction,
    RegistryOperator,
    RegistryProtocol,
    RegistryRoom,
    RegistrySeriesPlan,
    RegistryTipModel,
)
from dermatrace_schemas.rf import RfShot
from dermatrace_schemas.session import DeviceEvent, SessionStarted, SessionStopped, ZoneEntered
from dermatrace_schemas.settling import Outbox, Receipt, Rejection
from dermatrace_schemas.system import (
    SystemAnchor,
    SystemClosed,
    SystemConnected,
    SystemErased,
    SystemLost,
    SystemOpened,
    SystemReadmitted,
    SystemReopened,
    SystemRestored,
    SystemSilent,
    SystemStreamComplete,
)
from dermatrace_schemas.verdict import (
    VerdictClosed,
    VerdictFindingCleared,
    VerdictFindingRaised,
    VerdictOpened,
    VerdictState,
    VerdictSummary,
)

SESSION_DOCUMENTS: Final = (
    SessionStarted,
    ZoneEntered,
    NeedlingWindows,
    RfShot,
    DeviceEvent,
    SessionStopped,
)
CHART_DOCUMENTS: Final = (
    ChartPlan,
    ChartAttach,
    ChartConsent,
    ChartExam,
    ChartAnswers,
    ChartObservation,
    ChartPhoto,
    ChartZoneReattribution,
    ChartAcknowledgement,
    ChartJustification,
    ChartNote,
    ChartCorrection,
    ChartSignature,
)
REGISTRY_DOCUMENTS: Final = (
    RegistryClinic,
    RegistryRoom,
    RegistryDirector,
    RegistryOperator,
    RegistryDevice,
    RegistryDeviceModel,
    RegistryTipModel,
    RegistryJurisdiction,
    RegistryProtocol,
    RegistryApproval,
    RegistrySeriesPlan,
    RegistryErasure,
)
VERDICT_DOCUMENTS: Final = (
    VerdictOpened,
    VerdictFindingRaised,
    VerdictFindingCleared,
    VerdictState,
    VerdictSummary,
    VerdictClosed,
)
SYSTEM_DOCUMENTS: Final = (
    SystemOpened,
    SystemRestored,
    SystemConnected,
    SystemLost,
    SystemSilent,
    SystemClosed,
    SystemReopened,
    SystemAnchor,
    SystemStreamComplete,
    SystemReadmitted,
    SystemErased,
)


BY_CLASS: Final[dict[str, tuple[type[BaseModel], ...]]] = {
    "session": SESSION_DOCUMENTS,
    "chart": CHART_DOCUMENTS,
    "registry": REGISTRY_DOCUMENTS,
    "verdict": VERDICT_DOCUMENTS,
    "system": SYSTEM_DOCUMENTS,
    "outbox": (Outbox,),
    "announcement": (Announcement,),
    "status": (Status,),
    "receipt": (Receipt,),
    "rejection": (Rejection,),
}


def documents_of(message_class: str) -> tuple[type[BaseModel], ...]:
    """Return the documents that may travel on a class of topic.

    Raises KeyError for a class that does not exist.
    """
    return BY_CLASS[message_class]


def kind_of(document: type[BaseModel]) -> str:
    """Return the `kind` a document type carries."""
    (kind,) = get_args(document.model_fields["kind"].annotation)
    return str(kind)


def class_of(kind: str) -> str | None:
    """Return the class of topic a kind travels on, or None if there is no such kind."""
    return _CLASS_BY_KIND.get(kind)


_CLASS_BY_KIND: Final = {
    kind_of(document): message_class
    for message_class, documents in BY_CLASS.items()
    for document in documents
}
