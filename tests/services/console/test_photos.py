"""Images: kept by what they are, looked at in their clinic alone, gone when they are erased."""

import hashlib
from pathlib import Path
from typing import Final

import pytest
from starlette.testclient import TestClient

from dermatrace.console.forgetting import Forgetting
from dermatrace.console.photos import PHOTO_BYTES_MAX, PhotoStore, media_type_of
from dermatrace.journal.reader import JournalReader
from support.broker import Mosquitto
from support.console_bench import NORTH, SOUTH, ConsoleBench, csrf_of
from support.console_browser import LiveConsole
from support.ingest_thread import IngestThread
from support.judge_bench import JudgeBench, erasure_message
from support.waiting import wait_until

JPEG: Final = b"\xff\xd8\xff\xe0" + bytes(range(200))
OTHER: Final = JPEG + b"another"
VISIT: Final = "visit-run-pen-north-1-1"


def _put(client: TestClient, clinic: str, content: bytes, visit: str = VISIT) -> int:
    answer = client.put(
        f"/api/v1/photos/{clinic}?visit_id={visit}",
        content=content,
        headers={
            "x-csrf-token": csrf_of(client),
            "content-type": "application/octet-stream",
            "accept": "application/json",
        },
    )
    return answer.status_code


@pytest.mark.parametrize(
    ("begins", "expected"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n0000", "image/png"),
        (b"RIFF0000WEBPVP8 ", "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"<html><script>", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_image_is_what_its_first_bytes_say(begins: bytes, expected: str | None) -> None:
    assert media_type_of(begins) == expected


def test_image_is_kept_by_its_digest_and_shown_in_its_clinic_alone(bench: ConsoleBench) -> None:
    nurse = bench.signed_in("operator", NORTH)
    assert _put(nurse, NORTH, JPEG) == 200
    digest = hashlib.sha256(JPEG).hexdigest()
    shown = nurse.get(f"/photos/{NORTH}/{digest}")
    assert (shown.status_code, shown.content) == (200, JPEG)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    other = bench.signed_in("operator", SOUTH)
    assert other.get(f"/photos/{NORTH}/{digest}").status_code == 404
    assert other.get(f"/photos/{SOUTH}/{digest}").status_code == 404
    assert bench.signed_in("vendor").get(f"/photos/{NORTH}/{digest}").status_code == 403


def test_every_look_is_noted_before_anything_is_shown(bench: ConsoleBench) -> None:
    nurse = bench.signed_in("operator", NORTH)
    _put(nurse, NORTH, JPEG)
    path = f"/photos/{NORTH}/{hashlib.sha256(JPEG).hexdigest()}"
    nurse.get(path)
    nurse.get(path)
    looks = [read for read in bench.installation.audit.newest() if read.path == path]
    assert [(look.reads, look.user_name) for look in looks] == [
        ("photo", f"operator.{NORTH}"),
        ("photo", f"operator.{NORTH}"),
    ]


def test_what_is_no_image_or_too_large_is_refused_and_not_kept(bench: ConsoleBench) -> None:
    nurse = bench.signed_in("operator", NORTH)
    assert _put(nurse, NORTH, b"<script>alert(1)</script>") == 400
    assert _put(nurse, NORTH, JPEG + bytes(PHOTO_BYTES_MAX)) == 413
    assert _put(nurse, NORTH, JPEG, visit="../../etc") == 422
    assert not list(bench.installation.photo_folder.glob("*/*"))


def test_viewer_keeps_nothing(bench: ConsoleBench) -> None:
    assert _put(bench.signed_in("clinic_viewer", NORTH), NORTH, JPEG) == 403


def test_files_are_for_their_owner_alone(bench: ConsoleBench) -> None:
    _put(bench.signed_in("operator", NORTH), NORTH, JPEG)
    (path,) = bench.installation.photo_folder.glob("*/*")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def _taken_and_erased(bench: ConsoleBench, data: Path) -> str:
    """Keep an image, record that there is one, erase whose it is; return its digest."""
    digest = hashlib.sha256(JPEG).hexdigest()
    nurse = bench.signed_in("operator", NORTH)
    assert _put(nurse, NORTH, JPEG) == 200
    facts = {"visit_id": VISIT, "photo_sha256": digest, "moment": "before"}
    with IngestThread(data / "journal.db", bench.installation.settings.broker_address()):
        answer = nurse.post(
            f"/api/v1/chart/{NORTH}",
            json={"about": VISIT, "documents": [{"kind": "chart.photo", "facts": facts}]},
            headers={"x-csrf-token": csrf_of(nurse)},
        )
        assert answer.json()["told"][0]["state"] == "recorded"
    assert nurse.get(f"/photos/{NORTH}/{digest}").status_code == 200
    subject = nurse.get(f"/api/v1/visits/{NORTH}/{VISIT}").json()["plan"]["subject_id"]
    _erase(data, subject)
    return digest


def _files(bench: ConsoleBench) -> list[Path]:
    return list(bench.installation.photo_folder.glob("*/*"))


def test_images_follow_an_order_to_erase_their_subject(data: Path, mosquitto: Mosquitto) -> None:
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        digest = _taken_and_erased(bench, data)
        nurse = bench.signed_in("operator", NORTH)
        assert nurse.get(f"/photos/{NORTH}/{digest}").status_code == 404
        assert not _files(bench)


def test_erased_image_is_deleted_though_nobody_asks_for_one(
    data: Path, mosquitto: Mosquitto
) -> None:
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        with Forgetting(bench.installation, interval_s=0.05):
            _put(bench.signed_in("operator", NORTH), NORTH, OTHER, visit="visit-of-another")
            _taken_and_erased(bench, data)
            wait_until(lambda: len(_files(bench)) < 2, what="the console to delete it")
        (left,) = _files(bench)
        assert left.read_bytes() == OTHER


def test_console_that_starts_deletes_what_was_erased_while_it_was_away(
    data: Path, mosquitto: Mosquitto
) -> None:
    with ConsoleBench(data, broker_port=mosquitto.port) as bench:
        _taken_and_erased(bench, data)
        assert _files(bench)
    with LiveConsole(data):
        wait_until(lambda: not _files(bench), what="the console to delete it")


def _erase(data: Path, subject_id: str) -> None:
    recorder = JudgeBench(data)
    recorder.record([erasure_message(NORTH, subject_id=subject_id)])
    recorder.pass_time(1_000)
    recorder.close()


def test_image_of_a_visit_that_nobody_erased_stays(bench: ConsoleBench) -> None:
    store: PhotoStore = bench.installation.photos
    _put(bench.signed_in("operator", NORTH), NORTH, JPEG)
    with JournalReader(bench.installation.settings.journal_file) as reader:
        assert store.forget_erased(reader) == 0
    wait_until(lambda: store.find(NORTH, hashlib.sha256(JPEG).hexdigest()), what="the image")
