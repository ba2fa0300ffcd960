"""What a rule is: a row that says what it means, and one function that looks.

The function gets the case (what is known so far) and yields what it sees; when it is asked, how
long something must last, and what becomes of what it yields is the same for all rules of a type
and lies in `judgement.py`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dermatrace.judge.case import Case
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace_schemas.finding import Envelope, Nature, Priority
from dermatrace_schemas.quantities import Quantity, Unit
from dermatrace_schemas.treatment import Gate, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing a rule sees: what, where, how much, by whose limit."""

    sentence: str
    """For a person: what, where, which limit, whose. Ends with a full stop."""
    envelope: Envelope | None = None
    """None: the rule's only one."""
    priority: Priority | None = None
    """None: the rule's."""
    nature: Nature | None = None
    """None: the rule's; `technical` where a treatment rule can only say that it cannot tell."""
    spot: Spot = NOWHERE
    about: str = ""
    """Tells apart hits of one rule at one spot that are different things: a fault code."""
    seqs: tuple[int, int] | None = None
    """Documents it rests on; None: the one in hand, if the rule looks at documents."""
    measured_value: float | None = None
    limit_value: float | None = None
    unit: Unit | None = None
    digests: tuple[str, ...] = ()


When: TypeAlias = Literal[
    "clock",
    "started",
    "zone",
    "windows",
    "shot",
    "worked",
    "event",
    "first_contact",
    "stopped",
    "closed",
]
"""When a rule is asked. `clock`: at a document whose time is unknown or before which the clock
jumped, before anything else. `first_contact`: at the first document with the needles on skin or the
first RF shot of the session, test shots included, before that document itself is judged. `worked`:
the same at each spot, apart for test shots and for treatment, and again with another tip; what is
raised then grows with every further document there. `closed`: when the session has ended and
everything that will come has come."""


def always(_case: Case) -> bool:
    """Say yes."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, in words for people; the types of rule below add how it looks."""

    id: str
    """Family first: `depth.above`."""
    meaning: str
    """What it means for the person treated, in a sentence or two."""
    envelopes: tuple[Envelope, ...]
    priority: Priority
    """By harm if ignored and how soon; `high` only where irreversible harm may be near."""
    nature: Nature
    persistence: str
    """How long or how often it must be so before it is raised."""
    clearing: str
    """What ends it; `never` for facts that stay so."""
    source: str
    """Where the idea or the number comes from."""
    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentRule(Rule):
    """Looks at certain moments.

    The same hit (envelope, spot, about) is raised once; seen again, the finding's range grows.
    """

    when: tuple[When, ...]
    look: Callable[[Case], Iterable[Hit]]
    applies: Callable[[Case], bool] = always
    """Whether it can see anything at the spot in hand; False spares it every document there.

    Asked once a spot, and again with another tip, so it must not rest on the document in hand.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule(Rule):
    """Something that must be known or done; while it is not, its gate is open.

    `due` says when an open gate becomes a finding: before the first contact, or at the close.
    `demanded` says whether the gate counts here; most count if the treatment protocol lists them.
    """

    gate: Gate
    due: Literal["first_contact", "closed"]
    look: Callable[[Case], Hit | None]
    """Returns what is missing or wrong, or None.

    May be asked at any time, so it must not rest on the document in hand.
    """
    demanded: Callable[[Case], bool]
    raises: bool = True
    """False: it only opens the gate; another rule raises the finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRule(Rule):
    """Compares one reading with one side of the bands of its envelopes.

    Pens: consecutive contact strokes beyond it, as many as the persistence says, raise it; ten
    times as many within clear it. RF: one shot raises it; ten shots in a row within clear it.
    """

    quantity: Quantity
    reading: Literal["commanded", "measured", "value"]
    """Commanded values have no tolerance; measured depths have the device's."""
    side: Literal["above", "below"]
    what: str
    """For the sentence: `set depth`."""


AnyRule: TypeAlias = MomentRule | GateRule | BandRule
