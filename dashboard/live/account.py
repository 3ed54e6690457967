"""The Overview's figures of the chosen accounts: sums against limits, the largest positions, the latest orders and fills."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from dashboard import figures
from dashboard.live import orders, positions
from dashboard.live.state import Row, State, picked, wire
from dashboard.live.topics import Topic
from engine import config
from engine.models import Account
from engine.selectors.accounts import account_summary
from engine.selectors.orders import executions_latest

LATEST = 10  # orders, and fills
LARGEST = 10  # positions
LIMITS = ("max_portfolio_exposure_percent", "max_drawdown_percent")
FILL = ("id", "user_id", "symbol", "side", "quantity", "price", "net_pnl", "executed_at")


def state(topic: Topic, now: datetime) -> State:
    return {
        "summary": {"all": summary(topic.user_ids, now)},
        "positions": positions.largest_rows(topic.user_ids, LARGEST),
        "orders": orders.brief_rows(topic.user_ids, LATEST),
        "fills": fills(topic.user_ids),
    }


def summary(user_ids: list[str] | None, now: datetime) -> Row:
    """Rupees and percent, as account_summary gives them; the day's gain before charges; the accounts' strictest limits."""
    found = account_summary(user_ids, now=now)
    exposure, drawdown = limits(user_ids)
    return wire(
        found
        | {
            "day_pnl_gross": found["day_pnl"] + found["charges"],
            "exposure_limit_percent": exposure,
            "exposure_of": _of(exposure),
            "drawdown_of": _of(drawdown),
        }
    )


def _of(limit: Decimal | None) -> str:
    return "" if limit is None else f"of {figures.percent(limit)}"


def limits(user_ids: list[str] | None) -> list[Decimal | None]:
    """The strictest of LIMITS that holds for any of the accounts, in percent; None where there is none. Two statements."""
    accounts = Account.objects.all() if user_ids is None else Account.objects.filter(user_id__in=user_ids)
    defaults = config.current()
    own = list(accounts.values_list(*LIMITS).distinct())
    return [_strictest((row[place] for row in own), getattr(defaults, name)) for place, name in enumerate(LIMITS)]


def _strictest(own: Iterable[Decimal | None], default: Decimal | None) -> Decimal | None:
    in_force = [default if limit is None else limit for limit in own]
    return min((limit for limit in in_force if limit is not None), default=None)


def fills(user_ids: list[str] | None) -> dict[str, Row]:
    rows = (picked(fill, FILL) for fill in executions_latest(user_ids, limit=LATEST))
    return {row["id"]: row | {"sort": f"{row['executed_at']} {row['id']}"} for row in rows}
