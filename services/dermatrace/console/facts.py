"""The base of everything that the console tells as JSON."""

from pydantic import BaseModel, ConfigDict


class Facts(BaseModel):
    """Named values; what stands under a name is its description in the OpenAPI document."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
