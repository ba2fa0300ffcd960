"""What the guide for device makers shows is what the contract says."""

import hashlib
import json
import re
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from dermatrace_schemas import catalogue
from dermatrace_schemas.identifiers import BootId, SenderId, StreamId
from dermatrace_schemas.parse import parse
from dermatrace_schemas.settling import LossReason, RejectionReason
from dermatrace_schemas.topics import REPORT_CLASSES, STREAM_CLASSES
from support.tree import ROOT

GUIDE = (ROOT / "docs" / "device-guide.md").read_text(encoding="utf-8")
SCHEMAS = ROOT / "schemas" / "json"
CHAIN_VECTOR = ROOT / "schemas" / "vectors" / "stream_chain.json"
POINTS_MIN, POINTS_MAX = 15, 20
PSEUDO_CODE_LINES_MAX = 50

_EXAMPLE = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CHAIN_ROW = re.compile(
    r"^\| (\d+) \| `([a-z.]+)` \| `([0-9a-f]{64})` \| `([0-9a-f]{64})` \|$", re.MULTILINE
)
_POINT = re.compile(r"^(\d+)\. ", re.MULTILINE)

EXAMPLES = _EXAMPLE.findall(GUIDE)


def _section(title: str) -> str:
    """Return the text of one numbered section."""
    (found,) = re.findall(rf"^## \d+ {title}\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


def _name(example: str) -> str:
    return str(json.loads(example)["kind"])


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_example_validates_against_its_schema(example: str) -> None:
    document: dict[str, Any] = json.loads(example)
    schema = json.loads((SCHEMAS / f"{document['kind']}.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_example_is_taken_by_the_reader_of_the_recorder(example: str) -> None:
    message_class = catalogue.class_of(_name(example))
    assert message_class is not None
    parse(message_class, example.encode())
    if message_class in STREAM_CLASSES:
        assert next(iter(json.loads(example))) == "seq"


def test_examples_show_every_document_a_device_sends_or_hears() -> None:
    heard_and_sent = {"outbox", "announcement", "status", "receipt", "rejection"}
    kinds = {catalogue.kind_of(document) for document in catalogue.documents_of("session")}
    assert {_name(example) for example in EXAMPLES} == kinds | heard_and_sent


@pytest.mark.parametrize(
    "name",
    sorted((*STREAM_CLASSES, *REPORT_CLASSES, "receipt", "rejection")),
)
def test_topic_is_in_the_table(name: str) -> None:
    assert re.search(rf"^\| [^|]*`{name}(/\{{stream_id\}})?`", _section("Topics"), re.MULTILINE)


@pytest.mark.parametrize("reason", get_args(LossReason))
def test_reason_of_a_loss_is_explained(reason: str) -> None:
    assert f"| `{reason}` |" in _section("The outbox document")


@pytest.mark.parametrize("reason", get_args(RejectionReason))
def test_reason_of_a_rejection_is_explained(reason: str) -> None:
    assert re.search(rf"^\| [^|]*`{reason}`", _section("The rejection"), re.MULTILINE)


@pytest.mark.parametrize("document", ["outbox", "receipt"])
def test_member_of_a_settling_document_is_explained(document: str) -> None:
    schema = json.loads((SCHEMAS / f"{document}.json").read_text(encoding="utf-8"))
    section = _section("The outbox document" if document == "outbox" else "The receipt")
    members = set(schema["properties"]) - {"kind"}
    if document == "outbox":
        members |= set(schema["$defs"]["OutboxStream"]["properties"])
    assert [name for name in sorted(members) if f"`{name}" not in section] == []


@pytest.mark.parametrize("alias", [SenderId, StreamId, BootId])
def test_grammar_of_identifiers_is_given(alias: Any) -> None:  # noqa: ANN401  an annotated type
    (constraints,) = alias.__metadata__
    letters = constraints.pattern.strip("^$")
    if alias is BootId:
        assert letters == "[A-Za-z0-9._-]+"
        letters = "A-Z a-z 0-9 . _ -"
    assert f"`{letters}`" in GUIDE


def test_chain_example_is_the_vector_and_can_be_recomputed() -> None:
    vector = json.loads(CHAIN_VECTOR.read_text(encoding="utf-8"))[0]
    value = hashlib.sha256(b"dermatrace/v1\n" + vector["stream_id"].encode()).digest()
    assert f"`{value.hex()}`" in _section("The stream chain")
    computed = []
    *before, stop = [step["payload"] for step in vector["steps"]]
    for number, payload in enumerate(before):
        digest = hashlib.sha256(payload.encode()).digest()
        value = hashlib.sha256(value + digest).digest()
        computed.append((str(number), json.loads(payload)["kind"], digest.hex(), value.hex()))
    assert _CHAIN_ROW.findall(GUIDE) == computed
    assert json.loads(stop)["chain"] == value.hex()
    assert f"therefore says `{value.hex()}`" in GUIDE


def test_checklist_and_pseudo_code_are_short_enough_to_be_used() -> None:
    points = [int(number) for number in _POINT.findall(_section("Checklist"))]
    assert points == list(range(1, len(points) + 1))
    assert POINTS_MIN <= len(points) <= POINTS_MAX
    assert len(_section("The whole sender").splitlines()) <= PSEUDO_CODE_LINES_MAX
