"""Links from page to page of a list: onward by the list's cursor, back by the way one has come.

The way stands in the address, so that going back shows the pages that were seen, and a list is
asked in one direction only.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import URL

TRAIL: Final = "trail"
"""Member of a page's address; it asks nothing."""
TRAIL_MAX: Final = 50
"""Pages one can go back through; whoever has come further goes back to the first in one step."""
_FIRST: Final = "first"
_WAY: Final = re.compile(rf"(?:{_FIRST}|\d{{1,19}})(?:-\d{{1,19}})*")


@dataclass(frozen=True, slots=True)
class Pages:
    """Addresses of other pages of a list; None where there is none."""

    first: str | None
    previous: str | None
    following: str | None


def pages_of(url: URL, cursor: str, following: int | None) -> Pages:
    """Return where a page leads; `cursor` names the member that says where a page begins."""
    told = dict(parse_qsl(url.query))
    way, here = told.pop(TRAIL, ""), told.pop(cursor, None)
    trail = way.split("-") if here is not None and _WAY.fullmatch(way) else []

    def address(begin: str, before: list[str]) -> str:
        members = dict(told)
        if begin != _FIRST:
            members[cursor] = begin
        if before:
            members[TRAIL] = "-".join(before[-TRAIL_MAX:])
        return f"{url.path}?{urlencode(members)}" if members else url.path

    is_second = trail == [_FIRST]
    return Pages(
        first=None if here is None or is_second else address(_FIRST, []),
        previous=address(trail[-1], trail[:-1]) if trail else None,
        following=None
        if following is None
        else address(str(following), [*trail, _FIRST if here is None else here]),
    )
