from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet, Sum
from django.utils import timezone

from engine.domain.enums import TradingState
from engine.models import Account, Execution, Order, Position
from engine.selectors.positions import market_value
from engine.selectors.prices import UNQUOTED, Quote, quotes_of
from engine.selectors.units import Scope, day_start, percent, rupees

ZERO = Decimal(0)
_SEVERITY = [TradingState.ACTIVE.value, TradingState.REDUCING.value, TradingState.HALTED.value]


def accounts_for(user: AbstractUser | AnonymousUser) -> QuerySet[Account]:
    """The accounts that a user may see and trade in: all of them for staff."""
    if user.is_staff:
        return Account.objects.all()
    return Account.objects.filter(members=user.pk) if user.is_authenticated else Account.objects.none()


@dataclass(slots=True)
class _Holdings:
    """The open positions of a scope, valued at the last prices. Rupees."""

    count: int
    value: Decimal  # net
    cost: Decimal
    exposure: Decimal  # gross
    quotes: list[Quote]

    @property
    def priced_at(self) -> datetime | None:
        """The age of the sum is the age of its oldest price."""
        return min((quote.priced_at for quote in self.quotes if quote.priced_at), default=None)

    @property
    def received_at(self) -> datetime | None:
        return min((quote.received_at for quote in self.quotes if quote.received_at), default=None)

    @property
    def sources(self) -> str:
        return ", ".join(sorted({quote.source for quote in self.quotes if quote.source}))


def account_summary(user_ids: Scope = None, *, now: datetime | None = None) -> dict[str, Any]:
    """The accounts' money and state, summed up; six statements. Money in rupees, `*_percent` in percent of equity.

    `realized_pnl` is net of charges and since the account opened: all that cash and cost did not start with.
    `charges` and `orders_today` are of the IST day. `priced_at` is the time of the oldest price in use.
    """
    now = now or timezone.now()
    accounts = list(Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids))
    ids = [account.user_id for account in accounts]
    holdings = _holdings(ids)
    cash = sum((account.cash for account in accounts), ZERO)
    equity = cash + holdings.value
    start = sum((account.day_start_equity for account in accounts), ZERO)
    peak = max(sum((account.peak_equity for account in accounts), ZERO), equity)
    initial = sum((account.initial_cash for account in accounts), ZERO)
    return {
        "accounts_count": len(accounts),
        "cash": rupees(cash),
        "equity": rupees(equity),
        "day_pnl": rupees(equity - start),
        "day_pnl_percent": percent(equity - start, start),
        "exposure": rupees(holdings.exposure),
        "exposure_percent": percent(holdings.exposure, equity),
        "unrealized_pnl": rupees(holdings.value - holdings.cost),
        "realized_pnl": rupees(cash + holdings.cost - initial),
        "charges": rupees(_charges_since(ids, day_start(now))),
        "drawdown_percent": percent(peak - equity, peak),
        "trading_state": _worst(account.trading_state for account in accounts),
        "positions_count": holdings.count,
        **_order_counts(ids, day_start(now)),
        "priced_at": holdings.priced_at,
        "received_at": holdings.received_at,
        "price_source": holdings.sources,
    }


def _worst(states: Iterable[str]) -> str:
    return max(states, key=_SEVERITY.index, default=TradingState.ACTIVE.value)


def _holdings(ids: list[str]) -> _Holdings:
    rows = list(Position.objects.open().filter(account__in=ids).values_list("symbol", "quantity", "cost"))
    quotes = quotes_of({symbol for symbol, _, _ in rows})
    values = [market_value(quantity, cost, quotes.get(symbol, UNQUOTED)) for symbol, quantity, cost in rows]
    return _Holdings(
        count=len(rows),
        value=sum(values, ZERO),
        cost=sum((cost for _, _, cost in rows), ZERO),
        exposure=sum(map(abs, values), ZERO),
        quotes=list(quotes.values()),
    )


def _charges_since(ids: list[str], start: datetime) -> Decimal:
    rows = Execution.objects.filter(account__in=ids, executed_at__gte=start)
    return rows.aggregate(total=Sum("charges"))["total"] or ZERO


def _order_counts(ids: list[str], start: datetime) -> dict[str, int]:
    """Two statements, since each count has an index of its own."""
    orders = Order.objects.filter(account__in=ids)
    return {
        "working_orders": orders.working().count(),
        "orders_today": orders.filter(created_at__gte=start).count(),
    }
