"""How verdict streams are named."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace_schemas.topics import Topic, parse_topic
from dermatrace_schemas.verdict_streams import (
    STREAM_ID_CHARACTERS_MAX,
    session_named_by,
    verdict_stream_id,
)

STREAM_IDS = st.from_regex(re.compile(r"[a-z0-9][a-z0-9.-]{0,159}"), fullmatch=True)
SENDERS = st.from_regex(re.compile(r"[a-z0-9][a-z0-9-]{0,62}"), fullmatch=True)


@given(SENDERS, STREAM_IDS, st.integers(0, 99))
def test_every_session_has_a_stream_for_each_generation(
    sender: str, stream_id: str, generation: int
) -> None:
    name = verdict_stream_id(sender, stream_id, generation)
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,159}", name)
    assert name.endswith(f".g{generation}")
    assert name != verdict_stream_id(sender, stream_id, generation + 1)


@given(SENDERS, STREAM_IDS, SENDERS, STREAM_IDS)
def test_no_two_sessions_share_a_stream(
    sender: str, stream_id: str, other: str, other_id: str
) -> None:
    same = (sender, stream_id) == (other, other_id)
    assert (
        verdict_stream_id(sender, stream_id, 0) == verdict_stream_id(other, other_id, 0)
    ) == same


def test_name_is_told_in_full_as_long_as_it_fits() -> None:
    fits = "s" * (STREAM_ID_CHARACTERS_MAX - len("pen-1.") - len(".g0"))
    assert verdict_stream_id("pen-1", fits, 0) == f"pen-1.{fits}.g0"
    later = verdict_stream_id("pen-1", fits, 11)
    assert verdict_stream_id("pen-1", fits, 10) == later.replace("11", "10")
    assert fits not in verdict_stream_id("pen-1", f"{fits}s", 0)


@pytest.mark.parametrize("generation", [0, 9, 10, 99])
@pytest.mark.parametrize("characters", [1, 90, 91, 92, 93, 94, 159, 160])
def test_name_of_any_length_fits_a_topic_and_stays_its_own(
    characters: int, generation: int
) -> None:
    device = "p" * 63
    name = verdict_stream_id(device, "s" * characters, generation)
    assert len(name) <= STREAM_ID_CHARACTERS_MAX
    topic = Topic("north-clinic", "judge", "verdict", name)
    assert parse_topic(str(topic)).stream_id == name
    assert name.endswith(f".g{generation}")
    assert name != verdict_stream_id(device, "s" * (characters - 1) + "t", generation)


@pytest.mark.parametrize("session", ["s-1", "s.1", "run.g7", "2026.g1.g2"])
def test_name_of_a_judgement_tells_what_it_judges(session: str) -> None:
    name = verdict_stream_id("pen-7", session, 12)
    assert session_named_by(name) == ("pen-7", session, 12)


@pytest.mark.parametrize(
    "name", [verdict_stream_id("pen-7", "x" * 160, 1), "pen-7", "pen-7.s-1", "pen-7.s-1.gx", ""]
)
def test_name_that_tells_nothing_is_known_for_it(name: str) -> None:
    assert session_named_by(name) is None
