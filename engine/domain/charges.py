"""What a trade costs beside its price: NSE equity, billed as a discount broker does.

The rates are data, each with its source and the date from which it holds; `charges_for` reads no others.
"""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from engine.domain.enums import Product, Side

PAISA = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction of turnover (0.001 = 0.1 %), with where it stands written and since when it holds."""

    fraction: Decimal
    since: date
    source: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rates for one product. Brokerage is a fraction, capped in rupees an order."""

    brokerage: Rate
    brokerage_cap: Decimal
    stt_buy: Rate
    stt_sell: Rate
    exchange: Rate
    sebi: Rate
    stamp_buy: Rate
    gst: Rate  # of brokerage + exchange + SEBI


_FREE = Rate(ZERO, date(2015, 8, 1), "discount brokers bill no brokerage on delivery")
_NONE = Rate(ZERO, date(2004, 10, 1), "Finance (No. 2) Act 2004, s. 98: no STT on the buying side of intraday trades")
_STT_DELIVERY = Rate(Decimal("0.001"), date(2013, 6, 1), "Finance Act 2013: 0.1 % of a delivery trade, either side")
_STT_INTRADAY = Rate(Decimal("0.00025"), date(2013, 6, 1), "Finance (No. 2) Act 2004: 0.025 % of an intraday sale")
_EXCHANGE = Rate(Decimal("0.0000297"), date(2024, 10, 1), "NSE transaction charges, cash market: Rs 2.97 a lakh, each side")
_SEBI = Rate(Decimal("0.000001"), date(2021, 6, 1), "SEBI (Stock Brokers) Regulations: Rs 10 a crore")
_STAMP_DELIVERY = Rate(Decimal("0.00015"), date(2020, 7, 1), "Indian Stamp Act, Schedule I, art. 56A: 0.015 % of a purchase")
_STAMP_INTRADAY = Rate(Decimal("0.00003"), date(2020, 7, 1), "Indian Stamp Act, Schedule I, art. 56A: 0.003 % of a purchase")
_GST = Rate(Decimal("0.18"), date(2017, 7, 1), "GST on services: 18 % of brokerage, exchange and SEBI charges")

INTRADAY = Schedule(
    brokerage=Rate(Decimal("0.0003"), date(2015, 8, 1), "discount brokers: 0.03 % or Rs 20 an order, the lower"),
    brokerage_cap=Decimal(20),
    stt_buy=_NONE,
    stt_sell=_STT_INTRADAY,
    exchange=_EXCHANGE,
    sebi=_SEBI,
    stamp_buy=_STAMP_INTRADAY,
    gst=_GST,
)
DELIVERY = Schedule(
    brokerage=_FREE,
    brokerage_cap=ZERO,
    stt_buy=_STT_DELIVERY,
    stt_sell=_STT_DELIVERY,
    exchange=_EXCHANGE,
    sebi=_SEBI,
    stamp_buy=_STAMP_DELIVERY,
    gst=_GST,
)
SCHEDULES = {Product.MIS: INTRADAY, Product.CNC: DELIVERY, Product.NRML: DELIVERY}


def paise(amount: Decimal) -> Decimal:
    return amount.quantize(PAISA, ROUND_HALF_UP)


def charges_for(product: Product, side: Side, quantity: int, price: Decimal, *, filled: Decimal = ZERO) -> dict[str, Decimal]:
    """Each charge of a fill by name, and their `total`, in rupees rounded to the paisa.

    `filled` is the turnover of the order's earlier fills: brokerage is capped per order, however many fills it takes.
    """
    schedule = SCHEDULES[product]
    turnover = quantity * price
    brokerage = _brokerage(schedule, filled + turnover) - _brokerage(schedule, filled)
    exchange = turnover * schedule.exchange.fraction
    sebi = turnover * schedule.sebi.fraction
    stt = schedule.stt_buy if side is Side.BUY else schedule.stt_sell
    charges = {
        "brokerage": brokerage,
        "stt": paise(turnover * stt.fraction),
        "exchange": paise(exchange),
        "sebi": paise(sebi),
        "stamp_duty": paise(turnover * schedule.stamp_buy.fraction) if side is Side.BUY else ZERO,
        "gst": paise((brokerage + exchange + sebi) * schedule.gst.fraction),
    }
    charges["total"] = sum(charges.values(), ZERO)
    return charges


def _brokerage(schedule: Schedule, turnover: Decimal) -> Decimal:
    return paise(min(turnover * schedule.brokerage.fraction, schedule.brokerage_cap))
