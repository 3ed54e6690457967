from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone

from engine import reading
from engine.domain.enums import TradingState
from engine.domain.values import as_decimal
from engine.models import Account, Position
from engine.models.orders import IS_WORKING
from engine.models.positions import IS_OPEN
from engine.selectors.positions import market_value
from engine.selectors.prices import UNQUOTED, Quote, quotes_of
from engine.selectors.trading_states import desk_standing
from engine.selectors.units import Scope, day_start, percent, rupees

ZERO = Decimal(0)
_SEVERITY = [TradingState.ACTIVE.value, TradingState.REDUCING.value, TradingState.HALTED.value]


def accounts_for(user: AbstractUser | AnonymousUser) -> QuerySet[Account]:
    """The accounts that a user may see and trade in: all of them for staff."""
    if user.is_staff:
        return Account.objects.all()
    return Account.objects.filter(members=user.pk) if user.is_authenticated else Account.objects.none()


def account_exists(user_id: str) -> bool:
    return bool(reading.execute("select 1 from engine_account where user_id = %s", [user_id]))


def account_is_open_to(user: AbstractUser | AnonymousUser, user_id: str) -> bool:
    """Whether `accounts_for` the user holds that account: one statement, at each signal."""
    if user.is_staff:
        return account_exists(user_id)
    members = "select 1 from engine_account_members where account_id = %s and user_id = %s"
    return user.is_authenticated and bool(reading.execute(members, [user_id, user.pk]))


@dataclass(slots=True)
class Holdings:
    """The open positions of a scope, valued at their prices. Rupees."""

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
    """The accounts' money and state, summed up; five statements. Money in rupees, `*_percent` in percent of equity.

    `realized_pnl` is net of charges and since the account opened: all that cash and cost did not start with.
    `charges` and `orders_today` are of the IST day. `priced_at` is the time of the oldest price in use.
    """
    now = now or timezone.now()
    accounts = _accounts(user_ids)
    ids = [account.user_id for account in accounts]
    found = summed_up(accounts, _holdings(ids)) | _of_today(ids, day_start(now))
    return found | {"trading_state": _worst([found["trading_state"], desk_standing()[0]])}


def summed_up(accounts: Sequence[Account], holdings: Holdings) -> dict[str, Any]:
    """The figures of `account_summary` that follow from the accounts and what they hold."""
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
        "drawdown_percent": percent(peak - equity, peak),
        "trading_state": _worst(account.trading_state for account in accounts),
        "positions_count": holdings.count,
        "priced_at": holdings.priced_at,
        "received_at": holdings.received_at,
        "price_source": holdings.sources,
    }


def _accounts(user_ids: Scope) -> list[Account]:
    wanted, parameters = reading.scoped("user_id", user_ids)
    return reading.instances(Account, f"where {wanted}", parameters)


def _worst(states: Iterable[str]) -> str:
    return max(states, key=_SEVERITY.index, default=TradingState.ACTIVE.value)


def _holdings(ids: list[str]) -> Holdings:
    whose, parameters = reading.among("account_id", ids)
    rows = reading.select(Position, ("symbol", "quantity", "cost"), f"where {IS_OPEN} and {whose}", parameters)
    return holdings_of(rows, quotes_of({symbol for symbol, _, _ in rows}))


def holdings_of(rows: Sequence[tuple[Any, ...]], quotes: Mapping[str, Quote]) -> Holdings:
    """Positions as symbol, quantity and cost, at these quotes."""
    values = [market_value(quantity, cost, quotes.get(symbol, UNQUOTED)) for symbol, quantity, cost in rows]
    return Holdings(
        count=len(rows),
        value=sum(values, ZERO),
        cost=sum((cost for _, _, cost in rows), ZERO),
        exposure=sum(map(abs, values), ZERO),
        quotes=list(quotes.values()),
    )


def _of_today(ids: list[str], start: datetime) -> dict[str, Any]:
    """One statement of three: each has an index of its own."""
    whose, parameters = reading.among("account_id", ids)
    since = reading.moment(start)
    statement = f"""
        select (select sum(charges) from engine_execution where {whose} and executed_at >= %s),
            (select count(*) from engine_order where {IS_WORKING} and {whose}),
            (select count(*) from engine_order where {whose} and created_at >= %s)
    """  # noqa: S608 - no value is in it
    ((charges, working, today),) = reading.execute(statement, [*parameters, since, *parameters, *parameters, since])
    return {"charges": rupees(as_decimal(charges or 0)), "working_orders": working, "orders_today": today}
