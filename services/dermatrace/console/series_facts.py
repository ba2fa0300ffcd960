"""Series as the API tells them: plans, visits by zone, what is due, photos by what was told."""

from typing import Any

from dermatrace.console.facts import Facts
from dermatrace.judge.series_pace import Author, Timing
from dermatrace.reading.series_facts import Page, page_json
from dermatrace_schemas.finding import Priority
from dermatrace_schemas.identifiers import Laterality
from dermatrace_schemas.references import RegistryPin
from dermatrace_schemas.session import Place


class SeriesListItem(Facts):
    """One series in the list."""

    clinic: str
    subject_id: str
    series: str
    """Id of its plan, or that there is none."""
    treatment: str | None
    visit_count: int
    zones_done: str
    next: str
    """When the next visit is due, and whether that is now, in words."""


class SeriesList(Facts):
    """One page of series, subjects treated last first."""

    series: list[SeriesListItem]
    next: int | None
    """Give it as `after` for the next page; null on the last one."""
    is_judged: bool
    """Whether there is an index; without one nothing is known of series."""


class TermItem(Facts):
    """One limit of a series, and who set it."""

    value: float
    by: Author


class StepItem(Facts):
    """One visit to a zone."""

    visit_id: str | None
    stream_ids: list[str]
    clinic_day: str | None
    waited_days: int | None
    """Since the treatment of the zone before it."""
    timing: Timing


class NextItem(Facts):
    """Dates between which the next visit is due."""

    earliest: str | None
    intended: str | None
    latest: str | None


class ZoneItem(Facts):
    """How far a series has come in one zone, each side by itself."""

    zone: str | None
    laterality: Laterality | None
    needed_count: TermItem | None
    step_count_max: TermItem | None
    interval_min_days: TermItem | None
    interval_max_days: TermItem | None
    interval_days: float | None
    steps: list[StepItem]
    doubtful_count: int
    """Sessions of which nobody knows whether they belong here."""
    is_done: bool | None
    is_too_many: bool | None
    next: NextItem | None


class HomeItem(Facts):
    """Weeks of a home plan: what a device did while it was offline nobody knows."""

    week_count: int
    told_week_count: int
    unknown_week_count: int


class SeriesItem(Facts):
    """One series of a subject."""

    clinic: str
    subject_id: str
    plan: RegistryPin | None
    protocol: RegistryPin | None
    treatment: str | None
    setting: str | None
    is_done: bool | None
    is_over: bool
    zones: list[ZoneItem]
    home_weeks: HomeItem | None


class DeviationItem(Facts):
    """One finding about a series."""

    name: str
    """Under which `explain` knows it."""
    sender: str
    session_id: str
    number: int
    priority: Priority
    rule: str
    sentence: str


class PhotoItem(Facts):
    """That a photo was taken; the image stays with the clinic."""

    visit_id: str
    clinic_day: str | None
    moment: str | None
    place: Place | None
    angle: str | None
    consent: str | None
    """The widest use agreed to; null if nobody asked."""
    fact_time_ms: int | None
    """When it was taken."""
    photo_sha256: str
    is_here: bool
    """Whether the image lies in this console's store, and the subject has not refused its use."""


class SubjectPage(Facts):
    """Everything told of one subject's series."""

    clinic: str
    subject_id: str
    today: int | None
    """Days since 1970 by the clinic's calendar."""
    series: list[SeriesItem]
    deviations: list[DeviationItem]
    photos: list[PhotoItem]


def subject_facts(page: Page, here: set[str]) -> SubjectPage:
    """Return a page of series as facts; `here` are the images that can be shown."""
    told: dict[str, Any] = page_json(page)
    return SubjectPage(
        clinic=page.subject.clinic,
        subject_id=page.subject.subject_id,
        today=page.today,
        series=[SeriesItem.model_validate(one) for one in told["series"]],
        deviations=[
            DeviationItem(
                name=f"{one.session.stream_id}/{one.finding.number}",
                sender=one.session.sender,
                session_id=one.session.stream_id,
                number=one.finding.number,
                priority=one.finding.priority,
                rule=one.finding.rule,
                sentence=one.finding.sentence,
            )
            for one in page.deviations
        ],
        photos=[
            PhotoItem(**photo, is_here=photo["photo_sha256"] in here) for photo in told["photos"]
        ],
    )
