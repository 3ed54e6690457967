"""Bars for the market's tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.domain.bars import Bar

START = datetime(2025, 1, 6, 3, 45, tzinfo=UTC)  # a Monday, 09:15 in India


def bar(*prices: float, symbol: str = "INFY", at: datetime = START, volume: int = 100) -> Bar:
    """A bar of open, high, low and close; one price alone is all four."""
    opened, high, low, close = (Decimal(str(price)) for price in (prices if len(prices) == 4 else prices * 4))
    return Bar(symbol, at, opened, high, low, close, volume)


def bars(closes: Sequence[float], spread: float = 1.0, symbol: str = "INFY") -> list[Bar]:
    """A minute's bar for each close, `spread` rupees high, opening where the one before closed."""
    opens = [closes[0], *closes[:-1]]
    return [
        bar(
            opened,
            max(opened, close) + spread / 2,
            min(opened, close) - spread / 2,
            close,
            symbol=symbol,
            at=START + timedelta(minutes=place),
        )
        for place, (opened, close) in enumerate(zip(opens, closes, strict=True))
    ]
