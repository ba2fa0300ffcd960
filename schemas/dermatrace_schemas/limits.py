"""Every number that both ends of the wire rely on, named once.

Changing one of these changes the contract. Numbers that concern one process only live with that
process.
"""

from typing import Final

CONTRACT_VERSION: Final = 1
"""Major version; the second level of every topic."""

SEQ_MAX: Final = 1_048_575
"""Highest sequence number of a stream (2^20 - 1): at one document a second, twelve days."""

DOCUMENT_MAX_BYTES: Final = 16 * 1024
"""Largest document of any class but `registry`; a larger one is rejected as `too_large`."""

REGISTRY_DOCUMENT_MAX_BYTES: Final = 256 * 1024
"""Largest `registry` document; protocols and device models are long."""

EXTENSIONS_MAX_BYTES: Final = 1024
"""Largest `extensions` member, as compact JSON in UTF-8."""

INTEGER_MAGNITUDE_MAX: Final = 2**53
"""Beyond this a JSON number no longer survives a reader that holds it as a double."""

WINDOWS_PER_DOCUMENT_MAX: Final = 20
"""Windows in one `needling.windows`; 20 windows of 200 ms are the 4 s allowed when offline."""

RANGES_PER_RECEIPT_MAX: Final = 16
"""Ranges listed under `missing` and under `rejected`; `more` says that some were left out."""

STREAMS_PER_OUTBOX_MAX: Final = 32
"""Streams in one `outbox` document; a sender with more sends several documents."""

RANGES_PER_OUTBOX_STREAM_MAX: Final = 64
"""Declared losses listed for one stream; the rest follow once these are settled."""

MISSING_AFTER_MS: Final = 2_000
"""A sequence number is called missing when a later one has been known for this long."""

RECEIPTS_MAX_PER_SECOND: Final = 5
"""Receipts of one stream; arrivals in between share the next one."""

IN_FLIGHT_MAX: Final = 200
"""Documents a sender has published and the broker has not yet acknowledged."""

RECEIPT_SILENCE_MS: Final = 10_000
"""Unsettled documents and no receipt for this long: the sender sends `outbox`."""

RECEIPT_SILENCE_MAX_MS: Final = 300_000
"""The wait doubles with every unanswered `outbox` up to this."""

REFUSED_WAIT_MS: Final = 60_000
"""Shortest wait after the broker answered with anything but success."""

DISCONNECTS_PER_DOCUMENT_MAX: Final = 3
"""Connections lost on one and the same document before it is declared lost as `too_large`."""

ALIVE_INTERVAL_MS: Final = 5_000
"""A running or paused session sends at least one document in this time."""
