"""Importing through a real broker and a real recorder: what is told is what is on record."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from dermatrace.errors import BrokerUnavailable, StorageError, UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.journal.streams import StreamKey
from dermatrace.mqtt import BrokerAddress
from dermatrace.registry.importer import import_documents
from dermatrace.registry.load import load_folder
from dermatrace.registry.references import FolderDocument
from dermatrace.registry.sending import deliver, stream_id_of, tool_sender
from dermatrace.sender.answers import Outcome
from dermatrace.sender.sender import Sender
from dermatrace.settings import Settings
from dermatrace_schemas.library import sample_clinic
from support.broker import Mosquitto
from support.recorder_thread import recorder_thread

CLINIC, SENDER = "north-clinic", "front-desk"
WAIT_S = 20.0
NOT_WAITED_S = 0.2
ROOM_CONTENT = '{"name":"Treatment room 1"}'
"""In RFC 8785 form: members sorted, no blanks."""
UTC_MS = 1_772_323_200_007
SAMPLE = load_folder(sample_clinic())


def _room(version: str, name: str = "Room") -> FolderDocument:
    content = {"name": name}
    digest = sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
    return FolderDocument("room", "room-1", version, CLINIC, {**content}, digest, "a.yaml", 1)


def _sender(mosquitto: Mosquitto, outbox: Path, *, capacity_bytes: int = 1 << 20) -> Sender:
    address = BrokerAddress(host=mosquitto.host, port=mosquitto.port)
    return Sender(address, CLINIC, SENDER, outbox, capacity_bytes=capacity_bytes)


def _recorded(journal: Path, stream_id: str) -> list[dict[str, object]]:
    with JournalReader(journal) as reader:
        record = reader.stream(StreamKey(CLINIC, SENDER, "registry", stream_id))
        assert record is not None
        return [json.loads(entry.payload or b"") for entry in reader.read_stream(record.row)]


@pytest.fixture
def journal(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Path]:
    path = tmp_path / "journal.db"
    with recorder_thread(path, BrokerAddress(host=mosquitto.host, port=mosquitto.port)):
        yield path


@pytest.mark.broker
def test_sample_clinic_is_recorded_whole_in_its_order(
    tmp_path: Path, mosquitto: Mosquitto, journal: Path
) -> None:
    documents = SAMPLE.documents_of(CLINIC)
    with _sender(mosquitto, tmp_path / "outbox.db") as sender:
        done = import_documents(documents, sender, WAIT_S)
        assert [standing.complete for standing in sender.standings()] == [True]

    assert done.is_recorded
    assert (done.clinic, done.stream_id.startswith("import-20")) == (CLINIC, True)
    recorded = _recorded(journal, done.stream_id)
    assert [(found["kind"], found["registry_id"], found["digest"]) for found in recorded] == [
        (f"registry.{document.kind}", document.registry_id, document.digest)
        for document in documents
    ]
    (room,) = [found for found in recorded if found["registry_id"] == "north-room-1"]
    assert room["digest"] == sha256(ROOM_CONTENT.encode()).hexdigest()


@pytest.mark.broker
def test_second_import_of_the_same_is_a_second_stream_with_the_same_digests(
    tmp_path: Path, mosquitto: Mosquitto, journal: Path
) -> None:
    documents = [_room("1"), _room("2", "Room, larger")]
    with _sender(mosquitto, tmp_path / "outbox.db") as sender:
        first = import_documents(documents, sender, WAIT_S)
        later = import_documents(documents, sender, WAIT_S)
    assert first.is_recorded
    assert later.is_recorded
    assert first.stream_id != later.stream_id
    assert first.stream_id.rpartition("-")[2] == later.stream_id.rpartition("-")[2]
    digests = [found["digest"] for found in _recorded(journal, first.stream_id)]
    assert [found["digest"] for found in _recorded(journal, later.stream_id)] == digests


@pytest.mark.broker
@pytest.mark.usefixtures("journal")
def test_refused_document_is_told_with_its_reason(tmp_path: Path, mosquitto: Mosquitto) -> None:
    told = [("registry.room", _room("1").facts), ("registry.room", _room("2").facts)]
    with _sender(mosquitto, tmp_path / "one.db") as sender:
        deliver(sender, "import-x", told[:1], wait_s=WAIT_S)
    # An outbox that was lost, on a machine that begins to number again.
    with _sender(mosquitto, tmp_path / "another.db") as sender:
        found = deliver(sender, "import-x", told, wait_s=WAIT_S)
    assert [outcome.state for outcome in found] == ["rejected", "recorded"]
    assert found[0].reason.startswith("conflict: seq ")


@pytest.mark.broker
def test_without_a_recorder_documents_wait_in_the_outbox(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    with _sender(mosquitto, tmp_path / "outbox.db") as sender:
        done = import_documents([_room("1")], sender, NOT_WAITED_S)
    assert not done.is_recorded
    assert [outcome for _, outcome in done.outcomes] == [Outcome("waiting", "no receipt yet")]


@pytest.mark.broker
@pytest.mark.usefixtures("journal")
def test_outbox_without_room_is_told_and_nothing_later_is_sent(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    documents = [_room("1"), _room("2", "x" * 120), _room("3")]
    outbox = tmp_path / "outbox.db"
    with (
        _sender(mosquitto, outbox, capacity_bytes=450) as sender,
        pytest.raises(StorageError, match="document 2 could not be stored"),
    ):
        import_documents(documents, sender, WAIT_S)


@pytest.mark.broker
@pytest.mark.slow
@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("mosquitto", ["max_packet_size 4000\n"], indirect=True)
def test_document_lost_on_its_way_is_told_and_the_others_are_recorded(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    large = max(SAMPLE.documents, key=lambda document: len(json.dumps(document.content)))
    with _sender(mosquitto, tmp_path / "outbox.db") as sender:
        done = import_documents([_room("1"), large], sender, WAIT_S)
    assert [outcome.state for _, outcome in done.outcomes] == ["recorded", "lost"]
    assert "too large for the broker?" in done.outcomes[1][1].reason


def test_without_a_broker_nothing_is_sent(tmp_path: Path, free_port: int) -> None:
    nobody, settings = BrokerAddress(host="127.0.0.1", port=free_port), Settings(data=tmp_path)
    with (
        pytest.raises(BrokerUnavailable, match="no connection to the broker"),
        tool_sender(settings, nobody, CLINIC) as sender,
    ):
        import_documents([_room("1")], sender, WAIT_S)
    with Sender(nobody, CLINIC, "registry", settings.outbox_file(CLINIC, "registry")) as sender:
        assert sender.standings() == []


def test_impossible_name_leaves_no_file_behind(tmp_path: Path, free_port: int) -> None:
    nobody, settings = BrokerAddress(host="127.0.0.1", port=free_port), Settings(data=tmp_path)
    with (
        pytest.raises(UsageError, match=r"sender '\.\.' does not match"),
        tool_sender(settings, nobody, CLINIC, "../desk"),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_nothing_to_import_is_refused(tmp_path: Path, free_port: int) -> None:
    nobody = BrokerAddress(host="127.0.0.1", port=free_port)
    with (
        Sender(nobody, CLINIC, SENDER, tmp_path / "outbox.db") as sender,
        pytest.raises(UsageError, match="nothing to import for north-clinic"),
    ):
        import_documents([], sender, WAIT_S)


def test_stream_id_tells_what_and_when() -> None:
    assert stream_id_of("erasure", UTC_MS) == "erasure-20260301t000000.007z"
    assert stream_id_of("import", 0, "abc") == "import-19700101t000000.000z-abc"
