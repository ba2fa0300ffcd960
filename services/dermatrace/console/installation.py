"""One console: where its record lies, who may come in, at what address people find it."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from dermatrace.clock import Clock
from dermatrace.console.audit import Audit
from dermatrace.console.floor import Floor
from dermatrace.console.people import People
from dermatrace.console.photos import PhotoStore
from dermatrace.console.records import Records
from dermatrace.console.store import Store
from dermatrace.console.telling import Telling
from dermatrace.settings import Settings

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def address_of(settings: Settings, port: int | None = None) -> str:
    """Return where people find a console: by the settings, or at the port it has taken."""
    if settings.console_url is not None:
        return settings.console_url.rstrip("/")
    scheme = "http" if settings.console_tls_certificate_file is None else "https"
    host = settings.console_host
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}:{settings.console_port if port is None else port}"


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything the pages are made from."""

    settings: Settings
    url: str
    """Where people find it, without a slash at the end."""
    clock: Clock
    store: Store
    people: People
    audit: Audit
    records: Records
    floor: Floor
    telling: Telling

    @classmethod
    def open(cls, settings: Settings, url: str, clock: Clock) -> Self:
        """Open the console's own file to serve it.

        Raises AlreadyRunning, WrongFile, StorageError.
        """
        with ExitStack() as if_it_fails:
            store = Store(settings.console_file, serve=True)
            if_it_fails.callback(store.close)
            records = Records(settings.journal_file, settings.index_file)
            people, audit = People(store, clock), Audit(store, clock)
            floor = Floor(records, clock)
            telling = Telling(settings, store, clock)
            if_it_fails.callback(telling.close)
            made = cls(settings, url, clock, store, people, audit, records, floor, telling)
            if_it_fails.pop_all()
            return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything that goes on beside the pages, and release the file."""
        self.floor.close()
        self.telling.close()
        self.store.close()

    @property
    def is_encrypted(self) -> bool:
        """Whether browsers speak to it over TLS; cookies then travel no other way."""
        return self.url.startswith("https:")

    @property
    def cookie(self) -> str:
        """The name of the cookie, another one for each console of a machine.

        Browsers keep cookies by host, not by port: under one name, two consoles on one machine
        would sign each other's visitors out.
        """
        parts = urlsplit(self.url)
        name = f"dermatrace-{parts.port or parts.scheme}"
        return f"__Host-{name}" if self.is_encrypted else name

    @property
    def hosts(self) -> frozenset[str]:
        """What a request may call this machine.

        Another name means that a page elsewhere made its own name point here.
        """
        return LOOPBACK | {urlsplit(self.url).hostname or ""}

    @property
    def photos(self) -> PhotoStore:
        """The images of every clinic."""
        sender = self.settings.console_sender
        return PhotoStore(self.photo_folder, self.store, self.clock, sender)

    @property
    def photo_folder(self) -> Path:
        """Where pictures lie; they are no part of the record."""
        return self.settings.data / "photos"
