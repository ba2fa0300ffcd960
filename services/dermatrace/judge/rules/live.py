"""What only the live judgement sees; the final one reads the documents in their order."""

from typing import Final

from dermatrace.judge.rules.row import AnyRule, MomentRule

LATE: Final = MomentRule(
    id="data.late",
    meaning="Some readings reached the record so late that the live display went on without them."
    " They are judged when the session is closed.",
    envelopes=("none",),
    priority="low",
    nature="technical",
    persistence="one document behind the place the live judgement had reached",
    clearing="never within this judgement; the next one takes the late documents in",
    source="Live rules run only within a stated lateness; what comes later is judged at the close",
    trust="D",
    when=(),
    look=lambda _case: (),
)
"""Raised by whoever hands over the documents, since the documents alone do not show it."""
RULES: Final[tuple[AnyRule, ...]] = (LATE,)
