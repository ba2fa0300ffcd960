"""Rules about the record itself: what is missing, contradicts itself, or cannot be placed."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final, TypeAlias

from dermatrace.judge.case import Case
from dermatrace.judge.rules.budget import said
from dermatrace.judge.rules.circumstances import touches
from dermatrace.judge.rules.data_readings import READING_RULES
from dermatrace.judge.rules.data_telling import TELLING_RULES
from dermatrace.judge.rules.row import AnyRule, Hit, MomentRule

Spans: TypeAlias = Sequence[tuple[int, int]]

MS_PER_S: Final = 1_000
_NO_CLOCK: Final = (
    Hit(
        sentence="The device's clock was not set, and nothing else told the time: when this"
        " happened is not known.",
    ),
)
_NO_ZONE: Final = (
    Hit(
        sentence="Readings on skin came without a zone: they are in no zone's numbers, and limits"
        " that depend on the zone could not be applied.",
    ),
)


def _gap(case: Case) -> Iterable[Hit]:
    ending = case.ending
    if ending is None:
        return
    yield from _absent(ending.missing, "never arrived, and nothing explains why")
    if not ending.ended:
        yield Hit(
            sentence="The end of the session is not on record: whether anything followed the last"
            " message is not known.",
            about="end",
        )


def _declared_loss(case: Case) -> Iterable[Hit]:
    lost = () if case.ending is None else case.ending.lost
    return _absent(lost, "got lost before sending, as the device itself declared")


def _rejected(case: Case) -> Iterable[Hit]:
    ending = case.ending
    if ending is None:
        return ()
    # What came again with other content is rejected too; `data.conflict` speaks of it.
    doubled = {(seq, seq) for seq in ending.conflicts}
    unread = [span for span in ending.rejected if span not in doubled]
    return _absent(unread, "could not be read; the bytes are kept and were not judged")


def _conflict(case: Case) -> Iterable[Hit]:
    seqs = () if case.ending is None else sorted(set(case.ending.conflicts))
    spans = [(seq, seq) for seq in seqs]
    return _absent(spans, "came again with other content; what came first was judged")


def _absent(spans: Spans, what: str) -> tuple[Hit, ...]:
    """Return one hit over all stretches: a session may have thousands of them."""
    if not spans:
        return ()
    count = sum(last - first + 1 for first, last in spans)
    first_seq, last_seq = spans[0][0], spans[-1][1]
    which = f"message, number {first_seq},"
    if count > 1:
        which = f"messages between number {first_seq} and number {last_seq}"
    return (
        Hit(
            sentence=f"{said(count)} {which} {what}.",
            seqs=(first_seq, last_seq),
            measured_value=count,
            unit="1",
        ),
    )


def _chain_differs(case: Case) -> Iterable[Hit]:
    if case.ending is None or case.ending.chain != "differs":
        return ()
    return (
        Hit(
            sentence="What arrived is not what the device says it sent: the chain of digests in"
            " its last message does not match the record.",
        ),
    )


def _clock_step(case: Case) -> Iterable[Hit]:
    step_ms = case.step_ms
    if not step_ms:
        return ()
    way = "forward" if step_ms > 0 else "back"
    step_s = abs(step_ms) / MS_PER_S
    return (
        Hit(
            sentence=f"The device's clock jumped {way} by {said(step_s, 's')}: before and after"
            " cannot be told by it for sure.",
            measured_value=step_s,
            unit="s",
        ),
    )


def _clock_unset(case: Case) -> Iterable[Hit]:
    if not case.state.clock.unset or case.at_ms is not None:
        return ()
    return _NO_CLOCK


def _zone_unknown(case: Case) -> Iterable[Hit]:
    if case.spot.zone is not None or not touches(case):
        return ()
    return _NO_ZONE


_fact = partial(MomentRule, envelopes=("none",), nature="technical", clearing="never", trust="D")

RULES: Final[tuple[AnyRule, ...]] = (
    _fact(
        id="data.gap",
        meaning="Part of the session is not on record: whether it kept to the limits is not known.",
        priority="medium",
        persistence="one missing message",
        source="Numbers without a gap are the contract's sign of completeness",
        when=("closed",),
        look=_gap,
    ),
    _fact(
        id="data.declared_loss",
        meaning="The device could not keep part of the session and said so; it was not judged.",
        priority="medium",
        persistence="one lost message",
        source="The contract's declaration of loss",
        when=("closed",),
        look=_declared_loss,
    ),
    _fact(
        id="data.rejected",
        meaning="Something the device sent could not be understood. It is kept and was not judged.",
        priority="medium",
        persistence="one unreadable message",
        source="The contract's rejection",
        when=("closed",),
        look=_rejected,
    ),
    _fact(
        id="data.conflict",
        meaning="The record holds two versions of one message: one of them is not what happened.",
        priority="high",
        persistence="one message",
        source="The contract: both are kept, the first accepted is judged",
        when=("closed",),
        look=_conflict,
    ),
    _fact(
        id="data.chain_differs",
        meaning="What was recorded is not what the device says it sent.",
        priority="high",
        persistence="the whole session",
        source="The contract's stream chain",
        when=("closed",),
        look=_chain_differs,
    ),
    _fact(
        id="data.clock_step",
        meaning="The device's clock was set while it worked: earlier and later times do not fit.",
        priority="low",
        persistence="one step",
        source="Wall clock against uptime; the least step is named in `device_clock.py`",
        when=("clock",),
        look=_clock_step,
    ),
    _fact(
        id="data.clock_unset",
        meaning="The device did not know the time: what had to happen before what cannot be told.",
        priority="low",
        persistence="one message",
        source="The contract's document time",
        when=("clock",),
        look=_clock_unset,
    ),
    _fact(
        id="data.zone_unknown",
        meaning="Nobody knows where this part of the treatment was given.",
        priority="medium",
        persistence="one message with needles on skin",
        source="Limits by zone need the zone",
        when=("worked",),
        look=_zone_unknown,
    ),
    *READING_RULES,
    *TELLING_RULES,
)
