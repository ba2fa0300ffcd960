"""The report of one session: two printed pages in one file that needs nothing else."""

from typing import Final

from dermatrace.console.clinic_time import known_zone, local_clock
from dermatrace.console.rendering import render
from dermatrace.console.report_plots import SHAPES, plots_of
from dermatrace.console.session_lookup import Looked, budget_words, zone_maps
from dermatrace.console.svg_paths import WIDTH
from dermatrace.journal.reader import JournalReader
from dermatrace.reading.session_review import Review

ZONES_PRINTED_MAX: Final = 11
"""Zones in the table; of the others it says how many there are."""
LINES_PRINTED_MAX: Final = 24
"""Lines below the plots, for what people have told and for findings, the highest priority first."""
FACTS_PRINTED_MAX: Final = 8
"""Lines of what people have told; findings have what is left."""
SENTENCE_CHARACTERS_MAX: Final = 88
"""On one line; a longer sentence takes two, and ends there."""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""For whoever serves it: no script, nothing from elsewhere."""


def report_html(looked: Looked, journal: JournalReader, now_ms: int) -> str:
    """Return the report as one page of HTML; a browser prints it on two sheets, A4 or Letter."""
    review = looked.review
    is_erased = review.identity.state == "erased"
    context = looked.reading.context
    clinic = None if context is None else context.clinic
    zone = known_zone(None if clinic is None else clinic.time_zone)
    priorities = {finding.number: finding.priority for finding in review.findings}
    return render(
        "report.html",
        {
            "facts": review,
            "maps": zone_maps(review),
            "budget_words": budget_words,
            "plots": [] if is_erased else plots_of(looked.trace(journal), priorities),
            "plot_width": WIDTH,
            "shapes": SHAPES,
            "head": journal.head(),
            "journal_id": journal.journal_id,
            "now_ms": now_ms,
            "zone": zone,
            "local": local_clock(zone),
            "zones_max": ZONES_PRINTED_MAX,
            "findings_max": _fitting(review),
            "facts_max": FACTS_PRINTED_MAX,
        },
    )


def _fitting(review: Review) -> int:
    """Return how many findings there is room for, with one line to say that there are more."""
    room = LINES_PRINTED_MAX - min(len(review.chart), FACTS_PRINTED_MAX + 1) - 1
    for place, one in enumerate(review.findings):
        room -= 1 + (len(one.sentence) > SENTENCE_CHARACTERS_MAX) + bool(one.reasons)
        if room < 0:
            return place
    return len(review.findings)
