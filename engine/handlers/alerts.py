"""What an operator must be told: each alert is an event first, and an inbox row in the same commit."""

from engine.domain.alerts import AlertRaised
from engine.domain.book import Book, Context
from engine.domain.enums import AlertLevel, Component, HaltScope, RejectedBy
from engine.domain.events import Event, EventType
from engine.handlers.orders import refusal_fingerprint
from engine.handlers.trading import scope_of

# A limit that holds is the engine at work, and only worth knowing; trading blind or not at all needs somebody.
WARNING_RULES = frozenset({"price_known", "price_fresh", "trading_state", "broker_reachable", "outcome_known"})
REFUSED_BY = {HaltScope.STRATEGY: "strategy_state", HaltScope.SYMBOL: "symbol_state"}


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
    scope, name = scope_of(event), event.data.get("name", "")
    if scope is HaltScope.GLOBAL:  # one alert for all accounts, which the service raised
        return []
    what = book.user_id if scope is HaltScope.ACCOUNT else f"{scope} {name}, {book.user_id}"
    alert = {
        "alert_type": "EMERGENCY_STOP",
        "level": AlertLevel.CRITICAL,
        "title": f"Trading halted: {what}",
        "message": f"{event.data['by']}: {event.data['reason']}",
        "component": Component.RISK_ENGINE,
        "fingerprint": halt_fingerprint(book.user_id, scope, name),
    }
    return [event.follow(EventType.RISK_ALERT, context.now, **alert)]


def clear_halt(book: Book, event: Event, context: Context) -> list[Event]:
    scope, name = scope_of(event), event.data.get("name", "")
    if scope is not HaltScope.GLOBAL:
        book.changes.cleared_alerts.add(halt_fingerprint(book.user_id, scope, name))
    rule, symbol = REFUSED_BY.get(scope, "trading_state"), name if scope is HaltScope.SYMBOL else ""
    refused = refusal_fingerprint(book.user_id, rule, symbol)
    if refused in book.open_alerts:
        book.changes.cleared_alerts.add(refused)
    return []


def halt_fingerprint(user_id: str, scope: HaltScope = HaltScope.ACCOUNT, name: str = "") -> str:
    return f"halt:{user_id}" if scope is HaltScope.ACCOUNT else f"halt:{user_id}:{scope}:{name}"
