"""What a rule may look at: the context, the session so far, and the document in hand."""

from dataclasses import dataclass, field
from typing import Final, Literal

from dermatrace.judge.bounds import Bound, bounds_of
from dermatrace.judge.context import SessionContext
from dermatrace.judge.defaults import DEPTH_PERSISTENCE, DEPTH_TOLERANCE
from dermatrace.judge.readings import Shot, Windows
from dermatrace.judge.spot import NOWHERE, Spot
from dermatrace.judge.state import SPOTS_MAX, SessionState, tally_key
from dermatrace.judge.tally import Tally
from dermatrace_schemas.document import StreamDocument
from dermatrace_schemas.quantities import Quantity
from dermatrace_schemas.session import Modality, Place, Ratings, SessionStarted, Tip

_NOTHING: Final = Tally()
"""The numbers of a spot never worked at; nobody adds to it."""


@dataclass(slots=True)
class Ending:
    """What is known once a session has ended, beside its documents."""

    expected_count: int
    """Numbers the stream is known to have: settled, lost, rejected or missing."""
    missing: tuple[tuple[int, int], ...] = ()
    """Numbers nobody has declared lost and nothing has come for."""
    lost: tuple[tuple[int, int], ...] = ()
    rejected: tuple[tuple[int, int], ...] = ()
    conflicts: tuple[int, ...] = ()
    ended: bool = True
    """Whether its last number is known."""
    chain: Literal["matches", "differs", "cannot_be_checked"] = "cannot_be_checked"


@dataclass(slots=True)
class Case:
    """A session as a rule sees it. Rules read; `judgement.py` and `summing.py` write."""

    context: SessionContext
    state: SessionState
    document: StreamDocument | None = None
    """The document in hand; None when a gate is asked or the session has ended."""
    spot: Spot = NOWHERE
    """Where the document in hand belongs, reattributions included."""
    pass_number: int | None = None
    windows: Windows | None = None
    shot: Shot | None = None
    step_ms: int = 0
    """By how much the wall clock jumped before the document in hand."""
    ending: Ending | None = None
    """Set once the session has ended."""
    _bounds: dict[Spot, dict[Quantity, tuple[Bound, ...]]] = field(default_factory=dict)
    """Of the tip in `_bounds_tip` and the start in `_bounds_started`."""
    _bounds_tip: Tip | None = None
    _bounds_started: SessionStarted | None = None
    _tolerance_mm: float | None = None

    @property
    def tip(self) -> Tip | None:
        """The tip in use."""
        return self.state.tip

    @property
    def needle_count(self) -> int | None:
        """Needles of the tip in use: as it says, else as its model on record says."""
        tip = self.state.tip
        if tip is None:
            return None
        if tip.needle_count is not None:
            return tip.needle_count
        known = self.context.tip_model(tip.model)
        return known[0].needle_count if known else None

    @property
    def own_ratings(self) -> Ratings | None:
        """What the device says of itself."""
        started = self.state.started
        return started.device.ratings if started else None

    @property
    def modality(self) -> Modality | None:
        """`pen` or `rf`: as registered, else as the device says."""
        model, started = self.context.device_model, self.state.started
        if model is not None:
            return model.modality
        return started.device.modality if started else None

    @property
    def depth_tolerance_mm(self) -> float:
        """Half width for measured depths: the model's, the device's own, else the default."""
        if self._tolerance_mm is None or self._bounds_started is not self.state.started:
            self._look_anew()
            stated_mm = self._stated_tolerance_mm()
            self._tolerance_mm = DEPTH_TOLERANCE.value if stated_mm is None else stated_mm
        return self._tolerance_mm

    @property
    def tolerance_is_default(self) -> bool:
        """Whether nobody has stated a tolerance."""
        return self._stated_tolerance_mm() is None

    def _stated_tolerance_mm(self) -> float | None:
        model = self.context.device_model
        rated = model.rated.ratings if model is not None and model.rated is not None else None
        stated_mm = (None if r is None else r.depth_tolerance_mm for r in (rated, self.own_ratings))
        return next((mm for mm in stated_mm if mm is not None), None)

    @property
    def persistence_strokes(self) -> int:
        """Consecutive contact strokes beyond a band before it is a finding."""
        protocol = self.context.protocol
        limit = None if protocol is None else protocol.depth_persistence
        value = None if limit is None else limit.value
        return max(1, round(DEPTH_PERSISTENCE.value if value is None else value))

    def bounds(self, quantity: Quantity, spot: Spot | None = None) -> tuple[Bound, ...]:
        """Return what limits a quantity, here or at another spot, in every envelope."""
        where = self.spot if spot is None else spot
        state = self.state
        if self._bounds_tip is not state.tip or self._bounds_started is not state.started:
            self._look_anew()
        here = self._bounds.get(where)
        if here is None:
            if len(self._bounds) > SPOTS_MAX:
                self._bounds.clear()  # a device that invents zones must not fill the memory
            here = self._bounds[where] = {}
        found = here.get(quantity)
        if found is None:
            found = here[quantity] = bounds_of(
                self.context,
                quantity,
                where,
                own=self.own_ratings,
                tip=state.tip,
                modality=self.modality,
            )
        return found

    def _look_anew(self) -> None:
        """Forget limits: another tip or another start has come."""
        self._bounds.clear()
        self._tolerance_mm = None
        self._bounds_tip, self._bounds_started = self.state.tip, self.state.started

    def tally(self, spot: Spot | None = None) -> Tally:
        """Return the numbers of a spot so far; a spot never worked at has empty ones."""
        return self.state.tallies.get(tally_key(self.spot if spot is None else spot), _NOTHING)

    @property
    def at_ms(self) -> int | None:
        """When the document in hand happened, or None."""
        return None if self.document is None else self.state.clock.at_ms(self.document)

    def place_of(self, seq: int, place: Place | None) -> tuple[Spot, int | None]:
        """Return spot and pass of a document: as a person has put it right, else as told."""
        reattributions = self.context.chart.reattributions
        for correction in reversed(reattributions) if reattributions else ():
            if correction.seq_range.first_seq <= seq <= correction.seq_range.last_seq:
                return Spot.of(correction.place), correction.place.pass_number
        told = place if place is not None else self.state.place
        return Spot.of(told), None if told is None else told.pass_number
