"""Reads together why a finding stands in the record, and judges its session once more."""

from collections.abc import Iterable, Iterator
from typing import Final

from dermatrace.errors import UsageError
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamRecord
from dermatrace.judge.archive import READ_DOCUMENTS_MAX
from dermatrace.judge.banding import Watch
from dermatrace.judge.context import SessionContext
from dermatrace.judge.explanation import (
    WHOSE,
    ApprovalWords,
    Difference,
    Explanation,
    Outcome,
    Reason,
    Recomputed,
    VersionWords,
    clock_words,
    counterpart,
    differences,
    persistence_of,
    rule_words,
    standing_of,
    tolerance_of,
    version_words,
)
from dermatrace.judge.finding_on_record import (
    Asked,
    OnRecord,
    entry_that_led_to,
    find_on_record,
    find_session,
)
from dermatrace.judge.hindsight import Hindsight, Judged
from dermatrace.judge.index import Index
from dermatrace.judge.judgement import SessionJudge
from dermatrace.judge.limit_places import LimitPlace, find_place, wanted_of
from dermatrace.judge.reading_words import Found, Picker
from dermatrace.judge.registry_history import Version
from dermatrace.judge.rows import is_justified
from dermatrace.judge.rule_set import RULE_SET
from dermatrace.judge.rules.live import LATE
from dermatrace.judge.spot import Spot
from dermatrace_schemas.document import SeqRange, StreamDocument
from dermatrace_schemas.parse import parse
from dermatrace_schemas.references import RegistryKind, RegistryPin
from dermatrace_schemas.registry_protocols import ApprovalContent

_BUILDING: Final = "The judge is still building it: wait, or start `dermatrace judge`."
_NOT_YET: Final = "the index has not got as far as the verdict: ask again once the judge has"
_ARRIVAL: Final = "it tells how documents arrived, which no later judgement lives through"
_WITHOUT: Final = "the live judgement had gone on without documents that came later"
_LIVE: Final = "judged live: how it began is compared, how long it lasted is not"


def explain(reader: JournalReader, index: Index, asked: Asked) -> Explanation:
    """Return everything one finding rests on.

    Raises UsageError if the record has no such finding, or several; JournalForked if the index was
    made from another journal; Unreadable if a document cannot be understood any more.
    """
    session = find_session(reader, asked)
    on_record = find_on_record(reader, session, asked)
    as_of = entry_that_led_to(reader, on_record, session.row)
    then, now = Hindsight(reader, index, up_to_entry_id=as_of), Hindsight(reader, index)
    judged, today = then.judge(session.row), now.context(session.row)
    if judged is None or today is None:
        raise UsageError(f"the index does not know {asked.session} yet", remedy=_BUILDING)
    desk = _Desk(reader, on_record, session, then, judged)
    recomputed = desk.recomputed()
    if recomputed.outcome != "identical" and on_record.is_live:
        # What was known when a live judgement began holds until something people say changes it.
        began = Hindsight(reader, index, up_to_entry_id=on_record.opened.as_of_entry_id)
        known = began.context(session.row)
        as_known = None if known is None else then.judge(session.row, lambda _: known)
        other = desk if as_known is None else _Desk(reader, on_record, session, then, as_known)
        if other.recomputed().outcome == "identical":
            desk, recomputed = other, other.recomputed()
    if as_of > now.as_of:
        recomputed = Recomputed("not possible", as_of, (_NOT_YET,))
    return desk.explanation(tuple(_reasons(on_record, today)), recomputed)


class _Desk:
    """Puts together what the record says of one finding."""

    def __init__(
        self,
        reader: JournalReader,
        on_record: OnRecord,
        session: StreamRecord,
        then: Hindsight,
        judged: Judged,
    ) -> None:
        self._reader = reader
        self._on_record = on_record
        self._session = session
        self._then = then
        self._judged = judged
        self._case = judged.judge.case

    def explanation(self, reasons: tuple[Reason, ...], recomputed: Recomputed) -> Explanation:
        on_record, key = self._on_record, self._session.key
        finding = on_record.finding
        picker = self._picker()
        pinned = [version for pin in self._pins if (version := self._pinned(pin))]
        rests_on = {digest: self._versions(digest) for digest in finding.digests}
        known = [version for versions in rests_on.values() for version in versions]
        return Explanation(
            clinic=key.clinic,
            sender=key.sender,
            session=key.stream_id,
            generation=on_record.generation,
            newest_generation=on_record.newest_generation,
            cause=on_record.opened.cause,
            number=on_record.told.number,
            finding=finding,
            told_by_entry_id=on_record.raised_by.entry_id,
            told_by_entry_hash=on_record.raised_by.entry_hash.hex(),
            cleared=on_record.told.cleared,
            reasons=reasons,
            rule=rule_words(finding.rule),
            whose=WHOSE[finding.envelope],
            limit=self._limit(known),
            tolerance=tolerance_of(finding, self._case),
            persistence=persistence_of(finding, self._case),
            protocol=next(self._worded(pinned, "protocol"), None),
            approvals=tuple(self._approvals(pinned)),
            rests_on=tuple(self._worded(known)),
            unresolved_digests=tuple(digest for digest, found in rests_on.items() if not found),
            reading_count=picker.count,
            readings=picker.readings(),
            clock=clock_words(self._case),
            recomputed=recomputed,
        )

    def recomputed(self) -> Recomputed:
        """Judge once more and compare."""
        on_record, as_of = self._on_record, self._then.as_of
        told, opened = on_record.told, on_record.opened
        notes: list[str] = [_LIVE] if on_record.is_live else []
        if opened.rule_set_digest != RULE_SET.digest:
            was, now = opened.rule_set_digest[:12], RULE_SET.digest[:12]
            notes.append(f"told by rule set {was}, recomputed by rule set {now}")
        if told.finding.rule == LATE.id:
            return Recomputed("not possible", as_of, (*notes, _ARRIVAL))
        found = counterpart(told.number, told.finding, self._judged.judge.state.findings)
        differing: tuple[Difference, ...] = ()
        if found is None:
            notes.append("no such finding is raised")
        else:
            differing = tuple(differences(told.finding, found, is_live=on_record.is_live))
        outcome: Outcome = "identical" if found and not differing else "DIFFERENT"
        if outcome == "DIFFERENT" and on_record.is_live and on_record.was_late:
            # Nobody can repeat in which order documents were judged that came too late.
            outcome = "not possible"
            notes.append(_WITHOUT)
        return Recomputed(outcome, as_of, tuple(notes), differing)

    def _limit(self, versions: list[Version]) -> LimitPlace | None:
        finding, case = self._on_record.finding, self._case
        phototype = case.context.chart.phototype
        wanted = wanted_of(finding, RULE_SET.by_id.get(finding.rule), phototype)
        if wanted is None:
            return None
        return find_place(wanted, versions, case.state.started, case.state.tips)

    @property
    def _pins(self) -> list[RegistryPin]:
        """Return what the judgement rests on; a live one may have learnt of it after its start."""
        if self._on_record.is_live:
            return self._case.context.registry.pins
        return self._on_record.opened.pins

    def _versions(self, digest: str) -> list[Version]:
        """Return what a digest means here: of things that say the same, those that took part."""
        pinned = [self._pinned(pin) for pin in self._pins if pin.digest == digest]
        other = self._then.history.by_digest(self._session.key.clinic, digest)
        return [version for version in pinned or [other] if version is not None]

    def _pinned(self, pin: RegistryPin) -> Version | None:
        known = self._then.history.versions(
            self._session.key.clinic, pin.registry_kind, pin.registry_id
        )
        named = (pin.version, pin.digest)
        return next((one for one in known if (one.version, one.digest) == named), None)

    def _worded(
        self, versions: Iterable[Version], kind: RegistryKind | None = None
    ) -> Iterator[VersionWords]:
        for version in versions:
            if kind in {None, version.kind}:
                entry = self._reader.entry(version.entry_id)
                assert entry is not None  # noqa: S101  it was read from there, and entries stay
                yield version_words(version, entry.entry_hash.hex(), entry.received_ms)

    def _approvals(self, versions: Iterable[Version]) -> Iterator[ApprovalWords]:
        for version in versions:
            content = version.content
            if isinstance(content, ApprovalContent):
                (recorded,) = self._worded([version])
                yield ApprovalWords(
                    version.registry_id,
                    content.director_id,
                    content.effective_from_ms,
                    content.protocol_digest,
                    recorded,
                )

    def _picker(self) -> Picker:
        """Return the readings that the finding rests on."""
        finding = self._on_record.finding
        span = finding.seq_range
        picker = Picker(self._case, self._watch(), Spot(finding.zone, finding.laterality))
        for entry in () if span is None else self._entries(span):
            document = None if entry.payload is None else parse("session", entry.payload)
            if isinstance(document, StreamDocument):
                picker.take(Found(document, entry.entry_id, entry.entry_hash.hex()))
        return picker

    def _watch(self) -> Watch | None:
        """Return what compared the readings with the limit, if it still does."""
        finding = self._on_record.finding
        watches = self._judged.judge.watches(Spot(finding.zone, finding.laterality))
        named = (finding.rule, finding.envelope)
        return next((w for w in watches if (w.rule.id, w.bound.envelope) == named), None)

    def _entries(self, span: SeqRange) -> Iterator[Entry]:
        """Yield what the generation had of a range; what has come since is not in it."""
        closed, first = self._on_record.closed, span.first_seq
        last_entry_id = self._then.as_of if closed is None else closed.as_of_entry_id
        while first <= span.last_seq:
            page = self._reader.read_stream(
                self._session.row, first, span.last_seq, limit=READ_DOCUMENTS_MAX
            )
            yield from (entry for entry in page if entry.entry_id <= last_entry_id)
            if len(page) < READ_DOCUMENTS_MAX:
                return
            first = 1 + (page[-1].seq or 0)


def _reasons(on_record: OnRecord, now: SessionContext) -> Iterator[Reason]:
    """Yield who has accepted the finding, and why, by all that is on record today."""
    standing = standing_of(on_record.told.number, on_record.finding)
    judge = SessionJudge(now)
    for given in now.chart.justifications:
        if is_justified(standing, given, judge):
            at_ms = given.entered_ms if given.fact_time_ms is None else given.fact_time_ms
            yield Reason(given.author, given.reason, at_ms)
