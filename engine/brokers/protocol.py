"""What every broker can do for us, and what may come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from engine.domain.brokers import ReportStatus


@dataclass(frozen=True, slots=True)
class Report:
    """What the broker says of one order. Prices in rupees."""

    tag: str
    broker_order_id: str
    status: ReportStatus
    quantity: int
    filled_quantity: int
    average_price: Decimal
    price: Decimal
    stop_price: Decimal
    message: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker took it."""

    broker_order_id: str
    http_status: int
    message: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The broker answered that it would not do it."""

    reason: str
    http_status: int
    message: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """It is known that nothing reached the broker: it may be sent again."""

    message: str
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have reached the broker, or not: only asking tells. It is never sent again."""

    message: str
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """All orders of the broker's day."""

    reports: Sequence[Report]
    http_status: int
    message: str

    def tagged(self, tag: str) -> Report | None:
        """The order with our tag, where the broker has it."""
        return next((report for report in self.reports if report.tag == tag), None)


Failure = NotReached | Unknown | Rejected
Outcome = Accepted | Failure
Answer = Orders | Failure


class Broker(Protocol):
    """Nothing here raises for what the broker or the network does: it is an outcome."""

    async def place(self, tag: str, terms: Mapping[str, Any]) -> Outcome: ...

    async def modify(self, broker_order_id: str, terms: Mapping[str, Any]) -> Outcome: ...

    async def cancel(self, broker_order_id: str) -> Outcome: ...

    async def ask(self) -> Answer:
        """For all orders of the day: a broker lists them all, with our tags."""
        ...
