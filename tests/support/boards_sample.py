"""Where the sample of the boards is, and what people would choose to see it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dermatrace.forward.account import Account
from support import boards_data, judged_clinic
from support.boards import BOARDS
from support.boards_data import Placed
from support.grafana import Scope, choose, milliseconds
from support.influx_org import InfluxOrg

ALL: Final[list[str]] = []
REVIEW_MS: Final = 2 * 3_600_000
"""How far before and after its beginning a link to a review reaches."""


RUNNING_PEN_PLACE: Final = Placed.of(boards_data.RUNNING_PEN)
RUNNING_RF_PLACE: Final = Placed.of(boards_data.RUNNING_RF)
FAULTY_PLACE: Final = Placed.of(boards_data.FAULTY)
PAST_RF_PLACE: Final = Placed.of(boards_data.PAST_RF)
PER_PIN_PLACE: Final = Placed("south-clinic", "rf-south-1", judged_clinic.LATE_CONSENT)
"""An RF session of a device that tells its energies for one pin."""
PER_PIN_BEGINS_MS: Final = judged_clinic.FIRST_MS + judged_clinic.DAY_MS


@dataclass(frozen=True, slots=True)
class BoardsData:
    """Where the sample is, in the journal and in InfluxDB."""

    folder: Path
    org: InfluxOrg
    ends_ms: int
    account: Account

    def scopes(self, slug: str) -> dict[str, Scope]:
        """Return what people would choose on a board, each by a word."""
        span_ms = milliseconds(BOARDS[slug]["time"]["from"])
        whole = Scope(self.ends_ms - span_ms, self.ends_ms, choose(clinic=ALL, model=ALL))
        match slug:
            case "live-session":
                return {
                    "pen": self._of_session(RUNNING_PEN_PLACE, whole),
                    "rf": self._of_session(RUNNING_RF_PLACE, whole),
                }
            case "session-review":
                return {
                    "pen": self._around(FAULTY_PLACE, boards_data.LATER_MS),
                    "rf": self._around(PAST_RF_PLACE, boards_data.LATER_MS),
                    "rf, told by pin": self._around(PER_PIN_PLACE, PER_PIN_BEGINS_MS),
                }
            case "series":
                chosen = choose(clinic="south-clinic", series=judged_clinic.HOME_SERIES)
                return {"home": Scope(whole.from_ms, whole.to_ms, chosen)}
            case "protocol-adherence":
                chosen = choose(clinic=ALL, protocol=ALL, role=ALL)
                return {"all": Scope(whole.from_ms, whole.to_ms, chosen)}
            case _:
                return {"all": whole}

    def _around(self, place: Placed, begins_ms: int) -> Scope:
        return self._of_session(place, Scope(begins_ms - REVIEW_MS, begins_ms + REVIEW_MS))

    def _of_session(self, place: Placed, scope: Scope) -> Scope:
        chosen = choose(clinic=place.clinic, device=[place.device], session=place.session)
        return Scope(scope.from_ms, scope.to_ms, chosen)
