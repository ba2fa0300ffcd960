"""Answers of Grafana, and of what stands before it, that its frozen library stumbles over."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from grafana_api.grafana_face import GrafanaFace

from dermatrace.errors import DermatraceError, ServerRefused, ServerUnavailable, UsageError
from dermatrace.provision.grafana_adapter import GrafanaServer
from dermatrace.provision.grafana_port import Entry
from support.fake_grafana import PASSWORD, USER, VIEWER, FakeGrafana
from support.grafana_stand import GrafanaStand
from support.scripted_http import Reply, ScriptedHttp

FOLDER = "/api/folders/clinic"


@pytest.fixture
def fake() -> Iterator[FakeGrafana]:
    """Return a running Grafana of ours."""
    server = FakeGrafana()
    with server.serving():
        yield server


@pytest.fixture
def stand(fake: FakeGrafana) -> GrafanaStand:
    """Return what provisions it."""
    return GrafanaStand(fake.address, USER, PASSWORD, "here")


@pytest.fixture
def answering() -> Iterator[Callable[[Reply], GrafanaServer]]:
    """Offer a Grafana that answers whatever it is asked about the folder `clinic` like this."""
    with ExitStack() as at_the_end:

        def start(reply: Reply) -> GrafanaServer:
            scripted = ScriptedHttp({FOLDER: reply, "/api/health": reply})
            at_the_end.enter_context(scripted.serving())
            return at_the_end.enter_context(GrafanaServer(scripted.url, USER, PASSWORD))

        yield start


def _error(server: GrafanaServer) -> DermatraceError:
    with pytest.raises(DermatraceError) as error:
        server.folder("clinic")
    return error.value


def _bare_library(url: str) -> GrafanaFace:
    return GrafanaFace((USER, PASSWORD), host=urlsplit(url).netloc)


def test_empty_answer_means_done(fake: FakeGrafana, stand: GrafanaStand) -> None:
    fake.empty_answers = True
    stand.provision()
    assert set(stand.provision().values()) == {"unchanged"}


def test_the_library_alone_takes_an_empty_answer_for_an_error(
    fake: FakeGrafana, stand: GrafanaStand
) -> None:
    stand.provision()
    fake.empty_answers = True
    face = _bare_library(fake.url)
    with pytest.raises(json.JSONDecodeError):
        face.folder.update_folder_permissions(stand.folders[0].uid, {"items": []})
    face.api.s.close()


@pytest.mark.parametrize(
    "body",
    [
        ["a message of validation", "and another"],
        [{"message": "title is required"}],
        "some message of a proxy in plain text",
        {"error": "no message"},
        "null",
    ],
)
def test_error_of_any_shape_keeps_status_and_words(
    answering: Callable[[Reply], GrafanaServer], body: object
) -> None:
    error = _error(answering(Reply(HTTPStatus.BAD_REQUEST, body)))
    assert isinstance(error, ServerRefused)
    assert error.status == HTTPStatus.BAD_REQUEST
    assert f"GET {FOLDER}: 400" in str(error)


@pytest.mark.parametrize("body", [["message"], "some message of a proxy"])
def test_the_library_alone_loses_the_status_of_such_an_error(body: object) -> None:
    scripted = ScriptedHttp({FOLDER: Reply(HTTPStatus.BAD_REQUEST, body)})
    with scripted.serving():
        face = _bare_library(scripted.url)
        with pytest.raises(TypeError):
            face.folder.get_folder("clinic")
        face.api.s.close()


def test_validation_errors_as_a_list_are_told(fake: FakeGrafana, stand: GrafanaStand) -> None:
    fake.list_errors = True
    with stand.server() as server, pytest.raises(ServerRefused, match="title cannot be empty"):
        server.make_folder("any", "")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_grafana_in_trouble_counts_as_away(
    answering: Callable[[Reply], GrafanaServer], status: int
) -> None:
    error = _error(answering(Reply(status, {"message": "database is locked"})))
    assert isinstance(error, ServerUnavailable)
    assert f"{status} database is locked" in str(error)


def test_user_who_is_no_administrator_is_told_what_is_needed(stand: GrafanaStand) -> None:
    stand.user = VIEWER
    with pytest.raises(ServerRefused, match="additional permissions") as refused:
        stand.provision()
    assert refused.value.status == HTTPStatus.FORBIDDEN
    assert "administrator of the organisation" in refused.value.remedy


@pytest.mark.parametrize("status", [301, 302, 307])
def test_being_sent_elsewhere_is_an_error_that_names_the_place(
    answering: Callable[[Reply], GrafanaServer], status: int
) -> None:
    # Followed, a POST would arrive as a GET: nothing would be made, and nobody would know.
    reply = Reply(status, headers={"Location": "https://grafana.example/login"})
    error = _error(answering(reply))
    assert isinstance(error, ServerRefused)
    assert "https://grafana.example/login" in str(error)


def test_a_page_in_place_of_an_answer_is_not_taken_for_done(
    answering: Callable[[Reply], GrafanaServer],
) -> None:
    server = answering(Reply(body="<html><title>Welcome to the gateway</title></html>"))
    with pytest.raises(ServerRefused, match="not Grafana's: <html>"):
        server.version()


def test_another_program_with_a_health_page_is_refused(
    answering: Callable[[Reply], GrafanaServer],
) -> None:
    server = answering(Reply(body={"status": "ok"}))
    with pytest.raises(ServerRefused, match="this is no Grafana"):
        server.version()


def test_nobody_at_the_address_is_named_with_it(free_port: int) -> None:
    with (
        GrafanaServer(f"http://127.0.0.1:{free_port}", USER, PASSWORD) as server,
        pytest.raises(ServerUnavailable, match=f"http://127.0.0.1:{free_port}: no answer"),
    ):
        server.version()


@pytest.mark.parametrize("url", ["grafana:3000", "", "ftp://grafana", "http://"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(UsageError, match="no address of Grafana"):
        GrafanaServer(url, USER, PASSWORD)


def test_grafana_below_a_path_is_found(stand: GrafanaStand) -> None:
    below = FakeGrafana(prefix="/charts")
    with below.serving():
        stand.url = f"{below.address}/"
        stand.provision()
    assert set(below.folders) == {folder.uid for folder in stand.folders}


@pytest.mark.parametrize("conflict", [HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED])
def test_folder_that_somebody_else_makes_at_the_same_moment_is_taken_as_it_is(
    fake: FakeGrafana, stand: GrafanaStand, conflict: HTTPStatus
) -> None:
    stand.provision()
    clinic = stand.folders[0]
    del fake.folders[clinic.uid]
    fake.uid_conflict = conflict
    fake.before_writing = [lambda: fake.file_folder(clinic.uid, clinic.title)]
    assert stand.provision()["folder Clinic"] == "unchanged"
    assert set(stand.provision().values()) == {"unchanged"}


def test_team_that_somebody_else_makes_at_the_same_moment_is_taken_as_it_is(
    fake: FakeGrafana, stand: GrafanaStand
) -> None:
    fake.before_writing = [lambda: fake.teams.update({7: "Clinic staff here"})]
    stand.provision()
    assert stand.team_number("Clinic staff here") == 7
    assert (7, 1) in {
        (item.get("teamId"), item["permission"]) for item in fake.folders["clinic-here"].items
    }


def test_folder_changed_between_reading_and_renaming_is_read_again(
    fake: FakeGrafana, stand: GrafanaStand
) -> None:
    stand.provision()
    folder = fake.folders["clinic-here"]
    folder.title = "Renamed"
    fake.before_writing = [lambda: setattr(folder, "version", folder.version + 1)]
    assert stand.provision()["folder Clinic"] == "changed"
    assert folder.title == "Clinic here"


def test_folder_changed_again_and_again_is_an_error_in_the_end(
    fake: FakeGrafana, stand: GrafanaStand
) -> None:
    stand.provision()
    folder = fake.folders["clinic-here"]
    folder.title = "Renamed"
    fake.before_writing = [lambda: setattr(folder, "version", folder.version + 1)] * 2
    with pytest.raises(ServerRefused, match="changed by someone else") as refused:
        stand.provision()
    assert refused.value.status == HTTPStatus.PRECONDITION_FAILED


def test_title_that_another_folder_has_says_what_to_do(
    fake: FakeGrafana, stand: GrafanaStand
) -> None:
    fake.file_folder("by-hand", "Clinic here")
    with pytest.raises(ServerRefused, match="same name already exists") as refused:
        stand.provision()
    assert "Rename or delete in Grafana" in refused.value.remedy


def test_inherited_permissions_are_not_taken_for_the_folders_own() -> None:
    items = [
        {"teamId": 3, "permission": 1, "inherited": True},
        {"teamId": 4, "permission": 2, "inherited": False, "role": ""},
    ]
    scripted = ScriptedHttp({f"{FOLDER}/permissions": Reply(body=items)})
    with scripted.serving(), GrafanaServer(scripted.url, USER, PASSWORD) as server:
        assert server.entries("clinic") == [Entry(2, team=4)]


def test_folders_and_dashboards_are_asked_for_by_uid_alone(
    fake: FakeGrafana, stand: GrafanaStand
) -> None:
    fake.dashboards = {"floor": "clinic-here", "elsewhere": "other"}
    stand.provision()
    with stand.server() as server:
        assert server.dashboards("clinic-here") == 1
    asked = [request.path for request in fake.requests]
    assert any("folderUIDs=clinic-here" in path for path in asked)
    assert not [path for path in asked if "folderIds" in path or "/id/" in path]


def test_without_the_extra_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['grafana_api'] = None\n"
        "from dermatrace.provision.grafana_adapter import GrafanaServer\n"
        "from dermatrace.errors import UsageError\n"
        "try: GrafanaServer('http://127.0.0.1:1', 'admin', '')\n"
        "except UsageError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert "pip install 'dermatrace[grafana]'" in done.stdout
