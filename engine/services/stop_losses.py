"""A position's stop-loss, set and taken away: an event in the account's stream, so that it outlasts every restart."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from engine import bus, log, topics
from engine.domain.events import EventType, new_event
from engine.models import Instrument, Position
from engine.services.errors import ServiceError


class NoPosition(ServiceError):
    """There is no open position in this symbol."""


class NoStop(ServiceError):
    """There is no stop-loss on this position."""


class WrongSide(ServiceError):
    """The stop-loss would be reached at once."""


@transaction.atomic
def stop_loss_set(*, user_id: str, symbol: str, trigger_price: Decimal, by: str, now: datetime) -> int:
    """Stop the open positions in the symbol out at this price. Returns how many there are. Raises NoPosition or WrongSide."""
    positions = _open(user_id, symbol)
    last = Instrument.objects.filter(symbol=symbol).values_list("last_price", flat=True).first()
    for position in positions:
        sign = 1 if position.quantity > 0 else -1
        if last is not None and (last - trigger_price) * sign <= 0:
            raise WrongSide(f"{'long' if sign > 0 else 'short'} at {last.normalize():f}: a stop at {trigger_price} is reached")
    _set(positions, trigger_price, by, now)
    return len(positions)


@transaction.atomic
def stop_loss_delete(*, user_id: str, symbol: str, by: str, now: datetime) -> int:
    """Take the stops of the open positions in the symbol away. Returns how many there were. Raises NoPosition or NoStop."""
    positions = [position for position in _open(user_id, symbol) if position.stop_loss is not None]
    if not positions:
        raise NoStop(f"there is no stop-loss on {symbol}")
    _set(positions, None, by, now)
    return len(positions)


def _open(user_id: str, symbol: str) -> list[Position]:
    positions = list(Position.objects.open().filter(account=user_id, symbol=symbol))
    if not positions:
        raise NoPosition(f"there is no open position in {symbol}")
    return positions


def _set(positions: Sequence[Position], stop_loss: Decimal | None, by: str, now: datetime) -> None:
    events = [
        new_event(
            EventType.POSITION_UPDATED,
            position.account_id,
            now,
            {
                "position_id": position.id,
                "symbol": position.symbol,
                "strategy_id": position.strategy_id,
                "stop_loss": stop_loss,
                "by": by,
            },
        )
        for position in positions
    ]
    log.append(events, now=now)
    bus.announce_after_commit({topics.account_topic(positions[0].account_id)})
