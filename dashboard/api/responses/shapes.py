from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Success = Literal["success"]


def _open(schema: dict[str, Any]) -> None:
    """Clients must bear new keys: only our own tests may not."""
    schema.pop("additionalProperties", None)


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_open)


class Listed(Shape):
    """A page of a list."""

    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last one")
