"""Why something is not in force, in a few words."""

import pytest

from dermatrace.judge.registry_history import RegistryHistory
from dermatrace.reading.registry_standing import Standing
from support.registry_shelf import (
    APPROVAL,
    CLINIC,
    DIGEST,
    DIRECTOR,
    PROTOCOL,
    Content,
    Facts,
    registry_document,
)

NOW_MS = 1_000
PROTOCOL_1: Facts = ("protocol", "protocol-1", "1", PROTOCOL)
DIRECTOR_1: Facts = ("director", "director-1", "1", DIRECTOR)


def _standing(*documents: Facts) -> Standing:
    history = RegistryHistory()
    for entry_id, document in enumerate(documents, start=1):
        history.take(CLINIC, entry_id, registry_document(*document))
    return Standing(history, CLINIC, NOW_MS)


def _why_not_approved(*documents: Facts, **changed: object) -> str:
    content: Content = {**APPROVAL, **changed}  # type: ignore[dict-item]  # members are JSON
    standing = _standing(*documents, ("approval", "approval-1", "1", content))
    (approval,) = standing.newest("approval")
    return standing.why_not(approval)


def test_approval_by_a_director_of_a_protocol_on_record_puts_it_in_force() -> None:
    assert _why_not_approved(DIRECTOR_1, PROTOCOL_1) == ""
    standing = _standing(DIRECTOR_1, PROTOCOL_1, ("approval", "approval-1", "1", APPROVAL))
    assert [standing.why_not(version) for version in standing.newest()] == ["", "", ""]


def test_protocol_that_nobody_approved_is_not_in_force() -> None:
    standing = _standing(DIRECTOR_1, PROTOCOL_1)
    (protocol,) = standing.newest("protocol")
    assert standing.why_not(protocol) == "no approval of it is in force"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"effective_from_ms": NOW_MS + 1}, "begins 1970-01-01 00:00:01Z"),
        ({"retired_from_ms": NOW_MS}, "ended 1970-01-01 00:00:01Z"),
        ({"clinic": "south"}, "it is for south"),
        ({"director_id": "director-2"}, "director director-2 is not in force"),
        ({"protocol_digest": DIGEST}, "the version it approves is not on record"),
    ],
)
def test_approval_that_is_void_says_why(changed: dict[str, object], why: str) -> None:
    assert _why_not_approved(DIRECTOR_1, PROTOCOL_1, **changed) == why


def test_approval_of_a_director_whose_time_is_over_is_void() -> None:
    over: Facts = ("director", "director-1", "1", {**DIRECTOR, "valid_until_ms": NOW_MS})
    assert _why_not_approved(over, PROTOCOL_1) == "director director-1 is not in force"


def test_older_version_says_which_took_its_place() -> None:
    standing = _standing(("room", "a", "1", {"name": "A"}), ("room", "a", "2", {"name": "B"}))
    older, newest = standing.history.versions(CLINIC, "room", "a")
    assert standing.why_not(older) == "version 2 took its place"
    assert standing.why_not(newest) == ""
    assert standing.newest("room") == [newest]
