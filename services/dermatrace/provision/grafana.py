"""Provisions Grafana: folders, teams, and which team sees which folder. Files do all the rest."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from dermatrace.errors import ServerRefused
from dermatrace.provision.grafana_port import VIEW, Entry, Grafana
from dermatrace.provision.step import Outcome, Step, Steps

_CONFLICTS: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
ATTEMPTS_MAX: Final = 2
"""Attempts at one thing that somebody else changes meanwhile; then the conflict is passed on."""
STAFF, DIRECTORS, SERVICE = "Clinic staff", "Directors", "Service"


@dataclass(frozen=True, slots=True)
class FolderWanted:
    """A folder, by the uid under which files provision dashboards into it, and who sees it."""

    uid: str
    title: str
    teams: tuple[str, ...]


FOLDERS: Final = (
    FolderWanted("clinic", "Clinic", (STAFF, DIRECTORS)),
    FolderWanted("director", "Director", (DIRECTORS,)),
    FolderWanted("service", "Service", (DIRECTORS, SERVICE)),
)


def provision_grafana(server: Grafana, folders: tuple[FolderWanted, ...] = FOLDERS) -> Steps[None]:
    """Make what is missing and correct what is different, telling each step.

    A second run changes nothing. Raises ServerRefused or ServerUnavailable; run again, it goes on
    from where it was.
    """
    names = dict.fromkeys(name for folder in folders for name in folder.teams)
    teams = {}
    for name in names:
        teams[name] = yield from _team(server, name)
    for folder in folders:
        outcome = _again_after_conflict(partial(_settle_folder, server, folder))
        count = server.dashboards(folder.uid)
        yield Step(f"folder {folder.title}", outcome, f"{count} dashboards in it")
        seen_by = {teams[name] for name in folder.teams}
        outcome = _again_after_conflict(partial(_settle_entries, server, folder.uid, seen_by))
        yield Step(f"folder {folder.title}: seen by", outcome, ", ".join(folder.teams))


def _team(server: Grafana, name: str) -> Steps[int]:
    found = server.team(name)
    if found is not None:
        yield Step(f"team {name}", "unchanged")
        return found
    try:
        server.make_team(name)
    except ServerRefused as error:
        # Somebody was quicker; what counts is that it is there.
        if error.status not in _CONFLICTS:
            raise
    made = server.team(name)
    if made is None:
        raise ServerRefused("Grafana", server.url, f"it made team {name}, but does not show it")
    yield Step(f"team {name}", "made")
    return made


def _settle_folder(server: Grafana, wanted: FolderWanted) -> Outcome:
    found = server.folder(wanted.uid)
    if found is None:
        server.make_folder(wanted.uid, wanted.title)
        return "made"
    if found.title == wanted.title:
        return "unchanged"
    server.rename_folder(wanted.uid, wanted.title, found.version)
    return "changed"


def _settle_entries(server: Grafana, uid: str, teams: set[int]) -> Outcome:
    found = server.entries(uid)
    # A new folder is open to every role; as long as it is, what a team may see means nothing. What
    # single users or other teams were given by hand is their administrator's business.
    kept = [entry for entry in found if entry.role is None]
    missing = teams - {entry.team for entry in kept}
    if len(kept) == len(found) and not missing:
        return "unchanged"
    server.set_entries(uid, [*kept, *(Entry(VIEW, team=team) for team in sorted(missing))])
    return "changed"


def _again_after_conflict(settle: Callable[[], Outcome]) -> Outcome:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return settle()
        except ServerRefused as error:
            # It is there since a moment ago, or no longer as it was: look again, then decide.
            if error.status not in _CONFLICTS or attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError  # the last attempt returned or raised
