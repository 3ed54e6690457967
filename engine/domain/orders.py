"""An order and its life cycle: one table of (state, trigger) -> state, and nothing else moves a status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.domain.brokers import BrokerName
from engine.domain.enums import OrderStatus, OrderType, Product, RejectedBy, Side, Validity
from engine.domain.positions import closing_quantity


class Trigger(StrEnum):
    SUBMIT = "submit"
    PART_FILL = "part_fill"
    FILL = "fill"
    CANCEL = "cancel"
    REJECT = "reject"
    EXPIRE = "expire"
    LOSE = "lose"  # the broker did not say what became of it


LIFE_CYCLE: dict[tuple[OrderStatus, Trigger], OrderStatus] = {
    (OrderStatus.PENDING, Trigger.SUBMIT): OrderStatus.SUBMITTED,
    (OrderStatus.PENDING, Trigger.CANCEL): OrderStatus.CANCELLED,
    (OrderStatus.PENDING, Trigger.REJECT): OrderStatus.REJECTED,
    (OrderStatus.PENDING, Trigger.EXPIRE): OrderStatus.EXPIRED,
    (OrderStatus.PENDING, Trigger.LOSE): OrderStatus.UNKNOWN,
    (OrderStatus.SUBMITTED, Trigger.PART_FILL): OrderStatus.PARTIALLY_FILLED,
    (OrderStatus.SUBMITTED, Trigger.FILL): OrderStatus.FILLED,
    (OrderStatus.SUBMITTED, Trigger.CANCEL): OrderStatus.CANCELLED,
    (OrderStatus.SUBMITTED, Trigger.REJECT): OrderStatus.REJECTED,
    (OrderStatus.SUBMITTED, Trigger.EXPIRE): OrderStatus.EXPIRED,
    (OrderStatus.SUBMITTED, Trigger.LOSE): OrderStatus.UNKNOWN,
    (OrderStatus.PARTIALLY_FILLED, Trigger.PART_FILL): OrderStatus.PARTIALLY_FILLED,
    (OrderStatus.PARTIALLY_FILLED, Trigger.FILL): OrderStatus.FILLED,
    (OrderStatus.PARTIALLY_FILLED, Trigger.CANCEL): OrderStatus.CANCELLED,
    (OrderStatus.PARTIALLY_FILLED, Trigger.EXPIRE): OrderStatus.EXPIRED,
    (OrderStatus.UNKNOWN, Trigger.SUBMIT): OrderStatus.SUBMITTED,
    (OrderStatus.UNKNOWN, Trigger.PART_FILL): OrderStatus.PARTIALLY_FILLED,
    (OrderStatus.UNKNOWN, Trigger.FILL): OrderStatus.FILLED,
    (OrderStatus.UNKNOWN, Trigger.CANCEL): OrderStatus.CANCELLED,
    (OrderStatus.UNKNOWN, Trigger.REJECT): OrderStatus.REJECTED,
}
TERMINAL = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED, OrderStatus.EXPIRED})
WORKING = frozenset(OrderStatus) - TERMINAL
RESTING = frozenset({OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED})  # in the market, waiting for a price
STOPS = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LIMIT})
MODIFIABLE = ("quantity", "price", "stop_price", "stop_loss", "take_profit", "trailing_stop", "trailing_stop_percent")


class LifeCycleError(Exception):
    """The order cannot go there from where it stands."""


class OverfillError(Exception):
    """The fill is larger than what is left of the order."""


@dataclass(slots=True)
class Order:
    """An order in a book. Quantities in shares, prices and charges in rupees."""

    id: UUID
    symbol: str
    side: Side
    order_type: OrderType
    quantity: int
    correlation_id: UUID
    created_at: datetime
    price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    product: Product = Product.MIS
    validity: Validity = Validity.DAY
    strategy_id: str = ""
    signal_id: UUID | None = None
    sizing: str = ""
    status: OrderStatus = OrderStatus.PENDING
    rejected_by: RejectedBy | None = None
    reason: str = ""
    risk_checks: list[dict[str, Any]] = field(default_factory=list)
    filled_quantity: int = 0
    filled_notional: Decimal = Decimal(0)
    charges: Decimal = Decimal(0)
    broker_order_id: str = ""
    trailing_stop: Decimal | None = None  # rupees behind the best price; of the position that it opens
    trailing_stop_percent: Decimal | None = None
    waits_until: datetime | None = None  # the market is closed: when it opens
    triggered_at: datetime | None = None  # its stop price has traded: from then on it is a market or a limit order
    updated_at: datetime | None = None  # moved last; set with `created_at` at first
    submitted_at: datetime | None = None
    filled_at: datetime | None = None
    broker: BrokerName = BrokerName.PAPER  # given when it is submitted
    leave: Mapping[str, Any] | None = None  # the order that is to close the position once this one, at the broker, has ended

    @property
    def is_working(self) -> bool:
        return self.status in WORKING

    @property
    def is_on_paper(self) -> bool:
        """Matched, cancelled and expired by us; else the broker does all three, and we ask it to."""
        return self.broker is BrokerName.PAPER

    @property
    def remaining(self) -> int:
        return self.quantity - self.filled_quantity

    @property
    def waits_for_stop(self) -> bool:
        return self.order_type in STOPS and self.triggered_at is None

    @property
    def average_fill_price(self) -> Decimal | None:
        return self.filled_notional / self.filled_quantity if self.filled_quantity else None

    def exits_from(self, held: int) -> bool:
        """Whether what is left of it only makes a position of so many shares (below zero: sold short) smaller."""
        return closing_quantity(held, self.side, self.remaining) == self.remaining

    def move(self, trigger: Trigger, at: datetime) -> None:
        """Go where the life cycle leads. Raises LifeCycleError where it leads nowhere."""
        try:
            self.status = LIFE_CYCLE[self.status, trigger]
        except KeyError:
            raise LifeCycleError(f"order {self.id} is {self.status}: cannot {trigger}") from None
        self.updated_at = at

    def resize(self, quantity: int, at: datetime) -> None:
        """Be of so many shares, never fewer than are filled. One that has nothing left to fill is filled."""
        self.quantity, self.updated_at = max(quantity, self.filled_quantity), at
        if not self.remaining:
            self.move(Trigger.FILL, at)
            self.filled_at = at

    def fill(self, quantity: int, price: Decimal, charges: Decimal, at: datetime) -> None:
        """Book a fill. Raises OverfillError when it is more than what is left."""
        if quantity > self.remaining:
            raise OverfillError(f"order {self.id} has {self.remaining} left: cannot fill {quantity}")
        self.move(Trigger.FILL if quantity == self.remaining else Trigger.PART_FILL, at)
        self.filled_quantity += quantity
        self.filled_notional += price * quantity
        self.charges += charges
        if self.status is OrderStatus.FILLED:
            self.filled_at = at
