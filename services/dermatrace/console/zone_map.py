"""Our own plain drawing of a face and a body, with a place for each published zone. Pure.

Everything is drawn for the treated person's left, which is on the right of the page; the other side
is its mirror image. A zone that is not drawn stands in the table beside the map only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, TypeAlias, get_args
from xml.etree.ElementTree import fromstring

from dermatrace_schemas.identifiers import Laterality

LABEL_GAP: Final = 27
"""Between two labels on one side, so that none covers another."""
LABEL_LEFT_X, LABEL_RIGHT_X = -4.0, 244.0
_BEHIND: Final = 178
"""Middle of the body from behind: there, left and right change sides."""
Which: TypeAlias = Literal["face", "body"]
WHICH: Final[tuple[Which, ...]] = get_args(Which)
_SVG: Final = "{http://www.w3.org/2000/svg}"


class Area(NamedTuple):
    """Where one zone is drawn."""

    path: str
    x: float
    """Where its label points to, on the side that is drawn."""
    y: float
    middle: int
    """Where its other side is mirrored."""
    is_paired: bool
    """Drawn on one side only; else across the middle."""


class Shape(NamedTuple):
    """One path of a map."""

    path: str
    transform: str = ""
    clip_from: int | None = None
    """Only this much to the right of it is shown; None: all of it."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What is to be shown of one zone."""

    zone: str
    laterality: Laterality | None
    name: str
    words: str
    fill: int | None
    """How far its budget is used up, 0 to 5, and 6 beyond; None: it has no budget."""
    marks: str = ""
    """Shapes of the findings there."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One zone on a map."""

    amount: Amount
    shapes: tuple[Shape, ...]
    at: tuple[float, float]
    """Where its line begins."""
    label: tuple[float, float]
    """Where its label stands."""
    is_on_right: bool


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """A face or a body with what was delivered where."""

    which: Which
    lines: tuple[Shape, ...]
    zones: tuple[Drawn, ...]
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """A face or a body, nobody's; `drawings/` has them as pictures that any program opens."""

    lines: tuple[Shape, ...]
    areas: dict[str, Area]
    height: int


@cache
def drawing(which: Which) -> Drawing:
    """Read a drawing of ours."""
    text = (files("dermatrace.console") / "drawings" / f"{which}.svg").read_text("utf-8")
    svg = fromstring(text)  # noqa: S314  a file of ours
    lines, areas = svg.findall(f"{_SVG}g")
    return Drawing(
        tuple(Shape(path.attrib["d"], path.get("transform", "")) for path in lines),
        {
            told["id"]: Area(
                told["d"],
                float(told["data-x"]),
                float(told["data-y"]),
                int(told["data-middle"]),
                "data-paired" in told,
            )
            for told in (path.attrib for path in areas)
        },
        int(svg.attrib["viewBox"].split()[3]),
    )


def maps_of(amounts: Iterable[Amount]) -> list[ZoneMap]:
    """Return a face if any zone of it was treated, then a body if any of that was."""
    told, maps = list(amounts), []
    for which in WHICH:
        areas = drawing(which).areas
        shown = [(amount, areas[amount.zone]) for amount in told if amount.zone in areas]
        if shown:
            maps.append(_map(which, sorted(shown, key=lambda one: one[1].y)))
    return maps


def _map(which: Which, shown: list[tuple[Amount, Area]]) -> ZoneMap:
    placed: list[_Placed] = []
    for amount, area in shown:
        if which == "body":
            is_on_right = area.middle == _BEHIND
        else:  # across the middle: to the side that has more room
            is_on_right = 2 * sum(one.is_on_right for one in placed) <= len(placed)
            if amount.laterality in {"left", "right"}:
                is_on_right = amount.laterality == "left"
        placed.append(_Placed(amount, area, is_on_right))
    drawn = drawing(which)
    return ZoneMap(which, drawn.lines, _labelled(placed, drawn.height), drawn.height)


class _Placed(NamedTuple):
    """One zone on its drawing."""

    amount: Amount
    area: Area
    is_on_right: bool
    """On which side of the drawing its label stands."""

    @property
    def page_side(self) -> str:
        """Which side of the drawing it is on: from behind, the left side is on the left."""
        side = self.amount.laterality
        if side not in {"left", "right"}:
            return ""
        from_front = self.area.middle != _BEHIND
        return "right" if (side == "left") == from_front else "left"

    def shapes(self) -> tuple[Shape, ...]:
        """Return what is filled."""
        area, side = self.area, self.page_side
        mirrored = Shape(area.path, _mirror(self.area.middle))
        if area.is_paired:
            plain = Shape(area.path)
            return {"right": (plain,), "left": (mirrored,)}.get(side, (plain, mirrored))
        # Across the middle every area is its own mirror image.
        half = Shape(area.path, "", self.area.middle)
        half_mirrored = Shape(area.path, _mirror(self.area.middle), self.area.middle)
        return {"right": (half,), "left": (half_mirrored,)}.get(side, (Shape(area.path),))

    def point(self) -> tuple[float, float]:
        """Return where its label points to."""
        side = self.page_side or ("right" if self.is_on_right else "left")
        x = self.area.x if side == "right" else 2 * self.area.middle - self.area.x
        return x, self.area.y


def _labelled(placed: list[_Placed], height: int) -> tuple[Drawn, ...]:
    drawn = []
    for is_on_right in (False, True):
        ones = [one for one in placed if one.is_on_right == is_on_right]
        x = LABEL_RIGHT_X if is_on_right else LABEL_LEFT_X
        for one, y in zip(ones, _spread([one.area.y for one in ones], height), strict=True):
            drawn.append(Drawn(one.amount, one.shapes(), one.point(), (x, y), is_on_right))
    return tuple(drawn)


def _spread(wanted: list[float], height: int) -> list[float]:
    """Move labels, given from top to bottom, so far apart that none covers another."""
    found: list[float] = []
    for y in wanted:
        found.append(max(y, found[-1] + LABEL_GAP if found else LABEL_GAP / 2))
    lowest = height - LABEL_GAP / 2
    for place in reversed(range(len(found))):
        found[place] = min(found[place], lowest)
        lowest = found[place] - LABEL_GAP
    return found


def _mirror(middle: int) -> str:
    return f"translate({2 * middle} 0) scale(-1 1)"
