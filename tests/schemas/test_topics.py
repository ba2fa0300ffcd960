"""A topic is understood exactly, or refused with the level that is wrong."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace_schemas.identifiers import CLINIC_PATTERN, STREAM_PATTERN
from dermatrace_schemas.topics import (
    REPORT_CLASSES,
    RETAINED_CLASSES,
    STREAM_CLASSES,
    SUBSCRIPTIONS,
    Topic,
    TopicError,
    parse_topic,
    receipt_topic,
    rejection_topic,
)

ROOT = "dermatrace/v1/riverside/pen-01"

clinics = st.from_regex(re.compile(CLINIC_PATTERN), fullmatch=True)
streams = st.from_regex(re.compile(STREAM_PATTERN), fullmatch=True)


@given(clinics, clinics.filter(lambda sender: sender != "dermatrace"), streams)
def test_stream_topic_survives_being_built_and_parsed(
    clinic: str, sender: str, stream_id: str
) -> None:
    for message_class in STREAM_CLASSES:
        topic = parse_topic(f"dermatrace/v1/{clinic}/{sender}/{message_class}/{stream_id}")
        assert (topic.clinic, topic.sender, topic.stream_id) == (clinic, sender, stream_id)
        assert topic.is_stream
        assert parse_topic(str(topic)) == topic


@pytest.mark.parametrize("message_class", sorted(REPORT_CLASSES))
def test_report_topic_has_no_stream(message_class: str) -> None:
    topic = parse_topic(f"{ROOT}/{message_class}")
    assert not topic.is_stream
    assert str(topic) == f"{ROOT}/{message_class}"
    with pytest.raises(TopicError, match="no further level"):
        parse_topic(f"{ROOT}/{message_class}/s")


HOSTILE = [
    "",
    "/",
    "dermatrace",
    "dermatrace/v1/riverside/pen-01",
    "/dermatrace/v1/riverside/pen-01/session/s",
    f"{ROOT}/session",
    f"{ROOT}/session/",
    f"{ROOT}/session//s",
    f"{ROOT}/session/s/",
    f"{ROOT}/session/a/b",
    f"{ROOT}/session/../s",
    f"{ROOT}/session/..",
    f"{ROOT}/session/+",
    f"{ROOT}/session/#",
    f"{ROOT}/session/s\0",
    f"{ROOT}/session/s\n",
    f"{ROOT}/session/ s",
    f"{ROOT}/session/S",
    f"{ROOT}/session/{'a' * 161}",
    f"{ROOT}/session/\uff53",
    f"{ROOT}/session/s\u200b",
    f"{ROOT}/Session/s",
    f"{ROOT}/command/s",
    f"{ROOT}/receipt",
    f"{ROOT}/rejection",
    f"{ROOT}/system/s",
    f"{ROOT}/outbox/",
    "dermatrace/v1/riverside/p\u0435n-01/session/s",
    "dermatrace/v1/riverside/+/session/s",
    "dermatrace/v1/River/pen-01/session/s",
    "dermatrace/v1//pen-01/session/s",
    "dermatrace/v1/../pen-01/session/s",
    "dermatrace/v1/riverside/-pen/session/s",
    f"dermatrace/v1/{'a' * 64}/pen-01/session/s",
    "dermatrace/V1/riverside/pen-01/session/s",
    "dermatrace/v01/riverside/pen-01/session/s",
    "dermatrace/1/riverside/pen-01/session/s",
    "DERMATRACE/v1/riverside/pen-01/session/s",
    "$SYS/broker/uptime/a/b",
    "$share/group/dermatrace/v1/riverside/pen-01/session/s",
    "dermatrace/v1/riverside/pen-01/session/" + "a/" * 20_000,
    "a" * 65_535,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:60]))
def test_hostile_topic_is_refused(text: str) -> None:
    with pytest.raises(TopicError) as caught:
        parse_topic(text)
    assert caught.value.reason == "topic"
    assert len(str(caught.value)) < 400


@given(st.text(max_size=60))
def test_any_text_is_a_topic_or_a_topic_error(text: str) -> None:
    for candidate in (text, f"{ROOT}/{text}", f"{ROOT}/session/{text}"):
        with suppress(TopicError):
            assert str(parse_topic(candidate)) == candidate


@pytest.mark.parametrize("version", ["v2", "v10", "v9999"])
def test_newer_version_is_told_apart_from_nonsense(version: str) -> None:
    with pytest.raises(TopicError, match="is not v1") as caught:
        parse_topic(f"dermatrace/{version}/riverside/pen-01/session/s")
    assert caught.value.reason == "unknown_version"


@pytest.mark.parametrize("rest", ["session/s", "outbox", "status"])
def test_recorders_own_name_is_refused_to_others(rest: str) -> None:
    with pytest.raises(TopicError) as caught:
        parse_topic(f"dermatrace/v1/riverside/dermatrace/{rest}")
    assert caught.value.reason == "reserved_sender"


def test_answers_go_to_the_sender_alone() -> None:
    assert receipt_topic("riverside", "pen-01") == f"{ROOT}/receipt"
    assert rejection_topic("riverside", "pen-01") == f"{ROOT}/rejection"


def _matches(subscription: str, topic: str) -> bool:
    pattern = re.escape(subscription).replace(r"\+", "[^/]*").replace("/\\#", "(/.*)?")
    return re.fullmatch(pattern, topic) is not None


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_subscriptions_take_in_every_class_of_every_version(version: str) -> None:
    for message_class in STREAM_CLASSES | REPORT_CLASSES:
        last = "/s" if message_class in STREAM_CLASSES else ""
        topic = f"dermatrace/{version}/riverside/pen-01/{message_class}{last}"
        assert [one for one in SUBSCRIPTIONS if _matches(one, topic)], topic


def test_recorder_does_not_hear_its_own_answers() -> None:
    for topic in (receipt_topic("c", "s"), rejection_topic("c", "s")):
        assert not [one for one in SUBSCRIPTIONS if _matches(one, topic)]


def test_only_the_fleet_view_is_retained() -> None:
    assert {"announcement", "status"} == RETAINED_CLASSES
    assert Topic("c", "s", "status").stream_id is None
