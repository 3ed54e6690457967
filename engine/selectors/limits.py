"""An account's limits beside what is used of each, as the rules of pre-trade risk measure it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine import config
from engine.domain.pace import Pace
from engine.models import Account, Order
from engine.selectors.units import percent

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class LimitUse:
    """`unit` is %, ₹, × or empty for a count. `used` is the value in percent of the limit; `about` names what is largest."""

    name: str
    unit: str
    value: Decimal
    limit: Decimal
    about: str = ""
    floor: bool = False  # the value must not fall below the limit

    @property
    def used(self) -> Decimal:
        if self.floor:
            return HUNDRED if self.value <= self.limit else percent(self.limit, self.value)
        return percent(self.value, self.limit)


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """Limits with a use, and the bounds that each order is held against by itself (None: no such bound)."""

    uses: list[LimitUse]
    per_order: dict[str, Decimal | int | None]
    checked: bool  # False: an operator has switched the limits off


def limits_of(account: Account, risk: Mapping[str, Any], *, now: datetime) -> AccountLimits:
    """`risk` is what `risk_of` found of the account. Two statements."""
    defaults = config.current()

    def limit(name: str) -> Any:
        own = getattr(account, name)
        return getattr(defaults, name) if own is None else own

    uses = [use for use in _uses(account, risk, limit, now) if use is not None]
    per_order = {name: limit(name) for name in ("max_order_value", "price_collar_percent", "duplicate_signal_seconds")}
    return AccountLimits(uses, per_order, defaults.risk_check_enabled)


def _uses(account: Account, risk: Mapping[str, Any], limit: Any, now: datetime) -> Iterator[LimitUse | None]:
    def use(name: str, unit: str, value: Decimal | int, of: str, about: str = "", *, floor: bool = False) -> LimitUse | None:
        bound = limit(of)
        return None if bound is None else LimitUse(name, unit, Decimal(value), Decimal(bound), about, floor)

    symbol, largest = _largest(risk["position_concentrations"])
    sector, heaviest = _largest(risk["sector_exposures"])
    working = Order.objects.working().filter(account=account.user_id).order_by().count()
    in_minute = Pace(account.orders_today, account.orders_by_second).in_minute(now)
    peak = max(account.peak_equity, Decimal(0))
    yield use("portfolio_exposure", "%", risk["exposure_percentage"], "max_portfolio_exposure_percent")
    yield use("sector_exposure", "%", heaviest, "max_sector_exposure_percent", sector)
    yield use("position_size", "%", largest, "max_position_size_percent", symbol)
    yield use("leverage", "×", risk["leverage_ratio"], "max_leverage")
    yield use("daily_loss", "%", max(-risk["daily_pnl_percent"], Decimal(0)), "daily_loss_limit_percent")
    yield use("drawdown", "%", max(percent(peak - risk["equity"], peak), Decimal(0)), "max_drawdown_percent")
    yield use("concurrent_orders", "", working, "max_concurrent_orders")
    yield use("orders_per_minute", "", in_minute, "max_orders_per_minute")
    yield use("orders_per_day", "", account.orders_today, "max_orders_per_day")
    yield use("minimum_balance", "₹", account.cash, "minimum_balance", floor=True)


def _largest(shares: Mapping[str, Decimal]) -> tuple[str, Decimal]:
    return max(shares.items(), key=lambda share: share[1], default=("", Decimal(0)))
