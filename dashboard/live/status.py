"""What every page says at its top: whether we trade, with what money, at what prices, and what needs a look."""

from datetime import datetime
from typing import Any

from django.db.models import Max

from dashboard.live import alerts
from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine.domain.enums import AlertLevel, TradingState
from engine.market.sessions import NoSession, session_at
from engine.models import Account, Instrument
from engine.selectors.alerts import alert_counts_unsilenced, alerts_list
from engine.selectors.brokers import is_live
from engine.selectors.lanes import lanes_alive
from engine.selectors.trading_states import desk_standing

RUNG = 6  # alerts in the bell
IN_THE_BELL = ("level", "title", "whose", "repeats", "last_seen", "sort")

_PRICES = {"simulated": "SIMULATED PRICES", "replay": "REPLAYED PRICES", "live": "LIVE PRICES"}


def state(topic: Topic, now: datetime) -> State:
    return {"status": {"all": row(topic.user_ids, now)}, "bell": bell(topic.user_ids)}


def bell(user_ids: list[str] | None) -> dict[str, Row]:
    """The newest open alerts that nobody silenced, a few."""
    found = alerts_list(status="UNSILENCED", user_ids=user_ids, limit=RUNG)
    brief = {alert["id"]: alerts.alert_row(alert, ()) for alert in found}
    return {key: {name: row[name] for name in IN_THE_BELL} for key, row in brief.items()}


def row(user_ids: list[str] | None, now: datetime) -> Row:
    counts = alert_counts_unsilenced(user_ids, now=now)
    return wire(
        {
            **_trading(user_ids),
            **_prices(),
            **_market(now),
            "engine": "running" if all(lanes_alive(now=now).values()) else "stopped",
            "open_alerts": counts["total"],
            "worst_level": next((level.value for level in reversed(AlertLevel) if counts[level.value.lower()]), ""),
        }
    )


def _trading(user_ids: list[str] | None) -> dict[str, Any]:
    """The worst state of the accounts, or everybody's where that is as bad, with its reason; and whether it is real money."""
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    rows = list(accounts.values_list("trading_state", "trading_state_reason", "user_id"))
    worst, reason, user_id = max(rows, key=lambda found: _severity(found[0]), default=(TradingState.ACTIVE.value, "", ""))
    alike = sum(state == worst for state, *_ in rows)
    whose, halted_for = user_id if alike == 1 else f"{alike} of {len(rows)} accounts", "accounts"
    desk, desk_reason = desk_standing()
    if _severity(desk) >= _severity(worst):
        worst, reason, alike, whose, halted_for = desk, desk_reason, len(rows), "everybody", "everybody"
    is_active = worst == TradingState.ACTIVE
    return {
        "trading_state": worst,
        "trading_state_reason": "" if is_active else reason,
        "trading_state_of": "" if is_active else whose,
        "halted_for": "" if is_active else halted_for,
        "all_halted": worst == TradingState.HALTED and 0 < alike == len(rows),
        "money": "LIVE MONEY" if any(is_live(user_id) for *_, user_id in rows) else "PAPER",
    }


def _severity(state: str) -> int:
    return TradingState(state).severity


def _market(now: datetime) -> dict[str, Any]:
    """Whether the exchange trades, and when that changes next. Simulated and replayed prices do not keep its hours."""
    try:
        session = session_at(now)
    except NoSession:
        return {"market": "UNKNOWN", "market_turns": "", "market_turns_at": None}
    if session.opens <= now:
        return {"market": "OPEN", "market_turns": "closes in", "market_turns_at": session.closes}
    return {"market": "CLOSED", "market_turns": "opens in", "market_turns_at": session.opens}


def _prices() -> dict[str, Any]:
    """Where the newest price came from, and its own time."""
    sources = Instrument.objects.exclude(source="").values("source").annotate(latest=Max("received_at"), at=Max("priced_at"))
    newest = max((found for found in sources if found["latest"]), key=lambda found: found["latest"], default=None)
    if newest is None:
        return {"prices": "NO PRICES YET", "price_source": "", "priced_at": None, "received_at": None}
    label = _PRICES.get(newest["source"], f"{newest['source'].upper()} PRICES")
    return {"prices": label, "price_source": newest["source"], "priced_at": newest["at"], "received_at": newest["latest"]}
