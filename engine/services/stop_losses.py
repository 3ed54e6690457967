"""A position's stop-loss and target, set and taken away: an event in the account's stream, which outlasts every restart."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from engine import bus, log, topics
from engine.domain.events import EventType, new_event
from engine.domain.trailing import best_of, level_of
from engine.models import Instrument, Position, TrailingMark
from engine.services.errors import ServiceError


class NoPosition(ServiceError):
    """There is no open position in this symbol."""


class NoStop(ServiceError):
    """There is no stop-loss on this position."""


class WrongSide(ServiceError):
    """The stop-loss or target would be reached at once."""


@transaction.atomic
def stop_loss_set(*, user_id: str, symbol: str, trigger_price: Decimal, by: str, now: datetime) -> int:
    """Stop the open positions in the symbol out at this price. Returns how many there are. Raises NoPosition or WrongSide."""
    positions = _open(user_id, symbol)
    for position in positions:
        _check_side(position, "stop", trigger_price)
    _set(positions, {"stop_loss": trigger_price}, by, now)
    return len(positions)


@transaction.atomic
def stop_loss_delete(*, user_id: str, symbol: str, by: str, now: datetime) -> int:
    """Take the stops of the open positions in the symbol away. Returns how many there were. Raises NoPosition or NoStop."""
    positions = [position for position in _open(user_id, symbol) if position.stop_loss is not None]
    if not positions:
        raise NoStop(f"there is no stop-loss on {symbol}")
    _set(positions, {"stop_loss": None}, by, now)
    return len(positions)


@transaction.atomic
def trailing_stop_set(
    *, user_id: str, symbol: str, distance: Decimal | None, percent: Decimal | None, by: str, now: datetime
) -> int:
    """Let a stop follow the open positions in the symbol, so many rupees or percent behind the best price since they opened.

    Returns how many there are. Raises NoPosition, or WrongSide where the price is further behind the best one already.
    """
    positions = _open(user_id, symbol)
    last = Instrument.objects.filter(symbol=symbol).values_list("last_price", flat=True).first()
    marks = dict(TrailingMark.objects.filter(position__in=positions).values_list("position_id", "best_price"))
    for position in positions:
        sign = 1 if position.quantity > 0 else -1
        best = best_of(sign, marks.get(position.id, position.cost / position.quantity), last) if last is not None else None
        level = None if best is None else level_of(sign, best, distance, percent)
        if last is not None and level is not None and (last - level) * sign <= 0:
            raise WrongSide(f"the best price was {best:.2f}: a stop at {level.normalize():f} is reached")
    _set(positions, {"trailing_stop": distance, "trailing_stop_percent": percent}, by, now)
    return len(positions)


@transaction.atomic
def exit_levels_set(
    *, position_id: UUID, stop_loss: Decimal | None, take_profit: Decimal | None, by: str, now: datetime
) -> dict[str, Decimal | None]:
    """Give one open position this stop and this target, in rupees; None is none. Returns what changed.

    Raises NoPosition, WrongSide for a level that the price has reached already, and ServiceError where nothing would change.
    """
    position = Position.objects.open().filter(id=position_id).first()
    if position is None:
        raise NoPosition("the position is no longer open")
    wanted = {"stop_loss": stop_loss, "take_profit": take_profit}
    changed = {name: level for name, level in wanted.items() if level != getattr(position, name)}
    if not changed:
        raise ServiceError("stop and target are so already")
    for name, level in changed.items():
        if level is not None:
            _check_side(position, "stop" if name == "stop_loss" else "target", level, name)
    _set([position], changed, by, now)
    return changed


def _check_side(position: Position, what: str, level: Decimal, field: str = "") -> None:
    """A stop stands below the price of a long position, its target above; of a short one the other way round."""
    last = Instrument.objects.filter(symbol=position.symbol).values_list("last_price", flat=True).first()
    direction = (1 if position.quantity > 0 else -1) * (1 if what == "stop" else -1)
    if last is not None and (last - level) * direction <= 0:
        held = "long" if position.quantity > 0 else "short"
        raise WrongSide(f"{held} at {last.normalize():f}: a {what} at {level.normalize():f} is reached", field=field)


def _open(user_id: str, symbol: str) -> list[Position]:
    positions = list(Position.objects.open().filter(account=user_id, symbol=symbol))
    if not positions:
        raise NoPosition(f"there is no open position in {symbol}")
    return positions


def _set(positions: Sequence[Position], levels: Mapping[str, Decimal | None], by: str, now: datetime) -> None:
    events = [
        new_event(
            EventType.POSITION_UPDATED,
            position.account_id,
            now,
            {
                "position_id": position.id,
                "symbol": position.symbol,
                "strategy_id": position.strategy_id,
                **levels,
                "by": by,
            },
        )
        for position in positions
    ]
    log.append(events, now=now)
    bus.announce_after_commit({topics.account_topic(positions[0].account_id)})
