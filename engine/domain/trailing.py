"""A stop that follows the price: it moves with the best price since the position opened, and never back."""

from decimal import Decimal

from engine.domain.positions import rounded


def best_of(sign: int, best: Decimal, price: Decimal) -> Decimal:
    """The better of two prices for a position of this sign: the higher for a long one, the lower for a short one."""
    return max(best, price) if sign > 0 else min(best, price)


def level_of(sign: int, best: Decimal, distance: Decimal | None, percent: Decimal | None) -> Decimal | None:
    """Where the stop stands, in rupees: `distance` rupees, or `percent` of the best price, behind it; None without either."""
    if distance is None and percent is None:
        return None
    away = distance if distance is not None else best * (percent or 0) / 100
    return rounded(best - sign * away)
