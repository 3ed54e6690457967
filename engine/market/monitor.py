"""The risk monitor: after prices have been applied, every account's standing is held against the thresholds.

A breach is one alert while it lasts: raised again, and counted, when it gets worse or has lasted another minute; cleared
when it is gone. At the emergency thresholds the account is stopped.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from engine import alerts, config
from engine.domain.alerts import RANKS, AlertRaised, fingerprint_stored
from engine.domain.enums import AlertLevel, Component, TradingState
from engine.domain.monitor import Breach, Standing, breaches, emergency, near_stops
from engine.domain.quotes import sector_of
from engine.market.desk import Holder, Quotes
from engine.models import Alert
from engine.services.trading import emergency_stop

PREFIX = "monitor:"
REPEAT = timedelta(minutes=1)
BY = "risk monitor"


def watch(holders: Iterable[Holder], quotes: Quotes, *, now: datetime) -> None:
    """Cost: once through the open positions, and one statement while nothing changes."""
    found: dict[str, tuple[str, Breach]] = {}
    stopping: list[tuple[str, str]] = []
    for holder in holders:
        standing = standing_of(holder, quotes)
        for breach in [*breaches(standing), *near_stops(_stops(holder, quotes))]:
            found[fingerprint_stored(f"{PREFIX}{holder.user_id}:{breach.what}:{breach.subject}")] = holder.user_id, breach
        if holder.trading_state == TradingState.ACTIVE and (why := emergency(standing)):
            stopping.append((holder.user_id, why))
    _tell(found, {user_id for user_id, _ in stopping}, now)
    if stopping and config.current().emergency_stop_enabled:
        for user_id, why in stopping:
            emergency_stop(user_ids=[user_id], by=BY, reason=why, now=now)


def standing_of(holder: Holder, quotes: Quotes) -> Standing:
    by_symbol: dict[str, Decimal] = defaultdict(Decimal)
    by_sector: dict[str, Decimal] = defaultdict(Decimal)
    net = Decimal(0)
    for holding in holder.holdings:
        value = holding.value(quotes)
        net += value
        by_symbol[holding.symbol] += abs(value)
        by_sector[sector_of(holding.symbol, quotes.by_symbol)] += abs(value)
    return Standing(holder.cash + net, holder.day_start_equity, holder.peak_equity, by_symbol, by_sector, holder.exposure_limit)


def _stops(holder: Holder, quotes: Quotes) -> Iterable[tuple[str, int, Decimal, Decimal, Decimal]]:
    for holding in holder.holdings:
        price = quotes.price(holding.symbol)
        if holding.stop_loss is not None and price is not None:
            yield holding.symbol, holding.quantity, holding.cost / holding.quantity, price, holding.stop_loss


def _tell(found: dict[str, tuple[str, Breach]], stopping: set[str], now: datetime) -> None:
    rows = Alert.objects.open().filter(fingerprint__startswith=PREFIX).order_by()
    standing = {row[0]: row[1:] for row in rows.values_list("fingerprint", "level", "last_seen")}
    raised = [
        _alert(fingerprint, user_id, breach, user_id in stopping)
        for fingerprint, (user_id, breach) in found.items()
        if _is_news(breach, standing.get(fingerprint), now)
    ]
    if raised:
        alerts.alerts_raise(raised, now=now)
    if gone := sorted(standing.keys() - found.keys()):
        alerts.alerts_clear(gone, now=now, note="back below the threshold")


def _is_news(breach: Breach, before: tuple[str, datetime] | None, now: datetime) -> bool:
    if before is None or breach.lingers:
        return not breach.lingers
    level, last_seen = before
    return RANKS[breach.level] > RANKS[AlertLevel(level)] or now - last_seen >= REPEAT


def _alert(fingerprint: str, user_id: str, breach: Breach, stops: bool) -> AlertRaised:
    return AlertRaised(
        level=breach.level,
        title=f"{breach.what.replace('_', ' ').capitalize()} {breach.subject}".strip() + f": {user_id}",
        message=breach.message,
        component=Component.RISK_ENGINE,
        fingerprint=fingerprint,
        user_id=user_id,
        data={
            "alert_type": breach.what.upper(),
            "current_value": float(breach.value),
            "threshold_value": float(breach.threshold),
            "actions_taken": ["emergency stop"] if stops else [],
        },
    )
