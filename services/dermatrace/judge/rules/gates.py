"""Everything that must be known or done before the needles touch skin, in the order of a visit."""

from typing import Final

from dermatrace.judge.rules import gates_authority, gates_consent, gates_record, gates_visit
from dermatrace.judge.rules.row import AnyRule

RULES: Final[tuple[AnyRule, ...]] = (
    *gates_authority.RULES,
    *gates_consent.RULES,
    *gates_visit.RULES,
    *gates_record.RULES,
)
