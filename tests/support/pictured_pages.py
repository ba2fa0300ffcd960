"""Every page of the console that has a picture, and the page that shows them: docs/pictures.md."""

from dataclasses import dataclass
from typing import Final

from support.console_bench import NORTH
from support.console_browser import TABLET, WIDE, Theme
from support.console_clinic import PROTOCOL
from support.judged_clinic import SUBJECT
from support.pictured_clinic import PEN_SESSION, RF_SESSION
from support.session_scenes import HIGH
from support.tree import ROOT

SIZES: Final = (WIDE, TABLET)
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
IMAGES: Final = ROOT / "docs" / "images"
FOLDER: Final = IMAGES / "console"
GALLERY: Final = ROOT / "docs" / "pictures.md"
DIRECTOR: Final = "north-director"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page, and what is done before it is photographed."""

    title: str
    path: str
    does: str = ""
    """A selector that is clicked."""
    waits_for: str = "main"
    user: str | None = DIRECTOR
    """Who opens it; None: somebody who has not come in."""
    is_whole: bool = False
    """Whether on a desk all of it is shown, not only what fits on the screen."""
    is_paper: bool = False
    """Whether it is black on white and as wide as paper, whoever looks at it."""
    route: str = ""
    """Where the click leads."""


_PLOTS: Final = "#plots[data-drawn]"
_SERIES: Final = f"/series/{NORTH}/{SUBJECT}"
SHOTS: Final = {
    "floor": Shot("Every treatment room, live", "/"),
    "check-in": Shot("A new visit, and those of the day", "/visits"),
    "visit": Shot(
        "What is entered of a visit, and what is still open",
        f"/visits/{NORTH}/visit-run-pen-north-4-1",
        does="summary:has-text('Consent')",
    ),
    "slip": Shot(
        "The slip that says whose pseudonym it is", f"/visits/{NORTH}/visit-run-pen-north-1-1/slip"
    ),
    "chart": Shot(
        "Why findings were accepted, and the signature",
        f"/sessions/{NORTH}/pen-north-3/run-pen-north-3-1/chart",
    ),
    "sessions": Shot("Sessions by everything the judge knows", "/sessions"),
    "session": Shot(
        "A session of a pen: readings, limits, findings, gaps, dose by zone",
        PEN_SESSION.address,
        waits_for=_PLOTS,
        is_whole=True,
    ),
    "session-rf": Shot(
        "A session of an RF console, shot by shot",
        RF_SESSION.address,
        waits_for=_PLOTS,
        is_whole=True,
    ),
    "finding": Shot("The whole chain of reasons of one finding", f"{HIGH.address}/findings/1"),
    "report": Shot(
        "The report of a session, on two pages",
        f"{PEN_SESSION.address}/report",
        is_whole=True,
        is_paper=True,
    ),
    "series-list": Shot("Every series, and what is due", "/series"),
    "series": Shot("The series of one subject, with photos", _SERIES, is_whole=True),
    "series-report": Shot("The report of a series", f"{_SERIES}/report", is_paper=True),
    "protocols": Shot("Treatment protocols", "/protocols"),
    "protocol": Shot(
        "One treatment protocol, each limit with its source",
        f"/protocols/{NORTH}/{PROTOCOL}?version=1",
    ),
    "protocol-diff": Shot(
        "What differs between two versions", f"/protocols/{NORTH}/{PROTOCOL}/diff?before=1&after=2"
    ),
    "registry": Shot("The registry", "/registry"),
    "registry-thing": Shot(
        "One thing of the registry, with its versions", f"/registry/{NORTH}/device/pen-north-1"
    ),
    "devices": Shot("Devices and how much they were used", "/devices"),
    "device": Shot(
        "One device, as registered and as it says of itself", f"/devices/{NORTH}/pen-north-1"
    ),
    "rejections": Shot("What could not be understood", "/rejections"),
    "rejection": Shot(
        "One rejected message, as it came",
        "/rejections",
        does="tbody a >> nth=-1",
        waits_for="pre.content",
        route="/rejections/{clinic}/{entry_id}",
    ),
    "health": Shot("How each part is, and what to do", "/health"),
    "account": Shot("One's own account", "/account"),
    "users": Shot("Who may come in", "/users", user="administrator"),
    "reads": Shot("Who has looked at what", "/reads", user="administrator"),
    "enter": Shot("Coming in by a link", "/enter", user=None),
    "sign-in": Shot("Signing in with a token", "/sign-in", user=None),
}
"""By the name of the picture."""


_GALLERY_HEAD: Final = """# Every page of the console

Written by `make pictures`, which draws them from a pretended clinic of eight rooms: light and dark,
on a desk and on a tablet. A click shows one at its full size; on the desk long pages are shown
whole. Reports are black on white for everybody. [console.md](console.md) says how to work with
them.

| page | light and dark, desk and tablet |
|---|---|"""


def pictures() -> dict[tuple[str, Theme, tuple[int, int]], str]:
    """Return what each picture is called in its folder, by page, theme and size."""
    return {
        (name, theme, size): f"{name}-{theme}-{size[0]}.webp"
        for name, shot in SHOTS.items()
        for theme in THEMES
        for size in SIZES
        if not shot.is_paper or (theme, size) == ("light", WIDE)
    }


def gallery() -> str:
    """Return the page that shows them all."""
    places = {look: f"images/{FOLDER.name}/{file}" for look, file in pictures().items()}
    lines = [_GALLERY_HEAD]
    for name, shot in SHOTS.items():
        shown = [
            f'<a href="{place}"><img src="{place}" alt="{shot.title}, {theme}" width="{width}"></a>'
            for width, size in ((230, WIDE), (100, TABLET))
            for theme in THEMES
            if (place := places.get((name, theme, size)))
        ]
        lines.append(f"| {shot.title} | {' '.join(shown)} |")
    return "\n".join([*lines, ""])
