"""What a trade costs beside its price. The rates are data, which the shell reads from a file; this says how they are billed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from engine.domain.enums import Product, Side

PAISA = Decimal("0.01")
ZERO = Decimal(0)
OF_TURNOVER = ("brokerage", "stt", "exchange", "sebi", "stamp_duty")
TAXED = ("brokerage", "exchange", "sebi")  # what GST is charged on
NAMES = (*OF_TURNOVER, "gst")


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction of turnover (0.001 = 0.1 %), with where it stands written and since when it holds. `cap`: rupees an order."""

    charge: str
    product: Product
    side: Side
    fraction: Decimal
    since: date
    source: str
    cap: Decimal | None = None


Schedule = dict[str, Rate]  # by the charge's name
FREE = Rate("", Product.MIS, Side.BUY, ZERO, date.min, "not billed")


class Tariff:
    """All rates that ever held, and those of a day."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self.rates = sorted(rates, key=lambda rate: rate.since)
        self._schedules: dict[tuple[Product, Side, date], Schedule] = {}

    def schedule(self, product: Product, side: Side, day: date) -> Schedule:
        """The rates in force on the day; of a charge that is older than all we know of it, the oldest."""
        key = (product, side, day)
        known = self._schedules.get(key)
        if known is None:
            if len(self._schedules) > 1000:
                self._schedules.clear()
            known = self._schedules[key] = self._find(*key)
        return known

    def _find(self, product: Product, side: Side, day: date) -> Schedule:
        found = dict.fromkeys(NAMES, FREE)
        for rate in self.rates:  # the latest comes last
            if (rate.product, rate.side) == (product, side) and (rate.since <= day or found[rate.charge] is FREE):
                found[rate.charge] = rate
        return found


def paise(amount: Decimal) -> Decimal:
    return amount.quantize(PAISA, ROUND_HALF_UP)


def charges_for(schedule: Schedule, quantity: int, price: Decimal, *, filled: Decimal = ZERO) -> dict[str, Decimal]:
    """Each charge of a fill by name, and their `total`, in rupees rounded to the paisa.

    `filled` is the turnover of the order's earlier fills: brokerage is capped per order, however many fills it takes.
    """
    turnover = quantity * price
    exact = {name: turnover * schedule[name].fraction for name in OF_TURNOVER}
    exact["brokerage"] = _capped(schedule["brokerage"], filled + turnover) - _capped(schedule["brokerage"], filled)
    exact["gst"] = sum((exact[name] for name in TAXED), ZERO) * schedule["gst"].fraction
    charges = {name: paise(amount) for name, amount in exact.items()}
    charges["total"] = sum(charges.values(), ZERO)
    return charges


def _capped(rate: Rate, turnover: Decimal) -> Decimal:
    """In whole paise, so that the parts of an order come to what the whole of it would have."""
    amount = turnover * rate.fraction
    return paise(amount if rate.cap is None else min(amount, rate.cap))
