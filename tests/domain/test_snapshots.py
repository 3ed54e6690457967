"""A book as JSON and back: nothing of it changes, to the last digit."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from engine.domain.book import Book, StrategyState
from engine.domain.enums import OrderStatus, OrderType, RejectedBy, Side, StrategyStatus, TradingState
from engine.domain.events import EventType, new_event
from engine.domain.orders import Order
from engine.domain.positions import Position
from engine.domain.snapshots import book_from_json, book_to_json

AT = datetime(2026, 3, 31, 9, 15, 0, 123456, tzinfo=UTC)


def a_book() -> Book:
    book = Book.blank("asha")
    book.cash, book.day_start_equity, book.peak_equity = Decimal("12345678901.2345"), Decimal("0.0001"), Decimal(10)
    book.trading_day, book.trading_state, book.trading_state_reason = date(2026, 3, 31), TradingState.HALTED, "a “drill”"
    position = Position(uuid4(), "INFY", "s-1", AT, AT, -3, Decimal("-4501.2000"), stop_loss=Decimal("1600.05"))
    book.positions["INFY", "s-1"] = position
    order = Order(uuid4(), "TCS", Side.SELL, OrderType.LIMIT, 7, uuid4(), AT, price=Decimal("3999.95"), signal_id=uuid4())
    order.status, order.rejected_by = OrderStatus.PARTIALLY_FILLED, RejectedBy.RISK
    order.risk_checks = [{"rule": "exposure", "limit": Decimal("12.5"), "value": 3, "passed": True}]
    book.orders[order.id] = order
    book.strategies["s-1"] = StrategyState(StrategyStatus.PAUSED, "emergency stop")
    early = new_event(EventType.ORDER_CANCELLED, "asha", AT, {"order_id": str(uuid4()), "price": Decimal("1.05")})
    book.early_cancels[uuid4()] = early
    return book


def test_there_and_back() -> None:
    book = a_book()
    text = json.dumps(book_to_json(book))
    assert book_from_json("asha", json.loads(text)) == book
    assert json.dumps(book_to_json(book_from_json("asha", json.loads(text)))) == text


def test_what_is_empty_stays_empty() -> None:
    assert book_from_json("asha", json.loads(json.dumps(book_to_json(Book.blank("asha"))))) == Book.blank("asha")
