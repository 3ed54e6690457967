"""How a strategy did, from the positions that it closed. Pure; plain floats where a figure is an estimate and not money."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from engine.domain.intervals import IST

ZERO = Decimal(0)
DAYS_A_YEAR = 252  # trading days, as the NSE has them
LEAST_DAYS = 2  # for a standard deviation


class Trade(NamedTuple):
    """A position that was opened and closed again. Rupees; `gross_pnl` is before charges."""

    symbol: str
    opened_at: datetime
    closed_at: datetime
    gross_pnl: Decimal
    charges: Decimal

    @property
    def net_pnl(self) -> Decimal:
        return self.gross_pnl - self.charges

    @property
    def day(self) -> date:
        """The Indian day on which it was closed."""
        return self.closed_at.astimezone(IST).date()


class CurvePoint(NamedTuple):
    at: datetime
    pnl: Decimal  # earned so far, in rupees after charges


@dataclass(frozen=True, slots=True)
class Performance:
    """Figures of closed trades. Rupees after charges where nothing else is said; rates, returns and drawdown as fractions."""

    trades: int
    wins: int
    losses: int
    win_rate: float
    gross_pnl: Decimal
    charges: Decimal
    net_pnl: Decimal
    average_win: Decimal
    average_loss: Decimal  # negative
    best: Decimal
    worst: Decimal
    max_drawdown_rupees: Decimal
    max_drawdown: float  # of the capital
    total_return: float  # of the capital
    sharpe_ratio: float | None  # None for fewer than two days, or days that are all alike
    volatility: float  # of the daily returns, a year
    average_seconds: float
    days: int  # trading days that ratio and volatility are of
    days_traded: int

    @property
    def sharpe_basis(self) -> str:
        formula = f"mean / standard deviation of the daily net P&L over capital × √{DAYS_A_YEAR}, risk-free rate 0"
        return f"{formula}, over {self.days} trading days"


def performance_of(trades: Sequence[Trade], capital: Decimal, trading_days: Collection[date]) -> Performance:
    """The figures of these trades, oldest first. `trading_days` are those on which it could have traded: 0 is a return too."""
    nets = [trade.net_pnl for trade in trades]
    won, lost = [net for net in nets if net > 0], [net for net in nets if net <= 0]
    net, fallen = sum(nets, ZERO), _deepest_fall(nets)
    returns = _daily_returns(trades, capital, trading_days)
    return Performance(
        trades=len(trades),
        wins=len(won),
        losses=len(lost),
        win_rate=len(won) / len(trades) if trades else 0.0,
        gross_pnl=sum((trade.gross_pnl for trade in trades), ZERO),
        charges=sum((trade.charges for trade in trades), ZERO),
        net_pnl=net,
        average_win=_average(won),
        average_loss=_average(lost),
        best=max(nets, default=ZERO),
        worst=min(nets, default=ZERO),
        max_drawdown_rupees=fallen,
        max_drawdown=_share(fallen, capital),
        total_return=_share(net, capital),
        sharpe_ratio=_sharpe(returns),
        volatility=stdev(returns) * sqrt(DAYS_A_YEAR) if len(returns) >= LEAST_DAYS else 0.0,
        average_seconds=fmean((trade.closed_at - trade.opened_at).total_seconds() for trade in trades) if trades else 0.0,
        days=len(returns),
        days_traded=len({trade.day for trade in trades}),
    )


def _average(amounts: Sequence[Decimal]) -> Decimal:
    return sum(amounts, ZERO) / len(amounts) if amounts else ZERO


def _share(amount: Decimal, capital: Decimal) -> float:
    return float(amount / capital) if capital > 0 else 0.0


def _deepest_fall(nets: Sequence[Decimal]) -> Decimal:
    """The largest fall of what was earned so far below its highest, which begins at nothing."""
    earned = peak = fallen = ZERO
    for net in nets:
        earned += net
        peak = max(peak, earned)
        fallen = max(fallen, peak - earned)
    return fallen


def _daily_returns(trades: Sequence[Trade], capital: Decimal, trading_days: Collection[date]) -> list[float]:
    if capital <= 0:
        return []
    by_day: dict[date, Decimal] = defaultdict(Decimal, dict.fromkeys(trading_days, ZERO))
    for trade in trades:
        by_day[trade.day] += trade.net_pnl
    return [float(net / capital) for net in by_day.values()]


def _sharpe(returns: Sequence[float]) -> float | None:
    if len(returns) < LEAST_DAYS:
        return None
    spread = stdev(returns)
    return fmean(returns) / spread * sqrt(DAYS_A_YEAR) if spread > 1e-12 else None


def curve_of(trades: Sequence[Trade], most: int) -> list[CurvePoint]:
    """What was earned after each trade, oldest first, thinned to some `most` points; the last one always stays."""
    points, earned = [], ZERO
    for trade in trades:
        earned += trade.net_pnl
        points.append(CurvePoint(trade.closed_at, earned))
    step = max(1, -(-len(points) // most))
    return points[::-1][::step][::-1]
