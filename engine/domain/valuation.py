"""What an account's open positions are worth, kept up while they change: each order asks, and there may be many positions."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from engine.domain.positions import ZERO, Position
from engine.domain.quotes import Quotes, sector_of


class Valuation:
    """Rupees of market value at the given quotes: of everything net and gross, and gross by symbol and by sector.

    Sums of Decimals are exact, so adding and taking away cannot drift.
    """

    def __init__(self, positions: Iterable[Position], quotes: Quotes) -> None:
        self.quotes = quotes
        self.net = self.gross = ZERO
        self.by_symbol: dict[str, Decimal] = defaultdict(Decimal)
        self.by_sector: dict[str, Decimal] = defaultdict(Decimal)
        self._values: dict[tuple[str, str], Decimal] = {}
        for position in positions:
            self.take(position)

    def take(self, position: Position) -> None:
        """The position is new, or has changed, or is flat now."""
        key = (position.symbol, position.strategy_id)
        value = value_of(position, self.quotes) if position.quantity else ZERO
        before = self._values.get(key, ZERO)
        self._values[key] = value
        grown = abs(value) - abs(before)
        self.net += value - before
        self.gross += grown
        self.by_symbol[position.symbol] += grown
        self.by_sector[sector_of(position.symbol, self.quotes)] += grown


def value_of(position: Position, quotes: Quotes) -> Decimal:
    """The position's market value, or its cost where no price is known. Signed, in rupees."""
    quote = quotes.get(position.symbol)
    if quote is None or quote.last_price is None:
        return position.cost
    return position.quantity * quote.last_price
