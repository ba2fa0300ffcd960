"""Filling InfluxDB again from the journal: first what is there must go."""

from dermatrace.forward.delivery import Delivery
from dermatrace.forward.measurements import MEASUREMENTS


def empty_buckets(delivery: Delivery) -> None:
    """Delete every point that follows from the journal; samples of the pipeline stay.

    Raises Stopped if forwarding is told to stop while InfluxDB is away.
    """
    for measurement in MEASUREMENTS:
        if measurement.is_journalled:
            delivery.delete(measurement.bucket, f'_measurement="{measurement.name}"')
