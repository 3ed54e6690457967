from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from dashboard.api.responses.shapes import Listed, Shape, Success


class SignalAccepted(Shape):
    """Committed to the log; the decision follows."""

    status: Success
    signal_id: UUID
    message: str
    event_id: UUID = Field(description="the same")
    accepted: Literal[True]
    processing_status: Literal["queued"]
    correlation_id: UUID = Field(description="finds the whole chain in the event log")
    order_id: UUID | None


class BatchAccepted(Shape):
    status: Success
    accepted: int
    signal_ids: list[UUID] = Field(description="in the order of the request")
    correlation_ids: list[UUID] = Field(description="in the order of the request")


class Order(Shape):
    id: UUID
    user_id: str
    symbol: str
    order_type: str
    side: str
    quantity: int
    price: float | None
    stop_price: float | None
    stop_loss: float | None
    take_profit: float | None
    trailing_stop: float | None = Field(description="rupees behind the position's best price")
    trailing_stop_percent: float | None
    product: str
    validity: str
    status: str
    is_active: bool
    broker_order_id: str | None
    strategy_id: str | None
    signal_id: UUID | None
    correlation_id: UUID
    filled_quantity: int
    remaining_quantity: int
    average_fill_price: float | None
    commission: float = Field(description="all charges so far, in rupees")
    rejected_by: str | None = Field(description="RISK or BROKER")
    error_message: str | None = Field(description="why it was rejected, cancelled or expired")
    sizing: str | None = Field(description="how its quantity came about")
    risk_checks: list[dict[str, Any]] = Field(description="each rule with its limit, value and verdict")
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    filled_at: datetime | None
    waits_until: datetime | None = Field(description="the market is closed: when it opens")
    triggered_at: datetime | None = Field(description="when its stop price traded")


class Orders(Listed):
    status: Success
    orders: list[Order]
    count: int


class OrderAccepted(Shape):
    status: Success
    message: str
    order_id: UUID
    correlation_id: UUID
    order: Order


class Position(Shape):
    id: UUID
    user_id: str
    symbol: str
    sector: str
    side: Literal["LONG", "SHORT", "FLAT"]
    quantity: int = Field(description="shares; negative is short")
    average_price: float
    current_price: float | None
    previous_close: float | None
    priced_at: datetime | None = Field(description="the price's own time")
    received_at: datetime | None = Field(description="when the price reached us")
    price_source: str
    market_value: float = Field(description="rupees; negative is short; at cost where no price is known")
    cost_basis: float
    unrealized_pnl: float
    unrealized_pnl_percent: float = Field(description="of the cost")
    realized_pnl: float = Field(description="before charges")
    charges: float
    gross_pnl: float = Field(description="realised and unrealised, before charges")
    net_pnl: float = Field(description="the same, net of charges")
    total_pnl: float = Field(description="net of charges")
    is_profitable: bool
    stop_loss: float | None
    take_profit: float | None
    trailing_stop: float | None = Field(description="rupees behind the best price since it opened")
    trailing_stop_percent: float | None
    strategy_id: str | None
    product: Literal["CNC", "MIS", "NRML"]
    status: Literal["OPEN", "CLOSED"]
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class Positions(Listed):
    status: Success
    positions: list[Position]
    count: int
