"""What provisioning needs of a Grafana, asked of our own small one and of a real one alike.

A real one is asked if DERMATRACE_TEST_GRAFANA_URL names it; `make grafana-check` starts one.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

import pytest

from dermatrace.errors import ServerRefused
from dermatrace.provision.grafana_port import VIEW, Entry
from support.fake_grafana import PASSWORD, USER, FakeGrafana
from support.grafana_stand import ADMIN_LEVEL, GrafanaStand

REAL = {
    name: os.environ.get(f"DERMATRACE_TEST_GRAFANA_{name.upper()}", default)
    for name, default in {"url": "", "user": "admin", "password": "admin"}.items()
}
"""Read while the tests are collected: around each of them our variables are hidden."""
FIRST_RUN = {
    "team Clinic staff": "made",
    "team Directors": "made",
    "team Service": "made",
    "folder Clinic": "made",
    "folder Clinic: seen by": "changed",
    "folder Director": "made",
    "folder Director: seen by": "changed",
    "folder Service": "made",
    "folder Service: seen by": "changed",
}


@pytest.fixture(
    params=[
        "fake",
        pytest.param(
            "real",
            marks=pytest.mark.skipif(
                not REAL["url"], reason="DERMATRACE_TEST_GRAFANA_URL names no Grafana"
            ),
        ),
    ]
)
def stand(request: pytest.FixtureRequest) -> Iterator[GrafanaStand]:
    """Return a Grafana without anything of ours."""
    mark = uuid4().hex[:8]
    if request.param == "real":
        real = GrafanaStand(REAL["url"].rstrip("/"), REAL["user"], REAL["password"], mark)
        yield real
        real.remove_everything()
        return
    fake = FakeGrafana()
    with fake.serving():
        yield GrafanaStand(fake.address, USER, PASSWORD, mark)


def test_first_run_makes_everything_and_the_second_changes_nothing(stand: GrafanaStand) -> None:
    assert stand.provision() == FIRST_RUN
    assert stand.provision() == dict.fromkeys(FIRST_RUN, "unchanged")


def test_every_folder_has_its_uid_and_is_seen_by_its_teams_and_by_no_role(
    stand: GrafanaStand,
) -> None:
    stand.provision()
    for folder in stand.folders:
        found = stand.ask("GET", f"/folders/{folder.uid}")
        assert (found["uid"], found["title"]) == (folder.uid, folder.title)
        assert stand.seen_by(folder) == {(team, VIEW) for team in folder.teams}


def test_folder_that_files_made_is_taken_over_as_it_is(stand: GrafanaStand) -> None:
    clinic = stand.folders[0]
    stand.ask("POST", "/folders", {"uid": clinic.uid, "title": clinic.title})
    outcome = stand.provision()
    assert outcome["folder Clinic"] == "unchanged"
    assert outcome["folder Clinic: seen by"] == "changed"
    assert stand.seen_by(clinic) == {(team, VIEW) for team in clinic.teams}


def test_renamed_folder_gets_its_title_back_and_keeps_its_uid(stand: GrafanaStand) -> None:
    stand.provision()
    clinic = stand.folders[0]
    version = stand.ask("GET", f"/folders/{clinic.uid}")["version"]
    title = f"Something else {stand.mark}"
    stand.ask("PUT", f"/folders/{clinic.uid}", {"title": title, "version": version})
    assert stand.provision()["folder Clinic"] == "changed"
    assert stand.ask("GET", f"/folders/{clinic.uid}")["title"] == clinic.title
    assert stand.provision()["folder Clinic"] == "unchanged"


def test_deleted_team_comes_back_with_its_view(stand: GrafanaStand) -> None:
    stand.provision()
    director = stand.folders[1]
    (team,) = director.teams
    stand.ask("DELETE", f"/teams/{stand.team_number(team)}")
    outcome = stand.provision()
    assert (outcome["team Directors"], outcome["team Service"]) == ("made", "unchanged")
    assert outcome["folder Director: seen by"] == "changed"
    assert (team, VIEW) in stand.seen_by(director)
    assert set(stand.provision().values()) == {"unchanged"}


def test_what_was_given_by_hand_to_a_team_stays_and_what_a_role_was_given_goes(
    stand: GrafanaStand,
) -> None:
    stand.provision()
    clinic, director, service = stand.folders
    teams = {name: stand.team_number(name) for name in stand.team_names}
    staff, directors = clinic.teams
    stand.set_items(
        director,
        [
            {"teamId": teams[directors], "permission": 2},
            {"teamId": teams[staff], "permission": VIEW},
            {"role": "Viewer", "permission": VIEW},
        ],
    )
    outcome = stand.provision()
    assert outcome["folder Director: seen by"] == "changed"
    assert stand.seen_by(director) == {(directors, 2), (staff, VIEW)}
    assert stand.seen_by(service) == {(team, VIEW) for team in service.teams}
    assert set(stand.provision().values()) == {"unchanged"}


def test_permission_of_a_single_user_stays(stand: GrafanaStand) -> None:
    stand.provision()
    clinic = stand.folders[0]
    stand.set_items(clinic, [{"userId": 1, "permission": ADMIN_LEVEL}])
    stand.provision()
    with stand.server() as server:
        assert Entry(ADMIN_LEVEL, user=1) in server.entries(clinic.uid)


def test_nothing_is_none(stand: GrafanaStand) -> None:
    with stand.server() as server:
        assert server.folder(f"nowhere-{stand.mark}") is None
        assert server.team(f"nobody {stand.mark}") is None
        assert server.dashboards(f"nowhere-{stand.mark}") == 0


def test_a_second_folder_of_one_uid_and_a_second_team_of_one_name_are_conflicts(
    stand: GrafanaStand,
) -> None:
    stand.provision()
    folder = stand.folders[0]
    with stand.server() as server:
        with pytest.raises(ServerRefused) as refused:
            server.make_folder(folder.uid, f"Another title {stand.mark}")
        assert refused.value.status in {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
        with pytest.raises(ServerRefused) as refused:
            server.make_team(folder.teams[0])
        assert refused.value.status == HTTPStatus.CONFLICT


def test_folder_of_an_older_version_is_not_renamed(stand: GrafanaStand) -> None:
    stand.provision()
    folder = stand.folders[0]
    with stand.server() as server:
        found = server.folder(folder.uid)
        assert found is not None
        server.rename_folder(folder.uid, f"Newer {stand.mark}", found.version)
        with pytest.raises(ServerRefused) as refused:
            server.rename_folder(folder.uid, f"Older {stand.mark}", found.version)
        assert refused.value.status == HTTPStatus.PRECONDITION_FAILED


def test_wrong_password_says_which_setting_holds_it(stand: GrafanaStand) -> None:
    stranger = replace(stand, password="not this one")  # noqa: S106  the point of the test
    with pytest.raises(ServerRefused) as refused:
        stranger.provision()
    assert refused.value.status == HTTPStatus.UNAUTHORIZED
    assert "grafana_password_file" in refused.value.remedy


def test_version_is_told_without_logging_in(stand: GrafanaStand) -> None:
    with replace(stand, password="").server() as server:
        assert int(server.version().partition(".")[0]) >= 12
