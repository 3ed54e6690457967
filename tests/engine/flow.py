"""Signals and orders into a real database, and what the engine made of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.domain.book import Book, Context
from engine.domain.enums import OrderType, Side, SignalType
from engine.domain.events import Event as DomainEvent
from engine.domain.events import EventType
from engine.handlers import HANDLERS, Handling
from engine.models import Account, Event, Instrument, Order, PendingEvent, Position, Signal
from engine.processing import run_until_idle
from engine.services.orders import OrderInput, order_place
from engine.services.signals import SignalInput, signals_submit
from engine.verification import verify


class Clock:
    """A time that moves when it is told to. It starts a while ahead, so that what a slow test sends is due all the same."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC) + timedelta(minutes=2)

    def __call__(self) -> datetime:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def a_signal(
    symbol: str = "RELIANCE", kind: str = "BUY", size: Any = 10, *, confidence: Any = "0.9", **fields: Any
) -> SignalInput:
    sized = None if size is None else Decimal(str(size))
    return SignalInput(symbol, SignalType(kind), Decimal(str(confidence)), position_size=sized, **fields)


def send(*signals: SignalInput, user_id: str = "asha", now: datetime | None = None) -> list[DomainEvent]:
    return signals_submit(user_id=user_id, signals=signals or [a_signal()], now=now or datetime.now(UTC))


def place(
    side: Side = Side.BUY, quantity: int = 10, *, symbol: str = "RELIANCE", user_id: str = "asha", **fields: Any
) -> Order:
    wanted = OrderInput(symbol=symbol, side=side, quantity=quantity, **fields)
    return order_place(user_id=user_id, order=wanted, now=datetime.now(UTC), by="asha")


def rest(side: Side = Side.BUY, price: Any = 90, quantity: int = 10, **fields: Any) -> Order:
    """A limit order that waits in the market."""
    order = place(side, quantity, order_type=OrderType.LIMIT, price=Decimal(str(price)), **fields)
    run_until_idle()
    order.refresh_from_db()
    return order


def set_price(symbol: str, price: Any) -> None:
    Instrument.objects.filter(symbol=symbol).update(last_price=Decimal(str(price)), received_at=datetime.now(UTC))


def held(user_id: str = "asha") -> dict[str, int]:
    return dict(Position.objects.filter(account=user_id, status="OPEN").values_list("symbol", "quantity"))


def logged(**where: Any) -> list[str]:
    """The handled events' types, in the order in which they were handled."""
    return list(Event.objects.filter(seq__isnull=False, **where).order_by("stream", "seq").values_list("type", flat=True))


def waiting() -> int:
    return PendingEvent.objects.filter(dead_at__isnull=True).count()


def assert_sound() -> None:
    """The log and the tables agree, and nothing is half done."""
    assert verify().differences == []
    assert not Order.objects.filter(status="PENDING", id__in=Signal.objects.values("order_id")).exists()
    for account in Account.objects.all():
        fills = account.executions.values_list("side", "quantity", "price", "charges")
        spent = sum(Side(side).sign * quantity * price + charges for side, quantity, price, charges in fills)
        assert account.cash == account.initial_cash - spent


def poison(symbol: str = "BAD", error: BaseException | None = None, times: int | None = None) -> Handling:
    """Signals' handling, but one for the symbol raises: always, or so many times. For `monkeypatch.setitem(HANDLERS, ...)`."""
    sound = HANDLERS[EventType.SIGNAL_RECEIVED]
    left = [times]

    def raise_for_symbol(book: Book, event: DomainEvent, context: Context) -> list[DomainEvent]:
        if event.data["symbol"] == symbol and left[0] != 0:
            left[0] = left[0] and left[0] - 1
            raise error or ZeroDivisionError("a bug in the handler")
        return []

    return Handling(sound.apply, then=(*sound.then, raise_for_symbol))


def count_statements(action: Callable[[], Any]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        action()
    return len(queries)
