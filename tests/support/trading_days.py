"""A desk that has traded for weeks, by the real engine on the real tables: what the reading routes are shown against.

Meera's account has orders in every state, long and short positions in several sectors, and round trips on several days, won and
lost; Bala's has traded once. Every day has a daily candle of each share, so that there is a market to compare with.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User

from engine import log
from engine.domain.charges import charges_for
from engine.domain.enums import OrderType, Product, Side
from engine.domain.events import EventType, new_event
from engine.domain.intervals import market_day_bounds
from engine.market.feeds import prices_publish
from engine.models import Account, Instrument, Order
from engine.processing import run_until_idle
from engine.services.accounts import account_open
from engine.services.orders import OrderInput, order_cancel, order_place
from engine.tariff import current

SECTORS = {"RELIANCE": "Energy", "INFY": "IT", "TCS": "IT", "M&M": "Automobile", "ITC": "Consumer"}
DAYS = 26
BUY, SELL = Side.BUY, Side.SELL
# on which day who trades what; the prices are 100 + the day's step for each share
TRADES: dict[int, list[tuple[str, str, Side, int, str]]] = {
    1: [("meera", "RELIANCE", BUY, 100, ""), ("meera", "INFY", BUY, 50, "breakout")],
    3: [("meera", "INFY", SELL, 20, "breakout"), ("meera", "TCS", SELL, 40, "")],
    5: [("meera", "INFY", SELL, 30, "breakout"), ("bala", "ITC", BUY, 10, "")],
    9: [("meera", "ITC", BUY, 60, ""), ("meera", "RELIANCE", BUY, 50, "")],
    14: [("meera", "ITC", SELL, 90, "")],  # through zero: 30 are sold short
    19: [("meera", "M&M", BUY, 70, "")],
    23: [("meera", "ITC", BUY, 30, "")],
    25: [("meera", "TCS", SELL, 10, "")],
}
STEPS = {"RELIANCE": (2, -1), "INFY": (1, -2), "TCS": (-1, 2), "M&M": (3, -2), "ITC": (-1, 1)}  # rupees on even and odd days


def price_of(symbol: str, day: int) -> Decimal:
    even, odd = STEPS[symbol]
    return Decimal(100 + even * ((day + 1) // 2) + odd * (day // 2))


def trade_some_weeks(*members: User, now: datetime | None = None) -> None:
    """Open the accounts of meera and bala, and trade until today."""
    today = now or datetime.now(UTC)
    first = _close_of(today - timedelta(days=DAYS - 1))
    for symbol, sector in SECTORS.items():
        Instrument.objects.create(symbol=symbol, sector=sector, tick_size=Decimal("0.05"))
    for user_id in ("meera", "bala"):
        _open(user_id, first, [user for user in members if user.username == user_id])
    for day in range(DAYS):
        at = today if day == DAYS - 1 else _close_of(first + timedelta(days=day))
        _trade_a_day(day, at)
    _leave_orders_in_every_state(today)


def _open(user_id: str, at: datetime, members: list[User]) -> None:
    account_open(user_id=user_id, now=at - timedelta(hours=1), cash=Decimal(100_000), members=members)
    full = dict.fromkeys(("position_size", "portfolio_exposure", "sector_exposure"), Decimal(100))
    Account.objects.filter(user_id=user_id).update(**{f"max_{name}_percent": value for name, value in full.items()})


def _close_of(at: datetime) -> datetime:
    return market_day_bounds(at)[1].astimezone(UTC)


def _trade_a_day(day: int, at: datetime) -> None:
    prices = {symbol: price_of(symbol, day) for symbol in SECTORS}
    bars: dict[str, list[float | Decimal]] = {symbol: [price, price, price, price, 1000] for symbol, price in prices.items()}
    prices_publish(at=at, source="replay", interval="1d", prices=prices, bars=bars, now=at)
    run_until_idle(now=lambda: at)
    for user_id, symbol, side, quantity, strategy_id in TRADES.get(day, []):
        _place(user_id, symbol, side, quantity, at, strategy_id=strategy_id)
        run_until_idle(now=lambda: at)


def _place(user_id: str, symbol: str, side: Side, quantity: int, at: datetime, **fields: Any) -> Order:
    wanted = OrderInput(symbol=symbol, side=side, quantity=quantity, **fields)
    return order_place(user_id=user_id, order=wanted, now=at, by=user_id)


def _leave_orders_in_every_state(at: datetime) -> None:
    """FILLED are there; the rest rest far from the market, and end, or not, as they may."""
    resting = {"order_type": OrderType.LIMIT, "price": Decimal(50)}
    orders = {
        name: _place("meera", "INFY", BUY, 10, at, **resting) for name in ("submitted", "cancelled", "expired", "part", "lost")
    }
    run_until_idle(now=lambda: at)
    _place("meera", "RELIANCE", BUY, 1_000_000, at)  # refused by the risk check
    order_cancel(order_id=orders["cancelled"].id, now=at, by="meera")
    expired = {"order_id": orders["expired"].id, "symbol": "INFY", "reason": "its day is over"}
    log.append([new_event(EventType.ORDER_EXPIRED, "meera", at, expired), _part_of(orders["part"], at)], now=at)
    run_until_idle(now=lambda: at)
    Order.objects.filter(id=orders["lost"].id).update(status="UNKNOWN")  # the paper broker never loses one
    _place("meera", "TCS", BUY, 1, at)  # PENDING: the engine has not seen it


def _part_of(order: Order, at: datetime) -> Any:
    """A fill of 4 of the order's 10 shares, as a broker would report it."""
    data = {
        "order_id": order.id,
        "symbol": order.symbol,
        "side": order.side,
        "executed_quantity": 4,
        "executed_price": Decimal(50),
        "execution_time": at,
        "broker_order_id": "B-1",
        "broker_execution_id": "B-1-4",
        "charges": charges_for(current().schedule(Product.MIS, BUY, at.date()), 4, Decimal(50)),
        "strategy_id": order.strategy_id,
    }
    return new_event(EventType.ORDER_EXECUTED, "meera", at, data)
