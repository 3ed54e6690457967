from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Success = Literal["success"]


def _open(schema: dict[str, Any]) -> None:
    """Clients must bear new keys: only our own tests may not."""
    schema.pop("additionalProperties", None)


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra=_open)
