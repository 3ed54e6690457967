from typing import Literal
from uuid import UUID

from pydantic import Field

from dashboard.api.responses.shapes import Shape, Success


class Stopped(Shape):
    status: Success
    message: str
    reason: str
    stop_id: UUID
    scope: Literal["global", "account", "strategy", "symbol"]
    name: str = Field(description="the strategy or the symbol; empty for other scopes")
    drill: bool = Field(description="nothing was changed: this is what would happen")
    user_ids: list[str]
    halted_now: list[str] = Field(description="of these, the accounts that were not halted already")
    orders_cancelled: int = Field(description="working orders that the stop cancels")
    strategies_paused: int = Field(description="active strategies that the stop pauses")
    positions_closing: int = Field(description="positions that it closes at the market; 0 without `flatten`")


class Finding(Shape):
    check: str
    passed: bool
    detail: str


class Resumed(Shape):
    status: Literal["success", "confirmation_required", "failed"] = Field(
        description="failed: something must be put right first, and nothing was changed"
    )
    message: str
    user_ids: list[str] = Field(description="accounts that were, or would be, resumed")
    checks: list[Finding] = Field(description="what was looked at; empty once confirmed")
    confirmation: str | None = Field(description="send it back within `expires_in_seconds` to resume")
    expires_in_seconds: int | None
    error_code: str | None
    reason: str | None = Field(description="why it failed")
