"""What forwarding needs of a place where points go."""

from typing import NamedTuple, Protocol

from dermatrace.forward.measurement import Bucket


class BucketFacts(NamedTuple):
    """What InfluxDB says of one of our buckets."""

    bucket_id: str
    retention_s: int
    """How long points stay; 0 is for good."""


class PointStore(Protocol):
    """Where points go. Implemented by `Influx` and by doubles in tests."""

    def write(self, bucket: Bucket, body: bytes) -> None:
        """Store all these lines.

        Raises PointsRefused if not all of them are taken, InfluxUnavailable if none was looked at.
        """
        ...

    def delete(self, bucket: Bucket, predicate: str, at_ns: int | None = None) -> None:
        """Delete what a predicate fits, of all times or of one. Raises as `write` does."""
        ...

    def facts(self, bucket: Bucket) -> BucketFacts:
        """Return what is to be known of a bucket. Raises InfluxUnavailable."""
        ...
