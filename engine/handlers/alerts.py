"""What an operator must be told: each alert is an event first, and an inbox row in the same commit."""

from engine.domain.alerts import AlertRaised
from engine.domain.book import Book, Context
from engine.domain.enums import AlertLevel, Component, RejectedBy
from engine.domain.events import Event, EventType
from engine.handlers.orders import refusal_fingerprint

# A limit that holds is the engine at work, and only worth knowing; trading blind or not at all needs somebody.
WARNING_RULES = frozenset({"price_known", "price_fresh", "trading_state"})


def warn_of_refusal(book: Book, event: Event, context: Context) -> list[Event]:
    data = event.data
    by_us = data["rejected_by"] == RejectedBy.RISK
    level = AlertLevel.WARNING if data["rule"] in WARNING_RULES or not by_us else AlertLevel.INFO
    alert = {
        "alert_type": "ORDER_RISK_REFUSAL" if by_us else "ORDER_BROKER_REJECTION",
        "level": level,
        "title": f"Order refused: {data['symbol']}",
        "message": data["reason"],
        "component": Component.RISK_ENGINE if by_us else Component.ORDER_EXECUTOR,
        "fingerprint": refusal_fingerprint(book.user_id, data["rule"], data["symbol"]),
        "symbol": data["symbol"],
        "order_id": data["order_id"],
        "rule": data["rule"],
    }
    return [event.follow(EventType.RISK_ALERT, context.now, **alert)]


def raise_alert(book: Book, event: Event, context: Context) -> list[Event]:
    data = event.data
    book.open_alerts.add(data["fingerprint"])
    book.changes.cleared_alerts.discard(data["fingerprint"])  # its cause is back
    shown = {"level", "title", "message", "component", "fingerprint"}
    book.changes.alerts.append(
        AlertRaised(
            level=AlertLevel(data["level"]),
            title=data["title"],
            message=data["message"],
            component=data["component"],
            fingerprint=data["fingerprint"],
            user_id=event.user_id,
            data={name: value for name, value in data.items() if name not in shown},
            correlation_id=event.correlation_id,
        )
    )
    return []


def announce_halt(book: Book, event: Event, context: Context) -> list[Event]:
    alert = {
        "alert_type": "EMERGENCY_STOP",
        "level": AlertLevel.CRITICAL,
        "title": f"Trading halted: {book.user_id}",
        "message": f"{event.data['by']}: {event.data['reason']}",
        "component": Component.RISK_ENGINE,
        "fingerprint": halt_fingerprint(book.user_id),
    }
    return [event.follow(EventType.RISK_ALERT, context.now, **alert)]


def clear_halt(book: Book, event: Event, context: Context) -> list[Event]:
    book.changes.cleared_alerts.add(halt_fingerprint(book.user_id))
    refused = refusal_fingerprint(book.user_id, "trading_state", "")
    if refused in book.open_alerts:
        book.changes.cleared_alerts.add(refused)
    return []


def halt_fingerprint(user_id: str) -> str:
    return f"halt:{user_id}"
