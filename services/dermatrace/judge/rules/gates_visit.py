"""Gates of the visit: examined, asked, and needled with a tip one can tell from others."""

from typing import Final

from dermatrace.judge.case import Case
from dermatrace.judge.rules.circumstances import (
    before_contact,
    digests_of,
    in_a_row,
    is_answered_late,
    is_late,
    listed,
    uses_rf,
    words,
)
from dermatrace.judge.rules.row import AnyRule, Hit
from dermatrace_schemas.finding import Priority
from dermatrace_schemas.questions import AnswerValue

RF_HARD_STOPS: Final = ("active_implant", "metal_in_field", "pregnancy")
"""Questions that must be answered before the first RF shot, whatever the treatment protocol says.
A `yes` speaks against it too, unless the treatment protocol says that it may be justified."""
RF_ABSOLUTE: Final = frozenset({"active_implant"})
"""Of these, what no treatment protocol can make justifiable."""


def _exam(case: Case) -> Hit | None:
    exams = case.context.chart.exams
    digests = digests_of(case.context.registry.protocol)
    in_time = [e for e in exams if not is_late(case, e.fact_time_ms, e.entered_ms)]
    if not in_time:
        late = " before the first contact, only after it" if exams else ""
        return Hit(sentence=f"No examination was on record{late}.", digests=digests)
    last = next((e for e in reversed(in_time) if e.outcome is not None), in_time[-1])
    if last.outcome == "not_suitable":
        sentence = "The examination before treatment ended with: not suitable."
        return Hit(sentence=sentence, priority="high", digests=digests)
    if last.outcome is None:
        sentence = "What the examination before treatment ended with is not known."
    elif is_late(case, last.fact_time_ms, last.entered_ms) is None:
        sentence = "Whether the examination was before treatment cannot be assessed: its time or "
        sentence += "that of the first contact is not known for sure."
    else:
        return None
    return Hit(sentence=sentence, priority="low", digests=digests)


_MEANINGS: Final = {
    "rf_yes": "Spoke against any treatment with RF energy",
    "absolute": "Spoke absolutely against treatment, by the treatment protocol",
    "rf_unknown": "Not known although RF energy must not be delivered before it is",
    "relative": "Spoke against treatment unless justified, by the treatment protocol",
    "unknown": "Not known",
}
"""What the answers of each sort mean, worst first."""


def _answers(case: Case) -> Hit | None:
    sorts = _sorted_questions(case)
    parts = [
        f"{meaning}: {_with_answers(sorts[sort], case)}."
        for sort, meaning in _MEANINGS.items()
        if sorts[sort]
    ]
    if not parts:
        return None
    return Hit(
        sentence=" ".join(parts),
        priority=_weight(sorts),
        digests=digests_of(case.context.registry.protocol),
    )


def _sorted_questions(case: Case) -> dict[str, list[str]]:
    """Sort every question that counts here by what its answer means; the others are left out."""
    protocol = case.context.protocol
    sorts: dict[str, list[str]] = {sort: [] for sort in _MEANINGS}
    listed_here = [] if protocol is None else protocol.contraindications
    relative = {c.question for c in listed_here if c.strength == "relative"} - RF_ABSOLUTE
    rf_stops = RF_HARD_STOPS if uses_rf(case) else ()
    for question in rf_stops:
        answer = _answer_in_time(case, question)
        if answer == "unknown":
            sorts["rf_unknown"].append(question)
        elif answer == "yes" and question not in relative:
            sorts["rf_yes"].append(question)
    said = {*sorts["rf_unknown"], *sorts["rf_yes"]}
    for contraindication in listed_here:
        question = contraindication.question
        answer = _answer_in_time(case, question)
        if question in said:
            continue
        if answer in contraindication.answers:
            sorts[contraindication.strength].append(question)
        elif answer == "unknown":
            sorts["unknown"].append(question)
    return sorts


def _answer_in_time(case: Case, question: str) -> AnswerValue:
    """Return an answer; a `no` that came only after the first contact was unknown before it."""
    answer = case.context.chart.answers.get(question, "unknown")
    return "unknown" if answer == "no" and is_answered_late(case, question) else answer


def _weight(sorts: dict[str, list[str]]) -> Priority:
    if sorts["rf_yes"] or sorts["absolute"] or sorts["rf_unknown"]:
        return "high"
    return "medium" if sorts["relative"] else "low"


def _with_answers(questions: list[str], case: Case) -> str:
    answers = case.context.chart.answers
    told = {
        q: "answered only after the first contact"
        if _answer_in_time(case, q) != answers.get(q, "unknown")
        else answers.get(q, "not asked")
        for q in questions
    }
    return in_a_row([f"{words(q)} ({answer})" for q, answer in told.items()])


def _tip_identity(case: Case) -> Hit | None:
    """Return a hit unless each tip has an identity, counts its attachments, or may be reused."""
    tips = case.state.tips
    if case.state.tip is None or not tips:
        return Hit(sentence="The tip in use was not identified: reuse cannot be checked.")
    for tip in tips:
        known = case.context.tip_model(tip.model)
        if known is not None and known[0].single_use is False:
            continue
        if tip.unit_id is None and tip.attach_count is None:
            lot = "" if tip.lot is None else f" Its lot {tip.lot} is shared with other tips."
            return Hit(
                sentence=f"A tip had no identity of its own: reuse cannot be checked.{lot}",
                digests=digests_of(None if known is None else known[1]),
            )
    return None


RULES: Final[tuple[AnyRule, ...]] = (
    before_contact(
        id="gate.exam",
        gate="exam",
        meaning="No clinician had been shown to find the treated person suitable beforehand.",
        source="Good-faith examination before treatment (American Med Spa Association)",
        trust="S",
        look=_exam,
        demanded=listed("exam"),
    ),
    before_contact(
        id="gate.answers",
        gate="answers",
        meaning="An answer spoke against treatment, or a question that must be asked before "
        "treatment was not answered.",
        source="Exclusions of NCT05830968 and NCT06023303; lists of clinics, which differ",
        trust="S",
        look=_answers,
        demanded=lambda case: (
            uses_rf(case)
            or (case.context.protocol is not None and bool(case.context.protocol.contraindications))
        ),
    ),
    before_contact(
        id="gate.tip_identity",
        gate="tip_identity",
        envelopes=("none",),
        nature="technical",
        meaning="The needles could not be told from others, so nobody can show that they were new.",
        source="Cartridges are tracked by lot only, which several people may share (GUDID)",
        trust="S",
        look=_tip_identity,
        demanded=listed("tip_identity"),
    ),
)
