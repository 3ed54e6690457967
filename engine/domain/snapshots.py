"""A folded book as plain JSON, and back: exact, so that folding can go on from it as if it had never stopped."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from engine.domain.book import Book
from engine.domain.enums import Side, TradingState
from engine.domain.events import Event
from engine.domain.orders import Order
from engine.domain.pace import Pace
from engine.domain.positions import Position
from engine.domain.strategy_state import StrategyState
from engine.domain.values import as_json, iso

VERSION = 3  # of what `book_to_json` gives: to be raised with every change of it, or of what folding makes of the same events

Record = TypeVar("Record", Order, Position, StrategyState, Event)


def book_to_json(book: Book) -> dict[str, Any]:
    """What folding made of the account. Amounts are text, for they must come back to the last digit."""
    return {
        "cash": str(book.cash),
        "trading_day": book.trading_day.isoformat(),
        "day_start_equity": str(book.day_start_equity),
        "peak_equity": str(book.peak_equity),
        "trading_state": book.trading_state.value,
        "trading_state_reason": book.trading_state_reason,
        "blocks": dict(book.blocks),
        "pace": _pace_to_json(book.pace),
        "positions": [_record_to_json(position) for position in book.positions.values()],
        "orders": [_record_to_json(order) for order in book.orders.values()],
        "strategies": {name: _record_to_json(strategy) for name, strategy in book.strategies.items()},
        "early_cancels": {str(id): _record_to_json(event) for id, event in book.early_cancels.items()},
    }


def book_from_json(stream: str, data: Mapping[str, Any]) -> Book:
    book = Book.blank(stream)
    book.cash = Decimal(data["cash"])
    book.trading_day = date.fromisoformat(data["trading_day"])
    book.day_start_equity = Decimal(data["day_start_equity"])
    book.peak_equity = Decimal(data["peak_equity"])
    book.trading_state = TradingState(data["trading_state"])
    book.trading_state_reason = data["trading_state_reason"]
    book.blocks = {key: TradingState(state) for key, state in data["blocks"].items()}
    book.pace = _pace_from_json(data["pace"])
    for position in (_record_from_json(Position, item) for item in data["positions"]):
        book.positions[position.symbol, position.strategy_id] = position
    book.orders = {order.id: order for order in (_record_from_json(Order, item) for item in data["orders"])}
    book.strategies = {name: _record_from_json(StrategyState, item) for name, item in data["strategies"].items()}
    book.early_cancels = {UUID(id): _record_from_json(Event, item) for id, item in data["early_cancels"].items()}
    return book


def _pace_to_json(pace: Pace) -> dict[str, Any]:
    return {
        "orders_today": pace.orders_today,
        "orders_by_second": [list(entry) for entry in pace.orders_by_second],
        "last_signals": [[symbol, side.value, strategy, iso(at)] for (symbol, side, strategy), at in pace.last_signals.items()],
    }


def _pace_from_json(data: Mapping[str, Any]) -> Pace:
    last = {(symbol, Side(side), strategy): datetime.fromisoformat(at) for symbol, side, strategy, at in data["last_signals"]}
    return Pace(data["orders_today"], [list(entry) for entry in data["orders_by_second"]], last)


def _record_to_json(record: Order | Position | StrategyState | Event) -> dict[str, Any]:
    return {name: _value_to_json(getattr(record, name)) for name in TYPES[type(record)]}


def _value_to_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Mapping | list):  # an event's data, or a part of it
        return json.loads(json.dumps(value, default=as_json))
    return value


def _record_from_json(kind: type[Record], data: Mapping[str, Any]) -> Record:
    types = TYPES[kind]
    return kind(**{name: _value_from_json(types[name], value) for name, value in data.items()})


def _types(kind: type[Any]) -> dict[str, Any]:
    """The class of each field; of `X | None` it is X."""
    return {name: _without_none(hint) for name, hint in get_type_hints(kind).items()}


def _without_none(hint: Any) -> Any:
    parts = get_args(hint)
    return next(part for part in parts if part is not NoneType) if NoneType in parts else hint


TYPES: dict[type[Any], dict[str, Any]] = {kind: _types(kind) for kind in (Order, Position, StrategyState, Event)}


def _value_from_json(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind in (UUID, Decimal) or (isinstance(kind, type) and issubclass(kind, Enum)):
        return kind(value)
    if get_origin(kind) is not None:  # list[...] or Mapping[...]: numbers exact, as the log's reader has them
        return json.loads(json.dumps(value), parse_float=Decimal)
    return value
