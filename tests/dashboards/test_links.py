"""From every board one gets to others, with what was chosen and the time, and nowhere else."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from support.boards import BOARDS, data_links, links, variables
from support.grafana import milliseconds

BY_PATH = {f"/d/{board['uid']}/{slug}": board for slug, board in BOARDS.items()}
EACH_DATA_LINK = [
    pytest.param(slug, url, id=f"{slug} to {url.partition('?')[0]}")
    for slug, board in BOARDS.items()
    for url in dict.fromkeys(data_links(board))
]


@pytest.mark.parametrize("slug", BOARDS)
def test_link_leads_to_a_board_that_exists_and_is_another(slug: str) -> None:
    found = [urlsplit(url).path for url in links(BOARDS[slug])]
    assert found
    assert set(found) <= set(BY_PATH)
    assert f"/d/{BOARDS[slug]['uid']}/{slug}" not in found


@pytest.mark.parametrize("slug", BOARDS)
def test_link_at_the_top_carries_what_was_chosen(slug: str) -> None:
    for link in BOARDS[slug]["links"]:
        assert link["includeVars"] is True
        target = BY_PATH[link["url"]]
        spans = [milliseconds(board["time"]["from"]) for board in (BOARDS[slug], target)]
        # Time is kept between boards of like spans; five minutes say nothing on one of months.
        if max(spans) > 100 * min(spans):
            assert link["keepTime"] is False


@pytest.mark.parametrize("slug", BOARDS)
def test_every_board_can_be_reached(slug: str) -> None:
    path = f"/d/{BOARDS[slug]['uid']}/{slug}"
    sources = [other for other, board in BOARDS.items() if path in "".join(links(board))]
    assert sources


@pytest.mark.parametrize(("slug", "url"), EACH_DATA_LINK)
def test_link_in_a_table_sets_the_variables_of_its_target_and_a_time(slug: str, url: str) -> None:
    del slug
    target = BY_PATH[urlsplit(url).path]
    query = urlsplit(url).query
    assert query.startswith("${datasource:queryparam}&")
    asked = dict(parse_qsl(query.partition("&")[2]))
    named = {name.removeprefix("var-") for name in asked if name.startswith("var-")}
    assert named == set(variables(target))
    has_range = "${__url_time_range}" in query or {"from", "to"} <= asked.keys()
    assert has_range or {"time", "time.window"} <= asked.keys()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("treatment-floor", "live-session"),
        ("protocol-adherence", "session-review"),
        ("series", "session-review"),
        ("session-review", "series"),
    ],
)
def test_one_drills_down(source: str, target: str) -> None:
    path = f"/d/{BOARDS[target]['uid']}/{target}"
    assert path in {urlsplit(url).path for url in data_links(BOARDS[source])}
