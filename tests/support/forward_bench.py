"""Forwarding on a bench: a journal, an InfluxDB, and a forwarder that runs until all is there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from dermatrace.clock import Clock, SystemClock
from dermatrace.forward.account import Account
from dermatrace.forward.delivery import Delivery
from dermatrace.forward.forwarder import READ_ENTRIES_MAX, Forwarder
from dermatrace.forward.influx import Influx, InfluxAddress
from dermatrace.forward.measurement import Bucket
from dermatrace.forward.measurements import MEASUREMENTS
from dermatrace.forward.newest import newest_generations
from dermatrace.forward.point_store import PointStore
from dermatrace.forward.rebuild import empty_buckets
from dermatrace.forward.rendering import Renderer
from dermatrace.forward.store import Store
from dermatrace.journal.entry import Entry, Head
from dermatrace.journal.reader import JournalReader
from support.influx_org import RAW_BUCKET, SESSIONS_BUCKET, InfluxOrg

BUCKET_NAMES: dict[Bucket, str] = {"raw": RAW_BUCKET, "sessions": SESSIONS_BUCKET}


def address_of(org: InfluxOrg, folder: Path, token: str | None = None) -> InfluxAddress:
    """Return where forwarding finds an organisation; the token lies in a file."""
    token_file = folder / "token"
    token_file.write_text(f"{token or org.token}\n", encoding="utf-8")
    files = token_file, folder / "distrust"
    return InfluxAddress(org.url, org.name, BUCKET_NAMES, *files, gzip=False)


def influx_of(org: InfluxOrg, folder: Path) -> Influx:
    """Return the product's own door to an organisation."""
    return Influx(address_of(org, folder))


@dataclass
class ForwardBench:
    """Forwards the journal of a folder, as the process does but in this thread."""

    folder: Path
    points: PointStore
    clock: Clock = field(default_factory=SystemClock)
    make_delivery: Callable[..., Delivery] = Delivery
    make_store: Callable[[Path], Store] = Store
    make_renderer: Callable[..., Renderer] = Renderer
    make_forwarder: Callable[..., Forwarder] = Forwarder
    fewest_entries: int = READ_ENTRIES_MAX
    """Entries read at a time."""

    @property
    def forward_file(self) -> Path:
        """Where it remembers."""
        return self.folder / "forward.db"

    def catch_up(self, *, up_to: int | None = None) -> Account:
        """Forward everything on record, or up to an entry; return the account of points."""
        with (
            JournalReader(self.folder / "journal.db") as reader,
            self.make_store(self.forward_file) as store,
            Store(self.forward_file, read_only=True) as reading,
        ):
            head_id = reader.head().entry_id
            target = head_id if up_to is None else min(up_to, head_id)
            place = store.place()
            rebuilt_to = place.rebuilt_to_entry_id
            known = newest_generations(reader, rebuilt_to) if rebuilt_to else None
            renderer = self.make_renderer(reader, reading, known, rebuilt_to)

            def read_after(entry_id: int) -> list[Entry]:
                entries = reader.read_after(entry_id, limit=self.fewest_entries)
                return [entry for entry in entries if entry.entry_id <= target]

            delivery = self.make_delivery(self.points, self.clock, Random(1), lambda _: False)
            delivery.look()
            if place.must_empty:
                empty_buckets(delivery)
                store.note_emptied()
            forwarder = self.make_forwarder(renderer, read_after, delivery, store, self.clock)
            forwarder.run(until=lambda head: head.entry_id >= target)
            return store.account()

    def begin_rebuild(self) -> Head:
        """Forget everything, as a rebuild does."""
        with JournalReader(self.folder / "journal.db") as reader, Store(self.forward_file) as store:
            target = reader.head()
            store.begin_rebuild(target)
        return target


def counts_in(org: InfluxOrg) -> dict[str, int]:
    """Return how many points of each measurement stand in InfluxDB."""
    return {one.name: org.count(one.name, policy=one.bucket) for one in MEASUREMENTS}
