"""What every page says at its top: whether we trade, with what money, at what prices, and what needs a look."""

from datetime import datetime
from typing import Any

from django.db.models import Max

from dashboard.live.state import Row, State, wire
from dashboard.live.topics import Topic
from engine.domain.enums import AlertLevel, TradingState
from engine.models import Account, Instrument
from engine.selectors.alerts import alert_counts
from engine.selectors.lanes import lanes_alive

_SEVERITY = [state.value for state in TradingState]
_PRICES = {"simulated": "SIMULATED PRICES", "replay": "REPLAYED PRICES", "live": "LIVE PRICES"}


def state(topic: Topic, now: datetime) -> State:
    return {"status": {"all": row(topic.user_ids, now)}}


def row(user_ids: list[str] | None, now: datetime) -> Row:
    counts = alert_counts(user_ids)
    return wire(
        {
            **_trading(user_ids),
            **_prices(),
            "engine": "running" if all(lanes_alive(now=now).values()) else "stopped",
            "open_alerts": counts["total"],
            "worst_level": next((level.value for level in reversed(AlertLevel) if counts[level.value.lower()]), ""),
        }
    )


def _trading(user_ids: list[str] | None) -> dict[str, Any]:
    """The worst state of the accounts, with its reason, and whether it is real money."""
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    rows = list(accounts.values_list("trading_state", "trading_state_reason", "is_paper", "user_id"))
    worst = max(rows, key=lambda found: _SEVERITY.index(found[0]), default=("ACTIVE", "", True, ""))
    alike = [found for found in rows if found[0] == worst[0]]
    whose = worst[3] if len(alike) == 1 else f"{len(alike)} of {len(rows)} accounts"
    return {
        "trading_state": worst[0],
        "trading_state_reason": worst[1],
        "trading_state_of": "" if worst[0] == TradingState.ACTIVE else whose,
        "all_halted": worst[0] == TradingState.HALTED and len(alike) == len(rows),
        "money": "PAPER" if all(found[2] for found in rows) else "LIVE MONEY",
    }


def _prices() -> dict[str, Any]:
    """Where the newest price came from, and its own time."""
    sources = Instrument.objects.exclude(source="").values("source").annotate(latest=Max("received_at"), at=Max("priced_at"))
    newest = max((found for found in sources if found["latest"]), key=lambda found: found["latest"], default=None)
    if newest is None:
        return {"prices": "NO PRICES YET", "price_source": "", "priced_at": None, "received_at": None}
    label = _PRICES.get(newest["source"], f"{newest['source'].upper()} PRICES")
    return {"prices": label, "price_source": newest["source"], "priced_at": newest["at"], "received_at": newest["latest"]}
