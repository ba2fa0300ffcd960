"""What people know about a visit: what was intended, agreed, looked at and seen.

Every chart document says who says it, when it happened and when it was typed in; these are three
different facts. What people later say about the record itself is in `chart_review.py`.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dermatrace_schemas.document import Closed, SeqRange, StreamDocument
from dermatrace_schemas.identifiers import (
    LongText,
    RegistryId,
    Salt,
    SenderId,
    Sha256Hex,
    ShortText,
    StreamId,
    UtcMs,
)
from dermatrace_schemas.questions import AnswerValue, QuestionCode
from dermatrace_schemas.references import SessionKey
from dermatrace_schemas.session import Count, Place, Plan
from dermatrace_schemas.treatment import Observed, Phototype

ANSWERS_PER_DOCUMENT_MAX = 100
"""Questions one form may answer; a longer form is sent as several documents."""


class ChartDocument(StreamDocument):
    """One fact told by a person."""

    salt: Salt
    visit_id: StreamId | None = None
    """The appointment it belongs to; null if it names a session or document instead."""
    author: RegistryId | None = None
    """Who says it; null if nobody does, as when the console attaches the planned device."""
    fact_time_ms: UtcMs | None = None
    """When it happened or held; null if nobody knows."""
    entered_ms: UtcMs | None = None
    """When it was typed in; null while the clock of the tool is not set."""
    source: Literal["console", "tablet", "cli", "import"]


class VisitDocument(ChartDocument):
    """A fact that means nothing without its visit."""

    visit_id: StreamId


class ChartPlan(VisitDocument):
    """What is to be done at a visit. The latest plan of a visit holds."""

    kind: Literal["chart.plan"]
    plan: Plan
    device_sender: SenderId | None = None
    """The device that is to be used; its next session is attached to the visit."""
    series_id: RegistryId | None = None
    """The series plan this visit belongs to."""
    planned_ms: UtcMs | None = None
    """When the visit is to begin."""

    @model_validator(mode="after")
    def _plan_is_of_this_visit(self) -> Self:
        if self.plan.visit_id is not None and self.plan.visit_id != self.visit_id:
            raise ValueError(f"visit_id is {self.visit_id}, plan.visit_id {self.plan.visit_id}")
        return self


class ChartAttach(ChartDocument):
    """A session belongs to a visit. The latest attach of a session wins."""

    kind: Literal["chart.attach"]
    visit_id: StreamId | None
    """Null takes the session away from the visit it was attached to."""
    session: SessionKey
    manner: Literal["person", "planned_device"] | None = None
    """Whether a person decided it or it followed from the plan."""
    reason: LongText | None = None


class ChartConsent(VisitDocument):
    """The treated person agreed to one procedure, refused it, or took the agreement back."""

    kind: Literal["chart.consent"]
    procedure: RegistryId
    """One procedure; there is no blanket consent."""
    decision: Literal["given", "refused", "withdrawn"]
    signed_ms: UtcMs | None = None
    """When the form was signed; null if unknown, which is not the same as beforehand."""
    document_sha256: Sha256Hex | None = None
    """Of the signed form, which stays with the clinic."""


class ChartExam(VisitDocument):
    """A clinician examined the treated person before treatment."""

    kind: Literal["chart.exam"]
    examiner: RegistryId | None = None
    manner: Literal["in_person", "remote"] | None = None
    outcome: Literal["suitable", "suitable_with_limits", "not_suitable"] | None = None
    phototype: Phototype | None = None
    """As seen by the examiner; takes precedence over the plan's."""
    detail: LongText | None = None


class ChartAnswers(VisitDocument):
    """Answers to the questions asked before treatment; later answers replace earlier ones."""

    kind: Literal["chart.answers"]
    answers: Annotated[
        dict[QuestionCode, AnswerValue],
        Field(min_length=1, max_length=ANSWERS_PER_DOCUMENT_MAX),
    ]
    """Question code to answer; `questions.py` lists the known codes. Not asked means absent."""
    given_by: Literal["subject", "guardian", "staff"] | None = None
    form: ShortText | None = None
    """Name and edition of the form."""
    detail: LongText | None = None


class AdverseEvent(Closed):
    """Harm, or what may become harm."""

    category: (
        Literal[
            "burn",
            "infection",
            "scarring",
            "pigment_change",
            "fat_loss",
            "nerve_damage",
            "vessel_damage",
            "allergic_reaction",
            "cross_contamination",
            "device_malfunction",
            "other",
        ]
        | None
    ) = None
    seriousness: Literal["death", "serious_injury", "malfunction", "not_serious"] | None = None
    """In the sense of reporting duties; null while nobody has judged it."""
    onset_ms: UtcMs | None = None
    aware_ms: UtcMs | None = None
    """When staff learnt of it: reporting periods count from here."""
    device_udi: ShortText | None = None
    tip_udi: ShortText | None = None
    director_part: LongText | None = None
    """What the director did about it."""


class ChartObservation(VisitDocument):
    """What the operator saw, felt or did that no device can report."""

    kind: Literal["chart.observation"]
    observed: Observed
    place: Place | None = None
    grade: Literal["mild", "moderate", "severe"] | None = None
    pain_score: Annotated[int, Field(ge=0, le=10)] | None = None
    """0 none to 10 worst; with `pain` or `test_spot`."""
    session: SessionKey | None = None
    seq_range: SeqRange | None = None
    """Documents of that session it may stem from."""
    adverse_event: AdverseEvent | None = None
    """Meaningful only with `adverse_event`."""
    detail: LongText | None = None


class ChartPhoto(VisitDocument):
    """That a photo was taken, and what it shows. The image itself never travels.

    `fact_time_ms` is when it was taken.
    """

    kind: Literal["chart.photo"]
    photo_sha256: Sha256Hex
    """Of the image file in the clinic's own store."""
    moment: Literal["before", "during", "after", "follow_up"] | None = None
    place: Place | None = None
    angle: (
        Literal["front", "left_45", "left_90", "right_45", "right_90", "above", "below", "close"]
        | None
    ) = None
    """Camera against the face or body part, in degrees to the treated person's left or right."""
    consent: Literal["record", "teaching", "publication", "refused"] | None = None
    """The widest use agreed to; null if nobody asked."""
    media_type: ShortText | None = None
    photo_bytes: Count | None = None
