"""The published vectors hold, for this package and for the bare hash function."""

import hashlib
import json
from typing import Any

import pytest

from dermatrace_schemas.digest import chain_next, chain_start, payload_sha256, registry_digest
from dermatrace_schemas.parse import parse
from dermatrace_schemas.session import SessionStopped
from support.vectors import VECTORS, example, example_bytes, invalid_messages

CHAINS: list[dict[str, Any]] = json.loads(
    (VECTORS / "stream_chain.json").read_text(encoding="utf-8")
)
DIGESTS: list[dict[str, Any]] = json.loads(
    (VECTORS / "registry_digest.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", CHAINS, ids=lambda vector: vector["stream_id"])
def test_chain_of_the_package_meets_the_vector(vector: dict[str, Any]) -> None:
    value = chain_start(vector["stream_id"])
    assert value.hex() == vector["start"]
    for step in vector["steps"]:
        value = chain_next(value, payload_sha256(step["payload"].encode()))
        assert value.hex() == step["h"]


@pytest.mark.parametrize("vector", CHAINS, ids=lambda vector: vector["stream_id"])
def test_chain_spelled_out_meets_the_vector(vector: dict[str, Any]) -> None:
    value = hashlib.sha256(b"dermatrace/v1\n" + vector["stream_id"].encode()).digest()
    for step in vector["steps"]:
        of_payload = hashlib.sha256(step["payload"].encode()).digest()
        value = hashlib.sha256(value + of_payload).digest()
        assert value.hex() == step["h"]


def test_stop_carries_the_chain_over_everything_before_it() -> None:
    *before, stop = CHAINS[0]["steps"]
    document = parse("session", stop["payload"].encode())
    assert isinstance(document, SessionStopped)
    assert document.chain == before[-1]["h"]
    assert document.seq == len(before)
    for step in CHAINS[0]["steps"]:
        assert parse("session", step["payload"].encode())


@pytest.mark.parametrize("vector", DIGESTS, ids=lambda vector: vector["about"])
def test_digest_of_the_package_meets_the_vector(vector: dict[str, Any]) -> None:
    assert registry_digest(json.loads(vector["content"])) == vector["digest"]


@pytest.mark.parametrize("vector", DIGESTS, ids=lambda vector: vector["about"])
def test_digest_is_the_hash_of_the_canonical_text(vector: dict[str, Any]) -> None:
    assert hashlib.sha256(vector["canonical"].encode()).hexdigest() == vector["digest"]
    # Canonical numbers are doubles, whichever way they are written.
    canonical, content = (
        json.loads(vector[name], parse_int=float) for name in ("canonical", "content")
    )
    assert canonical == content


def test_approval_names_the_digest_of_the_protocol_beside_it() -> None:
    approved = example("registry.approval")["content"]["protocol_digest"]
    assert approved == example("registry.protocol")["digest"]
    assert approved in {vector["digest"] for vector in DIGESTS}


def test_invalid_messages_are_told_apart_by_name() -> None:
    names = [invalid.name for invalid in invalid_messages()]
    assert len(set(names)) == len(names)


def test_example_is_written_with_its_number_first() -> None:
    for kind in ("rf.shot", "chart.plan", "registry.room", "verdict.opened"):
        assert example_bytes(kind).split(None, 2)[1] == b'"seq":'
