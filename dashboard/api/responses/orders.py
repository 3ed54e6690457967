from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from dashboard.api.responses.shapes import Shape, Success
from dashboard.api.responses.trading import Order

SuccessOrFailed = Literal["success", "failed"]


class Execution(Shape):
    id: UUID
    order_id: UUID
    user_id: str
    symbol: str
    side: Literal["BUY", "SELL"]
    quantity: int = Field(description="shares")
    price: float = Field(description="rupees a share")
    total_value: float = Field(description="rupees")
    commission: float = Field(description="all charges of this fill, in rupees")
    charges: dict[str, float] = Field(description="each charge by name, in rupees")
    realized_pnl: float = Field(description="booked by this fill, before charges, in rupees")
    net_pnl: float = Field(description="the same, less this fill's charges")
    strategy_id: str | None
    broker_execution_id: str | None
    executed_at: datetime


class RetryInfo(Shape):
    count: int = Field(description="how often the order was sent once more, while nothing of it reached the broker")
    last_attempt: datetime | None = Field(description="when it was sent last (UTC)")
    next_attempt: datetime | None = Field(description="when it is sent again (UTC); null: it is not")


class OrderState(Shape):
    order: Order
    executions: list[Execution] = Field(description="newest first")
    is_active: bool
    remaining_quantity: int = Field(description="shares")
    retry_info: RetryInfo | None = Field(default=None, description="there only where an order was sent more than once")


class OrderStatus(Shape):
    status: Success
    order_status: OrderState


class OrderCancelled(Shape):
    """`success`: the engine was told, and cancels what is not filled by then."""

    status: SuccessOrFailed
    order_id: str
    message: str
    error_code: str | None = Field(description="of a failure: ORDER_NOT_FOUND, ORDER_NOT_WORKING")
    reason: str | None = Field(description="of a failure, in words")


class OrdersCancelled(Shape):
    status: Success
    message: str
    order_ids: list[UUID]
    count: int


class OrderModifying(Shape):
    """The wish is committed. The risk rules decide: `order_modified` or `order_modify_refused` follows in the chain."""

    status: Success
    message: str
    order_id: UUID
    correlation_id: UUID
    event_id: UUID = Field(description="the wish; what follows from it has this as its causation_id")
    order: Order = Field(description="as it stands at this moment")


class PositionExit(Shape):
    position_id: UUID
    symbol: str
    strategy_id: str | None
    order_id: UUID = Field(description="the order that closes it; there is none when it is flat, or closed already, by then")
    correlation_id: UUID


class PositionClosing(Shape):
    status: SuccessOrFailed
    user_id: str
    symbol: str
    message: str
    exits: list[PositionExit]
    error_code: str | None = Field(description="of a failure: NO_POSITION")
    reason: str | None = Field(description="of a failure, in words")


class PositionsClosing(Shape):
    status: Success
    user_id: str
    message: str
    exits: list[PositionExit]
    count: int
