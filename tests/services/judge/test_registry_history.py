"""What was in force: the newest version before an entry, if it is valid, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace_schemas.references import RegistryKind
from support.registry_shelf import (
    APPROVAL,
    CLINIC,
    DEPUTY,
    DEVICE,
    DIGEST,
    DIRECTOR,
    OPERATOR,
    PROTOCOL,
    Content,
    Facts,
    registry_document,
)

ROOM: Facts = ("room", "room-1", "1", {"name": "Room"})
LATER = 99


def _history(*documents: Facts, clinic: str = CLINIC) -> RegistryHistory:
    history = RegistryHistory()
    for entry_id, document in enumerate(documents, start=1):
        history.take(clinic, entry_id, registry_document(*document))
    return history


def _found(
    history: RegistryHistory,
    kind: RegistryKind,
    registry_id: str,
    at_ms: int | None,
    before_entry_id: int = LATER,
) -> Version | None:
    return history.in_force(CLINIC, kind, registry_id, before_entry_id=before_entry_id, at_ms=at_ms)


def _room(version: str, name: str) -> Facts:
    return "room", "room-1", version, {"name": name}


def test_newest_version_before_the_entry_is_in_force() -> None:
    history = _history(_room("1", "A"), _room("2", "B"))
    in_force = [_found(history, "room", "room-1", None, before) for before in (1, 2, 3)]
    assert [found and found.version for found in in_force] == [None, "1", "2"]


def test_version_said_again_keeps_its_first_entry_and_its_place() -> None:
    history = _history(_room("1", "A"), _room("2", "B"))
    assert history.take(CLINIC, 3, registry_document(*_room("1", "A"))) == "same"
    assert [known.entry_id for known in history.versions(CLINIC, "room", "room-1")] == [1, 2]
    newest = _found(history, "room", "room-1", None)
    assert newest is not None
    assert newest.version == "2"


def test_other_content_under_a_version_is_kept_aside_once_and_never_in_force() -> None:
    history = _history(_room("1", "A"))
    other = registry_document(*_room("1", "B"))
    assert [history.take(CLINIC, entry_id, other) for entry_id in (2, 3)] == ["conflict"] * 2
    newest = _found(history, "room", "room-1", None)
    assert newest is not None
    assert newest.entry_id == 1
    (conflict,) = history.conflicts(CLINIC, "room", "room-1")
    assert (conflict.entry_id, conflict.digest) == (2, other.digest)
    assert history.by_digest(CLINIC, other.digest) is None


VALIDITIES: list[tuple[RegistryKind, Content, str, str]] = [
    ("director", DIRECTOR, "valid_from_ms", "valid_until_ms"),
    ("operator", OPERATOR, "valid_from_ms", "valid_until_ms"),
    ("device", DEVICE, "in_service_from_ms", "retired_from_ms"),
    ("approval", APPROVAL, "effective_from_ms", "retired_from_ms"),
]


@pytest.mark.parametrize(("kind", "content", "from_name", "until_name"), VALIDITIES)
def test_thing_is_in_force_from_its_first_moment_to_before_its_last(
    kind: RegistryKind, content: Content, from_name: str, until_name: str
) -> None:
    history = _history((kind, "thing-1", "1", {**content, from_name: 100, until_name: 200}))
    in_force = [_found(history, kind, "thing-1", at_ms) for at_ms in (99, 100, 199, 200, None)]
    assert [found is not None for found in in_force] == [False, True, True, False, True]


@pytest.mark.parametrize(("kind", "content", "from_name", "until_name"), VALIDITIES)
def test_older_version_does_not_come_back_when_the_newest_does_not_hold(
    kind: RegistryKind, content: Content, from_name: str, until_name: str
) -> None:
    older: Content = {**content, from_name: 100, until_name: 200}
    newer: Content = {**content, from_name: 200, until_name: 300}
    history = _history((kind, "thing-1", "1", older), (kind, "thing-1", "2", newer))
    assert _found(history, kind, "thing-1", 150) is None
    before_the_newer = _found(history, kind, "thing-1", 150, before_entry_id=2)
    assert before_the_newer is not None
    assert before_the_newer.version == "1"


def test_thing_without_validity_holds_at_every_moment() -> None:
    assert _found(_history(ROOM), "room", "room-1", 0) is not None


def test_what_nobody_has_heard_of_is_nowhere() -> None:
    history = _history(ROOM)
    assert _found(history, "room", "room-2", None) is None
    assert _found(history, "device", "room-1", None) is None
    assert history.versions("south", "room", "room-1") == ()
    assert history.conflicts("south", "room", "room-1") == ()
    assert history.things("south") == []
    assert history.by_digest("south", DIGEST) is None
    assert history.all_in_force("south", "room", before_entry_id=LATER, at_ms=None) == []


def test_clinics_do_not_know_of_one_another() -> None:
    history = _history(ROOM)
    assert history.take("south", 2, registry_document(*_room("1", "B"))) == "new"
    assert history.clinics() == [CLINIC, "south"]
    assert history.conflicts("south", "room", "room-1") == ()


def test_things_are_listed_by_kind_and_id() -> None:
    second: Facts = ("room", "room-0", "1", {"name": "Room"})
    history = _history(ROOM, ("device", "pen-1", "1", DEVICE), second)
    assert history.things(CLINIC) == [("device", "pen-1"), ("room", "room-0"), ("room", "room-1")]
    assert history.things(CLINIC, "room") == [("room", "room-0"), ("room", "room-1")]


def test_pin_and_digest_name_the_version() -> None:
    history = _history(ROOM)
    (version,) = history.versions(CLINIC, "room", "room-1")
    assert version.pin.model_dump() == {
        "registry_kind": "room",
        "registry_id": "room-1",
        "version": "1",
        "digest": registry_document(*ROOM).digest,
    }
    assert history.by_digest(CLINIC, version.digest) == version


def test_sender_is_the_device_whose_newest_version_names_it() -> None:
    moved: Content = {**DEVICE, "sender": "pen-8"}
    history = _history(
        ("device", "b", "1", DEVICE), ("device", "b", "2", moved), ("device", "a", "1", DEVICE)
    )
    found = history.device_of_sender(CLINIC, "pen-7", before_entry_id=LATER, at_ms=1)
    assert found is not None
    assert found.registry_id == "a"
    assert history.device_of_sender(CLINIC, "pen-9", before_entry_id=LATER, at_ms=1) is None


def test_of_two_devices_with_one_sender_the_one_recorded_last_is_meant() -> None:
    history = _history(("device", "b", "1", DEVICE), ("device", "a", "1", DEVICE))
    found = history.device_of_sender(CLINIC, "pen-7", before_entry_id=LATER, at_ms=1)
    assert found is not None
    assert found.registry_id == "a"


def test_approvals_are_of_exactly_this_content_and_for_this_clinic() -> None:
    protocol = registry_document("protocol", "protocol-1", "1", PROTOCOL)
    history = _history(
        ("approval", "right", "1", APPROVAL),
        ("approval", "of-other-content", "1", {**APPROVAL, "protocol_digest": DIGEST}),
        ("approval", "for-another-clinic", "1", {**APPROVAL, "clinic": "south"}),
        ("approval", "not-yet", "1", {**APPROVAL, "effective_from_ms": 500}),
    )
    found = history.approvals_of(CLINIC, protocol.digest, before_entry_id=LATER, at_ms=200)
    assert [approval.registry_id for approval in found] == ["right"]


def test_directors_are_those_appointed_at_the_moment() -> None:
    history = _history(
        ("director", "b", "1", DIRECTOR),
        ("director", "a", "1", DEPUTY),
        ("director", "over", "1", {**DIRECTOR, "valid_until_ms": 150}),
    )
    found = history.directors(CLINIC, before_entry_id=LATER, at_ms=200)
    assert [director.registry_id for director in found] == ["a", "b"]


things = st.tuples(
    st.sampled_from(["room-1", "room-2", "room-3"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["A", "B", "C"]),
)


@given(said=st.lists(things, max_size=12), before_entry_id=st.integers(1, 14))
def test_what_is_said_of_other_things_changes_nothing(
    said: list[tuple[str, str, str]], before_entry_id: int
) -> None:
    whole, alone = RegistryHistory(), RegistryHistory()
    for entry_id, (room, version, name) in enumerate(said, start=1):
        document = registry_document("room", room, version, {"name": name})
        taken = whole.take(CLINIC, entry_id, document)
        if room == "room-1":
            assert alone.take(CLINIC, entry_id, document) == taken
    assert whole.versions(CLINIC, "room", "room-1") == alone.versions(CLINIC, "room", "room-1")
    assert whole.conflicts(CLINIC, "room", "room-1") == alone.conflicts(CLINIC, "room", "room-1")
    assert _found(whole, "room", "room-1", None, before_entry_id) == _found(
        alone, "room", "room-1", None, before_entry_id
    )


@given(said=st.lists(things, max_size=12))
def test_later_entries_never_change_what_was_in_force_before_them(
    said: list[tuple[str, str, str]],
) -> None:
    history = RegistryHistory()
    seen: list[Version | None] = []
    for entry_id, (room, version, name) in enumerate(said, start=1):
        seen.append(_found(history, "room", "room-1", None, entry_id))
        history.take(CLINIC, entry_id, registry_document("room", room, version, {"name": name}))
    for entry_id, before in enumerate(seen, start=1):
        assert _found(history, "room", "room-1", None, entry_id) == before
