"""One session on one page: its certificate, and how it was judged."""

from collections.abc import Iterator
from typing import Final

from dermatrace.cli.certificate_page import print_certificate
from dermatrace.cli.output import say, table
from dermatrace.judge.spot import Spot
from dermatrace.judge.verdict_reading import Generation, ToldFinding
from dermatrace.reading.index_file import HOW_TO_GET_IT
from dermatrace.reading.judgement_text import NOT_YET, UNKNOWN, adherence_words, share
from dermatrace.reading.registry_text import DIGITS_SHOWN
from dermatrace.reading.session_facts import Page, generation_json, open_gates_of, pins_of
from dermatrace.reading.session_list import consent_words
from dermatrace_schemas.verdict import Totals

_ZONE_COLUMNS: Final = (
    "zone",
    "adherence",
    "data coverage",
    "delivered",
    "depth, mm:\nmedian, high, max",
)


def print_page(page: Page) -> None:
    """Write the certificate, then the judgement in sections."""
    print_certificate(page.certificate, page.stream)
    say("")
    newest, found = page.newest, page.found
    if not page.is_judged:
        say(f"not judged: {_why_not_judged(page)}")
        return
    _print_generations(page)
    if newest is not None:
        _print_findings(page, newest)
    _print_zones(page)
    say(f"\nopen gates: {', '.join(open_gates_of(page) or ()) or 'none'}")
    if found is not None:
        say(f"consent before the first contact: {consent_words(found)}")
    for note in _notes(page):
        say(note)


def _why_not_judged(page: Page) -> str:
    if page.certificate.erased_by is not None:
        return "the session was erased, and what was found in it with it"
    if not page.has_index:
        return f"there is no index.db. {HOW_TO_GET_IT}"
    return "the judge has not come to it"


def _print_generations(page: Page) -> None:
    table(
        ("judgement", "cause", "protocol", "digest", "outcome", "as of entry"),
        [
            (
                f"generation {told['generation']}",
                (told["cause"] or UNKNOWN).replace("_", " "),
                _protocol_words(generation),
                generation.protocol.digest[:DIGITS_SHOWN] if generation.protocol else "",
                told["outcome"] or NOT_YET,
                told["as_of_entry_id"] or UNKNOWN,
            )
            for generation in page.generations
            for told in [generation_json(generation)]
        ],
    )
    pins = pins_of(page.newest)
    if pins:
        say(f"\ngeneration {page.generations[-1].number} rests on")
        table(
            ("", "", "version", "digest"),
            [
                (p.registry_kind.replace("_", " "), p.registry_id, p.version, _short(p.digest))
                for p in pins
            ],
        )


def _print_findings(page: Page, newest: Generation) -> None:
    if not newest.findings:
        say("\nfindings: none")
        return
    say(f"\nfindings; the name of each is {page.stream.key.stream_id}/NUMBER")
    table(
        ("number", "priority", "rule", "", "what was found"),
        [
            (
                told.number,
                told.finding.priority,
                told.finding.rule,
                ", ".join(_marks(page, told)),
                told.finding.sentence,
            )
            for told in newest.findings
        ],
    )


def _print_zones(page: Page) -> None:
    rows = list(_zone_rows(page))
    if rows:
        say("")
        table(_ZONE_COLUMNS, rows, whole_count=2)


def _zone_rows(page: Page) -> Iterator[tuple[str, ...]]:
    """Yield what the verdict says of session and zones; while there is none, the zones so far."""
    newest = page.newest
    summaries = [] if newest is None else newest.summaries
    for summary in summaries:
        name = "whole session"
        if summary.scope != "session":
            name = Spot(summary.zone, summary.laterality).name
        adherence = adherence_words(summary.adherence.fraction, summary.adherence.why_not)
        yield name, adherence, share(summary.data_coverage_fraction), *_numbers(summary.totals)
    for zone in () if summaries else page.zones:
        yield zone.spot.name, NOT_YET, NOT_YET, *_numbers(zone.totals)


def _numbers(totals: Totals) -> tuple[str, str]:
    depths_mm = (
        totals.depth_measured_median_mm,
        totals.depth_measured_high_mm,
        totals.depth_measured_max_mm,
    )
    measured = "not measured"
    if depths_mm != (None, None, None):
        measured = ", ".join("-" if mm is None else f"{mm:g}" for mm in depths_mm)
    return ", ".join(_delivered(totals)) or "nothing", measured


def _delivered(totals: Totals) -> Iterator[str]:
    counts = (
        (totals.contact_stroke_count, "contact stroke"),
        (totals.treatment_shot_count, "shot"),
        (totals.test_shot_count, "test shot"),
    )
    yield from (f"{count:,} {what}{'' if count == 1 else 's'}" for count, what in counts if count)
    if totals.energy_delivered_mj is not None:
        yield f"{totals.energy_delivered_mj:,.0f} mJ"


def _marks(page: Page, told: ToldFinding) -> Iterator[str]:
    standing = page.standings.get(told.number) if page.is_current else None
    if told.cleared is not None:
        yield "cleared"
    if standing is not None and standing.justified:
        yield "justified"


def _notes(page: Page) -> Iterator[str]:
    newest, found = page.newest, page.found
    if found is None and not page.has_index:
        yield f"Whether findings were justified is not known: there is no index.db. {HOW_TO_GET_IT}"
    elif found is None:
        yield "The judge's index does not have this session yet."
    elif newest is None or newest.number != found.generation:
        yield (
            f"The judge is at generation {found.generation}, which is not on record yet: its"
            " verdict waits to be sent."
        )


def _protocol_words(generation: Generation) -> str:
    pin = generation.protocol
    if generation.opened is None:
        return UNKNOWN
    return "none" if pin is None else f"{pin.registry_id}@{pin.version}"


def _short(digest: str) -> str:
    return digest[:DIGITS_SHOWN]
