"""From page to page of a list and back again, by the links that a page offers."""

import re
from html import unescape
from typing import Final

import pytest
from starlette.datastructures import URL
from starlette.testclient import TestClient

from dermatrace.console.paging import TRAIL_MAX, Pages, pages_of
from support.console_bench import NORTH, ConsoleBench

_LINK: Final = re.compile(r'<a class="button"( rel="(?:prev|next)")? href="([^"]+)">(First page)?')


def _links(html: str) -> dict[str, str]:
    """Return where the links of a page's pager lead, by what they are."""
    pager = html.partition('<nav class="pager"')[2].partition("</nav>")[0]
    return {
        rel.strip()[5:-1] or "first": unescape(address) for rel, address, _ in _LINK.findall(pager)
    }


def _walk(client: TestClient, path: str) -> list[str]:
    """Go on to the last page and back to the first; return the pages as they were on the way."""
    pages = [client.get(path).text]
    while following := _links(pages[-1]).get("next"):
        pages.append(client.get(following).text)
    at = pages[-1]
    for expected in reversed(pages[:-1]):
        at = client.get(_links(at)["prev"]).text
        assert _rows(at) == _rows(expected)
    assert "prev" not in _links(at)
    assert "first" not in _links(at)
    return pages


def _rows(html: str) -> str:
    return re.sub(r"<time.*?</time>", "", html.partition("<tbody>")[2].partition("</tbody>")[0])


def test_sessions_lead_back_the_way_one_has_come_with_what_was_asked(bench: ConsoleBench) -> None:
    client = bench.signed_in("director")
    pages = _walk(client, f"/sessions?limit=2&clinic={NORTH}")
    assert len(pages) >= 3
    assert len({_rows(page) for page in pages}) == len(pages)
    last = _links(pages[-1])
    assert set(last) == {"first", "prev"}
    assert "limit=2" in last["first"]
    assert f"clinic={NORTH}" in last["prev"]
    assert _rows(client.get(last["first"]).text) == _rows(pages[0])


def test_audit_leads_back_too(bench: ConsoleBench) -> None:
    director = bench.signed_in("director")
    for number in range(205):
        director.get(f"/sessions?subject_id=s-{number}")
    assert len(_walk(bench.signed_in("administrator"), "/reads")) == 3


def test_list_of_one_page_has_no_links(bench: ConsoleBench) -> None:
    client = bench.signed_in("director")
    for path in ("/sessions", "/rejections", "/registry", "/series"):
        page = client.get(path)
        assert page.status_code == 200
        assert 'class="pager"' not in page.text


@pytest.mark.parametrize(
    "path", ["/rejections?before=9000000", "/registry?start=3", "/series?after=1"]
)
def test_page_in_the_middle_without_a_way_leads_to_the_first(
    bench: ConsoleBench, path: str
) -> None:
    links = _links(bench.signed_in("director").get(path).text)
    assert links == {"first": path.partition("?")[0]}


def test_way_that_is_nonsense_leads_nowhere() -> None:
    for way in ("javascript:x", "1--2", "first-first", "a", "9" * 30):
        pages = pages_of(URL(f"/sessions?after=7&trail={way}"), "after", None)
        assert pages == Pages(first="/sessions", previous=None, following=None)


def test_way_has_a_bound() -> None:
    pages = pages_of(URL("/sessions"), "after", 1)
    for number in range(2, TRAIL_MAX + 20):
        assert pages.following is not None
        pages = pages_of(URL(pages.following), "after", number)
    assert pages.following is not None
    assert len(pages.following) < TRAIL_MAX * 20
    for _ in range(TRAIL_MAX):
        assert pages.previous is not None
        pages = pages_of(URL(pages.previous), "after", 1)
    assert (pages.previous, pages.first) == (None, "/sessions")
