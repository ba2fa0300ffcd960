"""`dermatrace registry list`, `history`, `show`: what the record says of a clinic."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from dermatrace.cli.options import AsJson, Data
from dermatrace.cli.output import print_json, say, table
from dermatrace.clock import SystemClock
from dermatrace.errors import UsageError
from dermatrace.journal.entry import Entry
from dermatrace.journal.reader import JournalReader
from dermatrace.judge.registry_history import RegistryHistory, Version
from dermatrace.judge.registry_reading import read_history
from dermatrace.reading.registry_rows import version_names, version_row
from dermatrace.reading.registry_standing import AFTER_EVERY_ENTRY, Standing
from dermatrace.reading.registry_text import DIGITS_SHOWN, lines_of_content, moment
from dermatrace.registry.times import utc_ms_of
from dermatrace.settings import load_settings
from dermatrace_schemas.references import RegistryKind
from dermatrace_schemas.registry_models import ClinicContent

Kind: TypeAlias = Annotated[
    RegistryKind, typer.Argument(help="What it is, as in the files.", show_default=False)
]
Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Its id, as in the files.")]
OfClinic: TypeAlias = Annotated[
    str | None, typer.Option("--clinic", help="Of this clinic only. Without it: of every clinic.")
]


def list_things(
    clinic: OfClinic = None,
    kind: Annotated[RegistryKind | None, typer.Option(help="Of this kind only.")] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the newest version of each thing on record, and whether it is in force today.

    Only the newest version of a thing can be: not yet or no longer valid, it leaves nothing of it
    in force. A treatment protocol is in force by an approval of exactly this version, an approval
    by the appointment of the director who gave it.
    """
    now_ms = SystemClock().utc_ms()
    with _record(data) as (_, history):
        clinics = [name for name in history.clinics() if clinic in {None, name}]
        standings = [Standing(history, name, now_ms) for name in clinics]
    if as_json:
        print_json([version_row(s, version) for s in standings for version in s.newest(kind)])
        return
    if not standings:
        say("nothing is on record: `dermatrace registry import` puts it there")
    for standing in standings:
        say(standing.clinic)
        rows = [version_row(standing, version) for version in standing.newest(kind)]
        table(
            ("id", "kind", "version", "in force today", "digest"),
            [
                (
                    row["registry_id"],
                    row["registry_kind"],
                    row["version"],
                    _in_words(row),
                    row["digest"][:DIGITS_SHOWN],
                )
                for row in rows
            ],
        )


def show_history(
    kind: Kind,
    registry_id: Id,
    clinic: OfClinic = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List every version of one thing in the order of record, and what is in conflict with it.

    In conflict is another content that was sent under a version already taken: it is kept, and
    never in force.
    """
    with _record(data) as (reader, history):
        rows = [
            {
                **version_names(version),
                "recorded_ms": _entry(reader, version).received_ms,
                "state": state,
            }
            for name in _holders(history, kind, registry_id, clinic)
            for state, versions in (
                ("on record", history.versions(name, kind, registry_id)),
                ("in conflict", history.conflicts(name, kind, registry_id)),
            )
            for version in versions
        ]
    if as_json:
        print_json(rows)
        return
    table(
        ("clinic", "version", "state", "entry", "recorded", "digest"),
        [
            (
                row["clinic"],
                row["version"],
                row["state"],
                row["entry_id"],
                moment(row["recorded_ms"]),
                row["digest"][:DIGITS_SHOWN],
            )
            for row in rows
        ],
    )


def show_version(
    kind: Kind,
    registry_id: Id,
    version: Annotated[str | None, typer.Option(help="Which one; else the newest.")] = None,
    clinic: OfClinic = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The one that counted then: recorded before and valid at that moment, written"
            " 2026-03-01T09:30:00+01:00, or 2026-03-01 for when the clinic's day begins.",
        ),
    ] = None,
    data: Data = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show one version of one thing as it reads in a file, with its digest and its entry."""
    if version is not None and at is not None:
        raise UsageError("--version and --at both say which version", remedy="Use one of them.")
    with _record(data) as (reader, history):
        names = _holders(history, kind, registry_id, clinic)
        if len(names) > 1:
            raise UsageError(
                f"{kind} {registry_id} is on record at {', '.join(names)}",
                remedy="--clinic picks one.",
            )
        versions = history.versions(names[0], kind, registry_id)
        found = versions[-1] if at is None else _at(reader, history, versions, at)
        if version is not None:
            found = _named(versions, version)
        entry = _entry(reader, found)
        standing = Standing(history, names[0], SystemClock().utc_ms())
    content = found.content.model_dump(mode="json", exclude_unset=True)
    told = version_row(standing, found)
    proof = {"recorded_ms": entry.received_ms, "entry_hash": entry.entry_hash.hex()}
    if as_json:
        print_json({**told, **proof, "content": content})
        return
    say(f"{kind} {registry_id}, version {found.version}, of {found.clinic}")
    say(f"digest {found.digest}")
    say(f"entry {found.entry_id}, recorded {moment(entry.received_ms)}")
    say(f"entry hash {entry.entry_hash.hex()}")
    say(f"in force today: {_in_words(told)}")
    for line in ("", *lines_of_content(content)):
        say(line)


@contextmanager
def _record(data: Path | None) -> Iterator[tuple[JournalReader, RegistryHistory]]:
    with JournalReader(load_settings(data=data).journal_file) as reader:
        yield reader, read_history(reader)


def _holders(
    history: RegistryHistory, kind: RegistryKind, registry_id: str, clinic: str | None
) -> list[str]:
    """Return the clinics that have a thing. Raises UsageError if there is none."""
    asked = [name for name in history.clinics() if clinic in {None, name}]
    found = [name for name in asked if history.versions(name, kind, registry_id)]
    if not found:
        raise UsageError(
            f"no {kind} {registry_id} is on record" + (f" at {clinic}" if clinic else ""),
            remedy="`dermatrace registry list` shows what is.",
        )
    return found


def _named(versions: tuple[Version, ...], version: str) -> Version:
    found = next((known for known in versions if known.version == version), None)
    if found is None:
        known = ", ".join(known.version for known in versions)
        raise UsageError(f"there is no version {version}", remedy=f"On record are: {known}.")
    return found


def _at(
    reader: JournalReader, history: RegistryHistory, versions: tuple[Version, ...], text: str
) -> Version:
    """Return the version recorded before a moment and valid at it. Raises UsageError if none is."""
    thing = versions[0].clinic, versions[0].kind, versions[0].registry_id
    clinics = [v.content for v in history.versions(thing[0], "clinic", thing[0])]
    zones = [content.time_zone for content in clinics if isinstance(content, ClinicContent)]
    try:
        at_ms = utc_ms_of(text, zones[-1] if zones else None)
    except ValueError as error:
        raise UsageError(f"--at: {error}", remedy="Write 2026-03-01T09:30:00+01:00.") from error
    later_ids = (v.entry_id for v in versions if _entry(reader, v).received_ms > at_ms)
    before_id = min(later_ids, default=AFTER_EVERY_ENTRY)
    found = history.in_force(*thing, before_entry_id=before_id, at_ms=at_ms)
    if found is None:
        raise UsageError(
            f"no version of it was on record and valid at {moment(at_ms)}",
            remedy="`dermatrace registry history` shows when each was recorded.",
        )
    return found


def _entry(reader: JournalReader, version: Version) -> Entry:
    entry = reader.entry(version.entry_id)
    assert entry is not None  # noqa: S101  it was read from there, and entries stay
    return entry


def _in_words(row: dict[str, Any]) -> str:
    stands = f"no: {row['why_not']}" if row["why_not"] else "yes"
    count = row["conflict_count"]
    return f"{stands}; {count} in conflict, see `registry history`" if count else stands
