"""How many shares a signal becomes, and why, in words."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from engine.domain.amounts import money
from engine.domain.enums import SignalType
from engine.domain.positions import closing_quantity
from engine.domain.sizing_models import Prospect, Share, SizingModel, halve_if_unusual, share_of

DEFAULT_FRACTION = Decimal("0.02")  # of equity, as the old signals' own default
STRONG_FACTOR = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Size:
    """Shares, and the sentence that explains them. 0 shares: the signal cannot be traded."""

    quantity: int
    reason: str


def size_of(
    *,
    signal_type: SignalType,
    position_size: Decimal | None,
    held: int,
    equity: Decimal,
    price: Decimal,
    lot_size: int,
    model: SizingModel | None = None,
    prospect: Prospect | None = None,
) -> Size:
    """The quantity for a signal.

    A `position_size` from 1 on is a number of shares, below 1 a fraction of equity. Without one, a signal against an open
    position closes it, and any other puts into the symbol what the account's model says of the prospect, without a model 2 % of
    equity (3 % when strong); either is halved while the share is unusually volatile. Whole lots, rounded down.
    """
    side = signal_type.side
    if side is None:
        return Size(0, "HOLD asks for no order")
    if position_size is not None and position_size >= 1:
        quantity = _lots(position_size, lot_size)
        return Size(quantity, f"{quantity} shares as the signal asks" if quantity else "the size asked for is below one lot")
    if position_size is None and (closing := closing_quantity(held, side, abs(held))):
        return Size(closing, f"closes the open position of {held} shares")
    share = Share(position_size) if position_size is not None else _share(signal_type, model, prospect)
    quantity = _lots(equity * share.fraction / price, lot_size)
    words = f"{share.fraction * 100:.2f} % of equity {money(equity)} at {money(price)}"
    if share.reasons:
        words = f"{words} ({'; '.join(share.reasons)})"
    return Size(quantity, f"{quantity} shares: {words}" if quantity else f"{words} is below one lot")


def _share(signal_type: SignalType, model: SizingModel | None, prospect: Prospect | None) -> Share:
    if model and prospect:
        return share_of(model, prospect)
    share = Share(_default_fraction(signal_type))
    if prospect:
        halve_if_unusual(share, prospect)
    return share


def _default_fraction(signal_type: SignalType) -> Decimal:
    return DEFAULT_FRACTION * (STRONG_FACTOR if signal_type.is_strong else 1)


def _lots(shares: Decimal, lot_size: int) -> int:
    """Whole lots; none for an account whose equity is negative."""
    return 0 if shares <= 0 else int((shares / lot_size).to_integral_value(ROUND_DOWN)) * lot_size
