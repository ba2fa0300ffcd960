"""What every document carries, and how strict a document is."""

import json
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from dermatrace_schemas.identifiers import EXTENSION_PATTERN, BootId, Seq, UtcMs
from dermatrace_schemas.limits import EXTENSIONS_MAX_BYTES

ExtensionName = Annotated[str, StringConstraints(pattern=EXTENSION_PATTERN)]


class Closed(BaseModel):
    """A frozen, strict model that knows all its members.

    Strict: a number in quotes is not a number. Closed: an unknown member is a mistake to report,
    since a misspelt optional fact would otherwise vanish without a word.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def _small(extensions: dict[str, JsonValue]) -> dict[str, JsonValue]:
    # allow_nan=False: a JSON value may hold an Infinity that no typed member would let in.
    compact = json.dumps(extensions, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    size_bytes = len(compact.encode())
    if size_bytes > EXTENSIONS_MAX_BYTES:
        raise ValueError(f"extensions take {size_bytes} bytes, at most {EXTENSIONS_MAX_BYTES}")
    return extensions


Extensions = Annotated[dict[ExtensionName, JsonValue], AfterValidator(_small)]


class StreamDocument(Closed):
    """One numbered document of a stream.

    `seq` comes first so that it can still be read from a document whose rest is broken.
    """

    seq: Seq
    """Position in the stream: 0, 1, 2 ... without gaps, assigned once, never reused."""
    kind: str
    """Which document this is."""
    boot_id: BootId
    """The sender's current start; uptimes of one boot can be compared with one another."""
    uptime_ms: Annotated[int, Field(ge=0, le=2**48)]
    """Time since that start, monotonic, when the fact happened (a span: when it began)."""
    wall_time_ms: UtcMs | None
    """The sender's clock in UTC at the same moment; null while the clock is not set."""
    extensions: Extensions | None = None
    """Vendor facts, named `vendor.fact_unit`; recorded, never judged; at most 1 KiB."""


class SeqRange(Closed):
    """Sequence numbers from `first_seq` to `last_seq`, both included."""

    first_seq: Seq
    last_seq: Seq

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.last_seq < self.first_seq:
            raise ValueError(f"last_seq {self.last_seq} is before first_seq {self.first_seq}")
        return self
