"""The seven boards, a module each."""

from typing import Final

from dashboards.board import Board
from dashboards.boards.adherence import ADHERENCE
from dashboards.boards.fleet import FLEET
from dashboards.boards.floor import FLOOR
from dashboards.boards.live import LIVE
from dashboards.boards.pipeline import PIPELINE_HEALTH
from dashboards.boards.review import REVIEW
from dashboards.boards.series import SERIES

BOARDS: Final[tuple[Board, ...]] = (
    FLOOR,
    LIVE,
    REVIEW,
    SERIES,
    ADHERENCE,
    FLEET,
    PIPELINE_HEALTH,
)
BY_SLUG: Final = {board.slug: board for board in BOARDS}
