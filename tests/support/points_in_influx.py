"""What stands in a real InfluxDB, in the form of the shelf that stands in for it."""

from typing import Any

from dermatrace.forward.measurements import MEASUREMENTS
from support.influx_org import InfluxOrg
from support.point_shelf import PointKey


def points_in(org: InfluxOrg) -> dict[PointKey, dict[str, Any]]:
    """Return every point of every measurement, with its tags and fields."""
    found: dict[PointKey, dict[str, Any]] = {}
    for one in MEASUREMENTS:
        query = f'SELECT * FROM "{one.bucket}"."{one.name}" GROUP BY *'  # noqa: S608  our own names
        for series in org.query(query):
            tags = tuple(sorted(series.tags.items()))
            for row in series.rows():
                key = PointKey(one.bucket, one.name, tags, row.pop("time"))
                found[key] = {name: value for name, value in row.items() if value is not None}
    return found
