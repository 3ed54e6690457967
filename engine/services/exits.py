"""Positions closed by hand: an order for the whole of what is held when it is looked at, never a booking at will."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction

from engine import log
from engine.domain.events import EventType, new_event
from engine.models import Account, Instrument, Position
from engine.services.errors import InvalidOrder, NothingToClose, UnknownAccount


@dataclass(frozen=True, slots=True)
class Exit:
    """A position on its way out: the order that will close it, unless it is flat by then or being closed already."""

    position_id: UUID
    symbol: str
    strategy_id: str
    order_id: UUID
    correlation_id: UUID


@transaction.atomic
def positions_close(
    *,
    user_id: str,
    now: datetime,
    by: str,
    symbol: str | None = None,
    strategy_id: str | None = None,
    price: Decimal | None = None,
) -> list[Exit]:
    """Close the account's open positions, or those in a symbol, or of a strategy: at the market, or at a limit price.

    Raises UnknownAccount, NothingToClose, or InvalidOrder for a price off the tick grid.
    """
    if not Account.objects.filter(user_id=user_id).exists():
        raise UnknownAccount(f"there is no account {user_id}")
    named = {"symbol": symbol, "strategy_id": strategy_id}
    wanted = {name: value for name, value in named.items() if value is not None}
    rows = Position.objects.open().filter(account=user_id, **wanted).order_by("symbol", "strategy_id")
    found = list(rows.values_list("id", "symbol", "strategy_id"))
    if not found:
        raise NothingToClose(f"no open position{f' in {symbol}' if symbol else ''}")
    if price is not None and symbol is not None:
        _check_price(symbol, price)
    events, exits = [], []
    for position_id, of, strategy in found:
        order_id = uuid4()
        data = {"position_id": position_id, "symbol": of, "order_id": order_id, "price": price, "by": by}
        event = new_event(EventType.POSITION_EXIT_REQUESTED, user_id, now, data)
        events.append(event)
        exits.append(Exit(position_id, of, strategy, order_id, event.correlation_id))
    log.append(events, now=now)
    return exits


def _check_price(symbol: str, price: Decimal) -> None:
    tick = Instrument.objects.values_list("tick_size", flat=True).get(symbol=symbol)
    if price <= 0 or price % tick:
        raise InvalidOrder(f"price must be a positive multiple of the tick of {tick.normalize()}", field="price")
