"""`dermatrace series`: how far each subject's series has come, and when the next step is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say
from dermatrace.cli.series_page import print_page, print_series
from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.subject_series import SeriesDesk, Subject
from dermatrace.reading.index_file import lag_of, needed_index
from dermatrace.reading.series_facts import Page, page_json, series_json
from dermatrace.settings import load_settings

SUBJECTS_LISTED_MAX: Final = 1_000
"""Subjects of one listing, those treated last first; a note says that there are more."""

OfClinic: TypeAlias = Annotated[str | None, typer.Option("--clinic", help="Of this clinic only.")]

app = typer.Typer(
    no_args_is_help=True, help="Series of treatments: how far they have come, what is due when."
)


@app.command("list")
def list_series(
    clinic: OfClinic = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Of this subject only.")] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List series: what has been given, of how much, and when the next treatment is due.

    One for each series plan on record, and one for each treatment of a subject that no plan speaks
    of. Counted are sessions that have ended, in visits to a zone, by the clinic's calendar.
    """
    with _desk(data) as (desk, lag):
        asked = [s for s in desk.subjects(clinic) if subject in {None, s.subject_id}]
        listed = asked[:SUBJECTS_LISTED_MAX]
        found = [(one, desk.today(who.clinic)) for who in listed for one in desk.series(who)]
    if as_json:
        print_json([series_json(one) for one, _ in found])
    else:
        print_series(found)
    if len(asked) > len(listed):
        say(f"{len(listed):,} of {len(asked):,} subjects: --clinic shows fewer.", aside=True)
    if lag:
        say(lag, aside=True)


@app.command("show")
def show_series(
    named: Annotated[
        str, typer.Argument(metavar="SUBJECT|SERIES", help="Id of a subject, or of a series plan.")
    ],
    clinic: OfClinic = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show a subject's series zone by zone: each visit early, on time or late, and what comes next.

    With every finding about the series, and the photos before and after by what was told of them.
    Of home care, weeks without a session are unknown: a device may have been offline.
    """
    with _desk(data) as (desk, lag):
        subject, series_id = _meant(desk, named, clinic)
        series = [
            one
            for one in desk.series(subject)
            if series_id is None or (one.plan and one.plan.registry_id == series_id)
        ]
        page = Page(
            subject,
            series,
            desk.deviations(subject),
            desk.photos(subject),
            desk.today(subject.clinic),
        )
    if as_json:
        print_json(page_json(page))
    else:
        print_page(page)
    if lag:
        say(lag, aside=True)


@contextmanager
def _desk(data: Path | None) -> Iterator[tuple[SeriesDesk, str]]:
    settings = load_settings(data=data)
    with (
        JournalReader(settings.journal_file) as reader,
        needed_index(settings.index_file, reader) as index,
    ):
        yield SeriesDesk(reader, index, SystemClock().utc_ms()), lag_of(index, reader)


def _meant(desk: SeriesDesk, named: str, clinic: str | None) -> tuple[Subject, str | None]:
    """Return the subject that is meant, and the series if one was named.

    Raises UsageError if there is none, or several clinics have one.
    """
    found = [subject for subject in desk.subjects(clinic) if subject.subject_id == named]
    series_id = None if found else named
    found = found or desk.subjects_of_series(named, clinic)
    clinics = [subject.clinic for subject in found]
    if not clinics:
        raise UsageError(
            f"there is neither a subject nor a series {named} on record"
            + (f" at {clinic}" if clinic else ""),
            remedy="`dermatrace series list` shows them.",
        )
    if len(clinics) > 1:
        raise UsageError(
            f"{named} is on record at {', '.join(clinics)}", remedy="--clinic picks one."
        )
    return found[0], series_id
