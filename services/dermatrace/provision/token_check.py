"""Is a token still what it should be? Asked of the server, since no server tells a token again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from dermatrace.errors import ServerRefused
from dermatrace.provision.consumers import Consumer
from dermatrace.provision.influx_admin import InfluxServer

_PROBED: Final = "no measurement of this name"


@dataclass(frozen=True, slots=True)
class Place:
    """What a token is for: `buckets` holds (retention policy, name, id)."""

    url: str
    organisation: str
    database: str
    buckets: tuple[tuple[str, str, str], ...]


CheckToken: TypeAlias = Callable[[str, Consumer, Place], str | None]
"""Returns why a token has to be replaced; None if it does what it should and no more."""


def ask_server(token: str, consumer: Consumer, place: Place) -> str | None:
    """Read, and try to write nothing, with a token; return what is wrong with it.

    Raises ServerUnavailable if the server does not answer: then nothing is known, and nothing may
    be replaced.
    """
    with InfluxServer(place.url, token, token_from=consumer.file_name) as server:
        try:
            seen = server.bucket_ids()
        except ServerRefused as error:
            return f"it was refused ({error.status})"
        problem = _reading_problem(server, place) or _writing_problem(server, consumer, place)
    too_many = len(seen - {bucket_id for _, _, bucket_id in place.buckets})
    return problem or (
        f"it sees {too_many} buckets that are none of its business" if too_many else None
    )


def _reading_problem(server: InfluxServer, place: Place) -> str | None:
    for policy, name, bucket_id in place.buckets:
        found = server.find_bucket(place.organisation, name)
        # By id: a bucket deleted and made again is another one, and the old token knows it not.
        if found is None or found.bucket_id != bucket_id:
            return f"it does not see bucket {name}"
        query = f'SELECT * FROM "{policy}"."{_PROBED}" LIMIT 1'  # noqa: S608  names of our own
        problem = server.query_problem(place.database, query)
        if problem is not None:
            return f"it cannot read {place.database}.{policy}: {problem}"
    return None


def _writing_problem(server: InfluxServer, consumer: Consumer, place: Place) -> str | None:
    for _, name, _ in place.buckets:
        may_write = server.may_write(place.organisation, name)
        if may_write and "write" not in consumer.actions:
            return f"it may write into {name}"
        if not may_write and "write" in consumer.actions:
            return f"it may not write into {name}"
    return None
