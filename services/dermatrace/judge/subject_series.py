"""The series of subjects: sessions on record beside series plans, protocol intervals and photos.

A subject has one series for each plan made for it, and one for each treatment that no plan speaks
of. How far each has come is told by `series_view.py`; here its parts are brought together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from dermatrace import sqlite
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.archive import Archive, clinic_day
from dermatrace.judge.chart import SessionId
from dermatrace.judge.context import EarlierSession
from dermatrace.judge.index import EARLIER_SESSIONS_MAX, Index
from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace.judge.registry_reading import read_history
from dermatrace.judge.search import FoundSession, SessionQuery, search
from dermatrace.judge.series_view import Calendar, SeriesProgress, series_of
from dermatrace.judge.session_detail import FoundFinding, findings_of, zones_of
from dermatrace_schemas.chart import ChartPhoto
from dermatrace_schemas.document import Closed
from dermatrace_schemas.registry_models import SeriesPlanContent
from dermatrace_schemas.registry_protocols import ProtocolContent
from dermatrace_schemas.session import Plan

FAMILY: Final = "series."
"""Rules that speak of a series begin so."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of one clinic."""

    clinic: str
    subject_id: str


@dataclass(frozen=True, slots=True)
class SubjectSeries:
    """One series of a subject."""

    subject: Subject
    plan: Version | None
    """The newest version of the series plan; None if nobody made one."""
    protocol: Version | None
    """The treatment protocol whose intervals count: that of the newest session, else the plan's."""
    treatment: str | None
    """None: whatever the treatment, or nobody knows it."""
    sessions: tuple[FoundSession, ...]
    """Those that belong to it or may, as far as the treatment tells, the oldest first."""
    progress: SeriesProgress
    is_over: bool
    """Whether the plan has ended."""

    @property
    def plan_content(self) -> SeriesPlanContent | None:
        """What the plan asks for."""
        content = None if self.plan is None else self.plan.content
        return content if isinstance(content, SeriesPlanContent) else None


@dataclass(frozen=True, slots=True)
class Deviation:
    """A finding about a series, and the session it was found in."""

    session: FoundSession
    finding: FoundFinding


@dataclass(frozen=True, slots=True)
class VisitPhoto:
    """That a photo was taken at a visit with a session."""

    visit_id: str
    clinic_day: int | None
    photo: ChartPhoto


@dataclass(slots=True)
class SeriesDesk:
    """Looks up the series of subjects, as far as the index has got."""

    reader: JournalReader
    index: Index
    now_ms: int
    """Up to which home weeks are counted."""
    history: RegistryHistory = field(init=False)
    _as_of: int = field(init=False)
    _archive: Archive = field(init=False)

    def __post_init__(self) -> None:
        self._as_of = self.index.cursor()[0].entry_id
        self.history = read_history(self.reader, up_to_entry_id=self._as_of)
        self._archive = Archive(self.reader, self.index, self.history)

    def subjects(self, clinic: str | None = None) -> list[Subject]:
        """Return the subjects on record, those treated last first; then those only planned for."""
        with sqlite.storage_errors(self.index.path):
            rows = self.index.connection.execute(
                "SELECT clinic, subject_id FROM sessions WHERE subject_id IS NOT NULL"
                " AND coalesce(?1, clinic) = clinic GROUP BY clinic, subject_id"
                " ORDER BY max(coalesce(started_ms, first_received_ms)) DESC, clinic, subject_id",
                (clinic,),
            )
            treated = [Subject(*row) for row in rows]
        clinics = [name for name in self.history.clinics() if clinic in {None, name}]
        planned = (
            Subject(name, content.subject_id)
            for name in clinics
            for _, content in self._plans(name)
        )
        return list(dict.fromkeys((*treated, *planned)))

    def subjects_of_series(self, series_id: str, clinic: str | None = None) -> list[Subject]:
        """Return whom a series plan was made for, at each clinic that has one of this id."""
        return [
            Subject(name, content.subject_id)
            for name in self.history.clinics()
            if clinic in {None, name}
            for version, content in self._plans(name)
            if version.registry_id == series_id
        ]

    def today(self, clinic: str) -> int | None:
        """Return the day it is at a clinic, or None if nobody knows its time zone."""
        return clinic_day(self.now_ms, self._clinic(clinic))

    def series(self, subject: Subject) -> list[SubjectSeries]:
        """Return the series of a subject: those with a plan, then the others by treatment."""
        found = self._sessions(subject)
        plans = [
            (version, content)
            for version, content in self._plans(subject.clinic)
            if content.subject_id == subject.subject_id
        ]
        series = [self._planned(subject, version, content, found) for version, content in plans]
        spoken_of = {one.treatment for one in series}
        if None in spoken_of:
            return series  # a plan for whatever the treatment takes in every session
        others = {session.treatment for session in found} - spoken_of
        named = sorted(treatment for treatment in others if treatment is not None)
        # A session whose treatment nobody knows may belong to each of the others; it stands alone
        # only if there is no other.
        alone: list[str | None] = [None] if others == {None} and not series else []
        return [*series, *(self._unplanned(subject, name, found) for name in [*named, *alone])]

    def deviations(self, subject: Subject) -> list[Deviation]:
        """Return every finding about a series of the subject, by session, the oldest first."""
        return [
            Deviation(session, finding)
            for session in self._sessions(subject)
            for finding in findings_of(self.index, session.stream_row)
            if finding.rule.startswith(FAMILY)
        ]

    def photos(self, subject: Subject) -> list[VisitPhoto]:
        """Return the photos told of the subject's visits, visit by visit, in their order."""
        visits = {s.visit_id: s for s in reversed(self._sessions(subject)) if s.visit_id}
        return [
            VisitPhoto(visit_id, session.clinic_day, photo)
            for visit_id, session in reversed(visits.items())
            for photo in self._archive.chart(
                _id_of(session), Plan(visit_id=visit_id), self._as_of
            ).photos
        ]

    # --- putting together ---------------------------------------------------------------------

    def _planned(
        self,
        subject: Subject,
        version: Version,
        plan: SeriesPlanContent,
        found: Sequence[FoundSession],
    ) -> SubjectSeries:
        protocol = self._newest_protocol(subject.clinic, plan.protocol_id)
        content = None if protocol is None else protocol.content
        treatment: str | None = plan.treatment
        if treatment is None and isinstance(content, ProtocolContent):
            treatment = content.treatment
        used = self._protocol_used(found, plan.protocol_id, treatment)
        return self._series(subject, version, used or protocol, treatment, found)

    def _unplanned(
        self, subject: Subject, treatment: str | None, found: Sequence[FoundSession]
    ) -> SubjectSeries:
        protocol = self._protocol_used(found, None, treatment)
        return self._series(subject, None, protocol, treatment, found)

    def _series(
        self,
        subject: Subject,
        version: Version | None,
        protocol: Version | None,
        treatment: str | None,
        found: Sequence[FoundSession],
    ) -> SubjectSeries:
        plan = None if version is None else version.content
        assert plan is None or isinstance(plan, SeriesPlanContent)  # noqa: S101  its kind says so
        content = None if protocol is None else protocol.content
        counted = tuple(s for s in found if treatment is None or s.treatment in {treatment, None})
        progress = series_of(
            plan,
            content.bands if isinstance(content, ProtocolContent) else (),
            [self._earlier(session) for session in counted],
            treatment=treatment,
            phototype=self._phototype(counted),
            calendar=self._calendar(subject.clinic, plan),
        )
        ends_ms = None if plan is None else plan.ends_ms
        is_over = ends_ms is not None and ends_ms <= self.now_ms
        return SubjectSeries(subject, version, protocol, treatment, counted, progress, is_over)

    def _sessions(self, subject: Subject) -> list[FoundSession]:
        """Return the subject's sessions that have ended, the oldest first."""
        query = SessionQuery(
            clinic=subject.clinic,
            subject_id=subject.subject_id,
            state="closed",
            newest=EARLIER_SESSIONS_MAX,
        )
        return search(self.index, query)[::-1]

    def _earlier(self, session: FoundSession) -> EarlierSession:
        zones = zones_of(self.index, session.stream_row)
        return EarlierSession(
            session.stream_id,
            session.visit_id,
            session.treatment,
            session.started_ms,
            session.clinic_day,
            tuple(zone.spot for zone in zones if zone.delivered),
        )

    def _phototype(self, sessions: Sequence[FoundSession]) -> str | None:
        """Return the phototype by the chart of the newest session; the next one goes on from it."""
        kept = self.index.file(sessions[-1].stream_row) if sessions else None
        if kept is None:
            return None
        return self._archive.context(kept.state, self._as_of).chart.phototype

    def _calendar(self, clinic: str, plan: SeriesPlanContent | None) -> Calendar:
        starts_ms = None if plan is None else plan.starts_ms
        ends_ms = None if plan is None else plan.ends_ms
        as_of_ms = self.now_ms if ends_ms is None else min(self.now_ms, ends_ms - 1)
        content = self._clinic(clinic)
        return Calendar(clinic_day(starts_ms, content), clinic_day(as_of_ms, content))

    # --- registry -----------------------------------------------------------------------------

    def _plans(self, clinic: str) -> Iterator[tuple[Version, SeriesPlanContent]]:
        """Yield the newest version of each series plan of a clinic."""
        for kind, registry_id in self.history.things(clinic, "series_plan"):
            newest = self.history.versions(clinic, kind, registry_id)[-1]
            if isinstance(newest.content, SeriesPlanContent):
                yield newest, newest.content

    def _protocol_used(
        self, found: Sequence[FoundSession], protocol_id: str | None, treatment: str | None
    ) -> Version | None:
        """Return the protocol version of the newest session that was judged by a fitting one."""
        for session in reversed(found):
            fits = treatment in {None, session.treatment} and (
                protocol_id in {None, session.protocol_id}
            )
            if fits and session.protocol_digest is not None:
                return self.history.by_digest(session.clinic, session.protocol_digest)
        return None

    def _newest_protocol(self, clinic: str, protocol_id: str | None) -> Version | None:
        versions = self.history.versions(clinic, "protocol", protocol_id or "")
        return versions[-1] if versions else None

    def _clinic(self, clinic: str) -> Closed | None:
        versions = self.history.versions(clinic, "clinic", clinic)
        return versions[-1].content if versions else None


def _id_of(session: FoundSession) -> SessionId:
    return SessionId(session.clinic, session.sender, session.stream_id)
