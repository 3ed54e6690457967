"""Strategies at a glance: where each stands, what it earned, and the line of its latest trades."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine import reading
from engine.domain.enums import StrategyStatus
from engine.domain.intervals import IST
from engine.models import Position, Strategy
from engine.selectors.strategies import Held, held_by
from engine.selectors.units import Scope, rupees

MOST = 100  # strategies in a list
TRADES = 40  # of each, that its line is drawn from
STRATEGIES_A_STATEMENT = 100  # SQLite takes at most 500 parts in one union
OF_IT = (
    "status = 'CLOSED' and not (strategy_id = '') and strategy_id = %s order by closed_at desc"  # as the partial index has it
)
LATEST = f"select * from (select strategy_id, realized_pnl, charges from engine_position where {OF_IT} limit %s) as latest"  # noqa: S608
NOTHING = Held(0, Decimal(0))


def strategies_at_a_glance(user_ids: Scope = None, *, include_retired: bool = False) -> list[dict[str, Any]]:
    """The strategies, newest first, with the figures that the engine counts as they trade. Four statements.

    Money in rupees. `line` is the net P&L after each of the latest trades, oldest first, and ends at `total_pnl`.
    """
    rows = Strategy.objects.select_related("account")
    if user_ids is not None:
        rows = rows.filter(account__in=user_ids)
    if not include_retired:
        rows = rows.exclude(status=StrategyStatus.RETIRED)
    found = list(rows.order_by("-deployed_at", "id")[:MOST])
    ids = [row.id for row in found]
    held, lines = held_by(ids), _lines({row.id: row.net_pnl for row in found})
    return [_glance(row, held.get(row.id, NOTHING), lines.get(row.id, [])) for row in found]


def _glance(row: Strategy, held: Held, line: Sequence[Decimal]) -> dict[str, Any]:
    return {
        "id": row.id,
        "user_id": row.account_id,
        "name": row.name,
        "strategy_type": row.strategy_type,
        "rule": row.rule or None,
        "status": row.status,
        "status_reason": row.status_reason,
        "total_pnl": rupees(row.net_pnl),
        "unrealized_pnl": rupees(held.unrealized_pnl),
        "current_positions": held.positions,
        "max_positions": row.max_positions,
        "total_signals": row.signals,
        "total_trades": row.trades,
        "win_rate_percent": row.wins * 100 / row.trades if row.trades else None,
        "trades_today": row.trades_today if row.traded_on == row.account.trading_day else 0,
        "max_daily_trades": row.max_daily_trades,
        "last_signal_at": row.last_signal_at,
        "deployed_at": row.deployed_at,
        "line": line,
    }


def _lines(ends: dict[str, Decimal]) -> dict[str, list[Decimal]]:
    """Backwards from where each strategy's P&L stands now."""
    lines: dict[str, list[Decimal]] = {id: [end] for id, end in ends.items()}
    ids = list(ends)
    for first in range(0, len(ids), STRATEGIES_A_STATEMENT):
        part = ids[first : first + STRATEGIES_A_STATEMENT]
        parameters = [value for id in part for value in (id, TRADES)]
        for strategy_id, gross, charges in reading.execute(" union all ".join([LATEST] * len(part)), parameters):
            lines[strategy_id].append(lines[strategy_id][-1] - Decimal(str(gross)) + Decimal(str(charges)))
    return {id: line[::-1] for id, line in lines.items()}


def latest_trade_of(strategy_id: str) -> tuple[Any, ...] | None:
    """Id and time of its latest trade: another as soon as it has closed one more position. One step into the index."""
    return next(iter(reading.select(Position, ("id", "closed_at"), f"where {OF_IT} limit 1", [strategy_id])), None)


def measured_by(strategy: Strategy, now: datetime) -> tuple[Any, ...]:
    """What else its figures rest on: how it is set, its capital, and the day that they are counted up to."""
    return strategy.updated_at, strategy.capital or strategy.account.day_start_equity, now.astimezone(IST).date()
