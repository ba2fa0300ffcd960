"""The AsyncAPI document tells every topic and message, from the recorder's point of view."""

from typing import Any

import pytest
import yaml

from dermatrace_schemas import asyncapi
from dermatrace_schemas.catalogue import BY_CLASS, kind_of
from dermatrace_schemas.topics import RETAINED_CLASSES, TopicError, parse_topic
from support.tree import ROOT

COMMITTED = ROOT / "schemas" / "asyncapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(asyncapi.render_asyncapi())
TRAVELLING = {name: documents for name, documents in BY_CLASS.items() if name != "system"}


def test_committed_asyncapi_is_current() -> None:
    assert COMMITTED.exists(), "run: make schemas"
    assert COMMITTED.read_text(encoding="utf-8") == asyncapi.render_asyncapi(), "run: make schemas"


def test_every_class_that_travels_has_a_channel_and_one_operation() -> None:
    assert set(DOCUMENT["channels"]) == set(TRAVELLING)
    channels = [one["channel"]["$ref"] for one in DOCUMENT["operations"].values()]
    assert sorted(channels) == sorted(f"#/channels/{name}" for name in TRAVELLING)


@pytest.mark.parametrize("name", TRAVELLING)
def test_channel_carries_the_documents_of_its_class(name: str) -> None:
    kinds = {kind_of(document) for document in TRAVELLING[name]}
    assert set(DOCUMENT["channels"][name]["messages"]) == kinds
    for kind in kinds:
        payload = DOCUMENT["components"]["messages"][kind]["payload"]["$ref"]
        assert (COMMITTED.parent / payload).is_file()


@pytest.mark.parametrize("name", TRAVELLING)
def test_address_with_its_parameters_filled_in_is_a_topic(name: str) -> None:
    channel = DOCUMENT["channels"][name]
    filled = channel["address"].format(clinic="riverside", sender="pen-01", stream_id="s-1")
    assert "{" not in filled
    assert all(f"{{{parameter}}}" in channel["address"] for parameter in channel["parameters"])
    if name in asyncapi.SENT_BY_RECORDER:
        with pytest.raises(TopicError):
            parse_topic(filled)
    else:
        assert parse_topic(filled).message_class == name


def test_recorder_sends_receipts_and_rejections_and_nothing_else() -> None:
    sent = {name for name, one in DOCUMENT["operations"].items() if one["action"] == "send"}
    assert sent == {"send_receipt", "send_rejection"}


@pytest.mark.parametrize("name", TRAVELLING)
def test_every_operation_binds_qos_one_and_retains_only_the_fleet_view(name: str) -> None:
    (operation,) = (
        one
        for one in DOCUMENT["operations"].values()
        if one["channel"]["$ref"] == f"#/channels/{name}"
    )
    binding = operation["bindings"]["mqtt"]
    assert binding["qos"] == 1
    assert binding["retain"] == (name in RETAINED_CLASSES)


def test_text_has_no_anchors() -> None:
    lines = asyncapi.render_asyncapi().splitlines()
    assert not [line for line in lines if ": &" in line or ": *" in line]
