"""Is InfluxDB up to the record, and is every point accounted for? With what to do about it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Final

from dermatrace.errors import (
    InfluxUnavailable,
    JournalForked,
    ServerUnavailable,
    StorageError,
    WrongFile,
)
from dermatrace.forward.account import Account
from dermatrace.forward.influx import Influx, InfluxAddress
from dermatrace.forward.measurement import BUCKETS
from dermatrace.forward.outstanding import COUNTED_ENTRIES_MAX, outstanding
from dermatrace.forward.store import Place, Store
from dermatrace.health import ask_health
from dermatrace.journal.reader import JournalReader
from dermatrace.reading.looked_at import Finding
from dermatrace.settings import Settings

LAG_ENTRIES_MAX: Final = 2_000
"""Forwarding further behind the journal than this is not keeping up, or not running."""
ANSWER_MAX_S: Final = 5.0
"""Longest wait for InfluxDB to say which buckets it has; then that is left out here."""
WORDS_CHARACTERS_MAX: Final = 200
"""As much of the server's words as fits a table; `forward quarantine` shows all."""
START: Final = "Start it (`dermatrace up` or `dermatrace forward`); its log says why it ended."
REBUILD: Final = "Stop forwarding, run `dermatrace forward rebuild`, and start it again."


def look_at_forward(
    settings: Settings, *, entries_max: int = COUNTED_ENTRIES_MAX
) -> Iterator[Finding]:
    """Yield how forwarding stands; nothing at all where there is nothing to forward to.

    Of what is not forwarded yet at most `entries_max` entries are counted.
    """
    if not settings.forward_file.exists():
        if settings.forwards:
            yield Finding("forwarding", ok=False, found="nothing has been forwarded", remedy=START)
        return
    yield _process(settings.forward_page)
    try:
        with (
            JournalReader(settings.journal_file) as reader,
            Store(settings.forward_file, read_only=True) as store,
        ):
            yield from _standing(reader, store, entries_max)
            yield from _buckets(settings, store.place())
    except (WrongFile, StorageError) as error:
        what = settings.forward_file.name
        yield Finding(what, ok=False, found=str(error.args[0]), remedy=error.remedy)


def _process(page: str) -> Finding:
    try:
        state = ask_health(page)
    except ServerUnavailable:
        found = f"nobody answers at {page}/healthz"
        return Finding("forwarding", ok=False, found=found, remedy=START)
    if state.problems:
        found, _, remedy = state.problems[0].partition("\n")
        return Finding("forwarding", ok=False, found=found, remedy=remedy)
    found = "runs, and InfluxDB takes points" if state.connected else "runs, and asks for InfluxDB"
    return Finding("forwarding", ok=True, found=found)


def _standing(reader: JournalReader, store: Store, entries_max: int) -> Iterator[Finding]:
    with store.snapshot():
        place, account = store.place(), store.account()
        refused = next(store.quarantined(), None)
    try:
        reader.follow_from(place.head)
    except JournalForked as error:
        yield Finding("forwarded", ok=False, found=str(error.args[0]), remedy=REBUILD)
        return
    at, head = place.head.entry_id, reader.head().entry_id
    is_near = head - at <= LAG_ENTRIES_MAX
    found = f"InfluxDB has all up to entry {at:,} of {head:,}"
    remedy = "" if is_near else "While it runs it catches up by itself; else see the lines above."
    yield Finding("forwarded", ok=is_near, found=found, remedy=remedy)
    yield _account("account of points", account)
    rest = outstanding(reader, at, entries_max=entries_max)
    whole = replace(
        account,
        journalled_count=account.journalled_count + rest.point_count,
        pending_count=account.pending_count + rest.point_count,
    )
    yield _account("account to the head", whole, "" if rest.is_all else "at least ")
    if refused is not None:
        words = refused.words[:WORDS_CHARACTERS_MAX]
        found = f"{account.quarantined_count:,}; the first, of entry {refused.entry_id:,}: {words}"
        remedy = "`dermatrace forward quarantine` lists them. They are in the record; once the"
        remedy += " cause is gone, `dermatrace forward rebuild` offers them again."
        yield Finding("refused points", ok=False, found=found, remedy=remedy)


def _account(what: str, account: Account, how_exact: str = "") -> Finding:
    ok = account.difference_count == 0
    remedy = "" if ok else f"Please report this. {REBUILD}"
    return Finding(what, ok=ok, found=f"{how_exact}{account}", remedy=remedy)


def _buckets(settings: Settings, place: Place) -> Iterator[Finding]:
    """Say so if a bucket is not the one that was filled; whether there is one, others look."""
    with closing(Influx(InfluxAddress.of(settings), answer_max_s=ANSWER_MAX_S)) as influx:
        for bucket in BUCKETS:
            try:
                found = influx.facts(bucket).bucket_id
            except InfluxUnavailable:
                return
            if place.bucket_ids.get(bucket, found) != found:
                told = "was deleted and made again: what it held until then is missing"
                yield Finding(f"filled bucket {bucket}", ok=False, found=told, remedy=REBUILD)
