"""What is held, what it cost, and what each fill does to it. Costs are kept exactly; the average price is derived from them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from engine.domain.enums import PositionStatus, Product, Side

CENT_OF_PAISA = Decimal("0.0001")
ZERO = Decimal(0)


def rounded(amount: Decimal) -> Decimal:
    """To the four decimals that the tables keep, half to even."""
    return amount.quantize(CENT_OF_PAISA, ROUND_HALF_EVEN)


@dataclass(slots=True)
class Position:
    """An open holding of one symbol for one strategy. Short when `quantity` is negative; then `cost` is negative too:
    it is what opening the quantity still held took out of the cash account."""

    id: UUID
    symbol: str
    strategy_id: str
    opened_at: datetime
    updated_at: datetime
    quantity: int = 0
    cost: Decimal = ZERO
    realized_pnl: Decimal = ZERO
    charges: Decimal = ZERO
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    closed_at: datetime | None = None
    trailing_stop: Decimal | None = None  # rupees behind the best price since it opened
    trailing_stop_percent: Decimal | None = None
    product: Product = Product.MIS  # of the order that opened it; see venue.one_product

    @property
    def status(self) -> PositionStatus:
        return PositionStatus.OPEN if self.closed_at is None else PositionStatus.CLOSED

    @property
    def average_price(self) -> Decimal:
        """Rupees a share, of the quantity still open; 0 when flat."""
        return rounded(self.cost / self.quantity) if self.quantity else ZERO

    def market_value(self, price: Decimal) -> Decimal:
        return self.quantity * price

    def unrealized_pnl(self, price: Decimal) -> Decimal:
        """Quantity x price - cost: right for long and short alike."""
        return self.quantity * price - self.cost

    def add(self, side: Side, quantity: int, price: Decimal) -> None:
        """Grow in the direction held (or from flat)."""
        self.quantity += side.sign * quantity
        self.cost += side.sign * quantity * price

    def reduce(self, side: Side, quantity: int, price: Decimal) -> Decimal:
        """Shrink by at most what is held; returns the P&L that this books, in rupees, before charges."""
        held = abs(self.quantity)
        share = self.cost if quantity == held else rounded(self.cost * quantity / held)
        realized = -side.sign * quantity * price - share
        self.quantity += side.sign * quantity
        self.cost -= share
        self.realized_pnl += realized
        return realized


def closing_quantity(held: int, side: Side, quantity: int) -> int:
    """How much of an order closes what is held; the rest opens. `held` is signed."""
    return min(abs(held), quantity) if held * side.sign < 0 else 0
