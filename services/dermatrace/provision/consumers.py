"""Who gets a token of InfluxDB, and what it may do: as little as its work needs."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Action: TypeAlias = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Consumer:
    """One program that speaks to InfluxDB by itself."""

    name: str
    actions: tuple[Action, ...]

    @property
    def file_name(self) -> str:
        """How its token file is called in the folder of tokens."""
        return f"influxdb-{self.name}.token"

    def description(self, database: str) -> str:
        """Return how its authorization is marked at the server, so that we know it as ours."""
        return f"{database}: {self.name} (dermatrace provision)"


CONSUMERS: Final = (
    # Deleting a generation's points goes with writing; reading, to learn how long points are kept.
    Consumer("forward", ("read", "write")),
    # Whoever may open a dashboard may send anything through Grafana's data source, so: no writing.
    # Reading a bucket includes its InfluxQL mapping; no right to mappings is needed beside it.
    Consumer("grafana", ("read",)),
)
