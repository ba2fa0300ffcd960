"""What a clinic lacks before its first day, told one by one with what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dermatrace.journal.streams import StreamKey
from dermatrace.reading.looked_at import Finding
from dermatrace.reading.registry_lacks import NAMED_MAX, look_at_registry
from support.program import command as dermatrace
from support.registry_shelf import (
    APPROVAL,
    CLINIC,
    DEPUTY,
    DEVICE,
    DEVICE_MODEL,
    DIGEST,
    DIRECTOR,
    OPERATOR,
    PROTOCOL,
    UNSET,
    Content,
    Facts,
    registry_document,
    shelve,
)
from support.scribe import Scribe, alive

NOW_MS = 1_000
ENDED: Content = {"valid_until_ms": NOW_MS}
CLEARANCE: Content = {"source": "a page", "trust": "U", "authority": "FDA"}
COMPLETE: dict[str, Facts] = {
    "clinic": (
        "clinic",
        CLINIC,
        "1",
        {"name": "North", "time_zone": "Europe/Vienna", "jurisdiction_id": "law"},
    ),
    "jurisdiction": ("jurisdiction", "law", "1", {"name": "Law", "boundaries": []}),
    "director": ("director", "director-1", "1", DIRECTOR),
    "deputy": ("director", "director-2", "1", DEPUTY),
    "operator": ("operator", "nurse-1", "1", OPERATOR),
    "model": ("device_model", "pen", "1", {**DEVICE_MODEL, "clearances": [CLEARANCE]}),
    "device": ("device", "pen-7", "1", DEVICE),
    "protocol": ("protocol", "protocol-1", "1", PROTOCOL),
    "approval": ("approval", "approval-1", "1", APPROVAL),
}
READY = Finding(f"{CLINIC}: registry", ok=True, found="nothing it needs is missing")


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    with Scribe(tmp_path / "journal.db") as open_scribe:
        yield open_scribe


def _look(scribe: Scribe, **changed: Facts | None) -> list[Finding]:
    """Look at the complete clinic, of which some things are replaced or left out."""
    shelve(scribe, *(facts for facts in {**COMPLETE, **changed}.values() if facts is not None))
    return list(look_at_registry(scribe.path, NOW_MS))


def _with(name: str, **members: object) -> Facts:
    kind, registry_id, version, content = COMPLETE[name]
    merged = {**content, **members}
    kept = {member: value for member, value in merged.items() if value is not ...}
    return kind, registry_id, version, kept  # type: ignore[return-value]  # members are JSON


def test_complete_clinic_lacks_nothing(scribe: Scribe) -> None:
    assert _look(scribe) == [READY]


def test_without_any_document_the_import_comes_first(tmp_path: Path, scribe: Scribe) -> None:
    for journal in (tmp_path / "absent.db", scribe.path):
        (finding,) = look_at_registry(journal, NOW_MS)
        assert (finding.what, finding.ok) == ("registry", False)
        assert "`dermatrace registry import` comes first" in finding.remedy


@pytest.mark.parametrize(
    ("name", "replaced", "what", "found"),
    [
        ("clinic", None, "clinic", "no such document"),
        ("clinic", _with("clinic", time_zone=...), "time zone", "not stated"),
        ("clinic", _with("clinic", jurisdiction_id=...), "jurisdiction", "the clinic names none"),
        ("jurisdiction", None, "jurisdiction", "law is not on record"),
        ("operator", None, "operators", "nobody may treat today"),
        ("operator", _with("operator", **ENDED), "operators", "nobody may treat today"),
        ("approval", None, "treatment protocols", "none is approved today"),
        (
            "approval",
            _with("approval", effective_from_ms=NOW_MS + 1),
            "treatment protocols",
            "none is approved today",
        ),
        ("model", None, "device pen-7", "its model pen is not on record"),
        ("model", _with("model", clearances=[]), "device pen-7", "its model pen has no clearance"),
        (
            "conflict",
            _with("operator", role="physician"),
            "operator nurse-1",
            "other content was sent under version 1",
        ),
    ],
)
def test_what_is_missing_is_told_alone_and_with_a_remedy(
    scribe: Scribe, name: str, replaced: Facts | None, what: str, found: str
) -> None:
    (finding,) = _look(scribe, **{name: replaced})
    assert (finding.what, finding.ok) == (f"{CLINIC}: {what}", False)
    assert finding.found.startswith(found)
    assert finding.remedy


@pytest.mark.parametrize("director", [None, _with("director", **ENDED)])
def test_without_a_director_today_no_protocol_is_approved_either(
    scribe: Scribe, director: Facts | None
) -> None:
    whats = [finding.what for finding in _look(scribe, director=director)]
    assert whats == [f"{CLINIC}: medical director", f"{CLINIC}: treatment protocols"]


def test_without_a_deputy_all_is_well_with_a_note(scribe: Scribe) -> None:
    note, ready = _look(scribe, deputy=None)
    assert (note.what, note.ok, bool(note.remedy)) == (f"{CLINIC}: deputy director", True, True)
    assert ready == READY


def test_approval_of_what_is_not_on_record_is_told(scribe: Scribe) -> None:
    wrong, unapproved = _look(scribe, approval=_with("approval", protocol_digest=DIGEST))
    assert wrong.what == f"{CLINIC}: approval approval-1"
    assert "protocol-1 1, which is not on record with that digest" in wrong.found
    assert unapproved.found == "none is approved today"


def test_approval_that_is_over_is_not_asked_what_it_approved(scribe: Scribe) -> None:
    over = _with("approval", protocol_digest=DIGEST, retired_from_ms=NOW_MS)
    assert _look(scribe, second=("approval", "approval-2", "1", over[3])) == [READY]


def test_unset_limits_of_an_approved_protocol_are_counted_and_named(scribe: Scribe) -> None:
    content: Content = {
        **PROTOCOL,
        "bands": [{"lower": UNSET} for _ in range(NAMED_MAX)],
        "depth_persistence": {**UNSET, "quantity": "persistence", "unit": "1"},
    }
    digest = registry_document("protocol", "protocol-1", "1", content).digest
    (finding,) = _look(
        scribe,
        protocol=("protocol", "protocol-1", "1", content),
        approval=_with("approval", protocol_digest=digest),
    )
    assert finding.what == f"{CLINIC}: protocol protocol-1"
    assert finding.found.startswith("7 limits unset: bands.0.lower (depth), bands.1.lower (depth)")
    assert finding.found.endswith("and 1 more")


def test_sender_of_a_session_that_is_no_registered_device_is_told(scribe: Scribe) -> None:
    for sender in ("pen-7", "pen-8"):
        scribe.accept(StreamKey(CLINIC, sender, "session", "s-1"), 0, alive(0))
    (finding,) = _look(scribe)
    assert finding.what == f"{CLINIC}: senders"
    assert finding.found == "sessions came from pen-8, no registered device"


def test_clinic_that_is_heard_and_not_on_record_lacks_everything(scribe: Scribe) -> None:
    scribe.accept(StreamKey("south", "pen-1", "session", "s-1"), 0, alive(0))
    whats = [finding.what for finding in _look(scribe) if not finding.ok]
    assert "south: clinic" in whats
    assert "south: senders" in whats


def test_each_clinic_is_looked_at_for_itself(scribe: Scribe) -> None:
    shelve(scribe, ("room", "room-1", "1", {"name": "Room"}), clinic="south")
    findings = _look(scribe)
    assert READY in findings
    assert {finding.what for finding in findings if not finding.ok} == {
        f"south: {what}" for what in ("clinic", "medical director", "operators")
    } | {"south: treatment protocols"}


def test_doctor_tells_what_clinics_lack_beside_everything_else(scribe: Scribe) -> None:
    shelve(scribe, *COMPLETE.values())
    shelve(scribe, COMPLETE["operator"], clinic="south")
    result = dermatrace("doctor", "--data", scribe.path.parent, "--json")
    assert result.exit_code == 1
    found = {row["what"]: row for row in result.json()}
    assert found[READY.what]["ok"] is True
    assert found["south: clinic"]["remedy"] == "Import one of `kind: clinic`."
    assert "recorder" in found
