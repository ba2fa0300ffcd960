"""The link that a demonstration prints."""

import re

from dermatrace.clock import SystemClock
from dermatrace.console.opening import VISITOR, floor_link
from support.console_bench import ConsoleBench


def test_link_signs_in_once_and_shows_the_floor_of_every_clinic(bench: ConsoleBench) -> None:
    settings = bench.installation.settings
    link = floor_link(settings, SystemClock())
    again = floor_link(settings, SystemClock())
    assert link != again
    token = re.search("token=([^&]+)", link)
    assert token is not None
    visitor = bench.anybody()
    came = visitor.post("/enter", data={"token": token[1], "to": "/"})
    assert (came.status_code, came.headers["location"]) == (303, "/")
    assert visitor.get("/").status_code == 200
    assert visitor.get("/api/v1/visitor").json()["name"] == VISITOR
    assert bench.anybody().post("/enter", data={"token": token[1]}).status_code == 403
