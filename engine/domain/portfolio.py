"""What an account's portfolio is worth, how it did, and what it risks. Rupees are Decimals, statistics floats.

Equity is cash + the net market value of the open positions. A figure that cannot be told yet is None; `NEEDS` says what for.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from engine.domain import returns as figures

ZERO = Decimal(0)
HUNDRED = Decimal(100)
DailyValues = Sequence[tuple[date, Decimal]]  # one an IST trading day, oldest first
DailyReturns = Mapping[date, float]

_TWO = "two daily returns that differ"
_TAIL = f"{figures.TAIL_DAYS} daily returns"
_MARKET = "two days of which daily candles (interval 1d) are stored, with a market that moved"
NEEDS = {
    "sharpe_ratio": _TWO,
    "volatility": "two daily returns",
    "max_drawdown": "two days",
    "maximum_drawdown": "two days",
    "portfolio_beta": _MARKET,
    "beta": _MARKET,
    "alpha": _MARKET,
    "tracking_error": _MARKET,
    "information_ratio": _MARKET,
    "portfolio_var_95": _TAIL,
    "portfolio_var_99": _TAIL,
    "expected_shortfall": _TAIL,
    "calmar_ratio": "a daily return and a drawdown",
    "sortino_ratio": "two daily returns, one of them a loss",
    "win_rate": "an open position with a profit or a loss",
    "average_position_size": "an open position",
    "risk_contribution": _MARKET,
}


@dataclass(frozen=True, slots=True)
class Holding:
    """An open position at the last known price, or at cost where none is known. Rupees; negative for a short."""

    symbol: str
    sector: str
    quantity: int
    cost: Decimal
    value: Decimal
    realized: Decimal  # before charges
    charges: Decimal

    @property
    def unrealized(self) -> Decimal:
        return self.value - self.cost

    @property
    def total(self) -> Decimal:
        """Profit or loss so far, net of charges."""
        return self.unrealized + self.realized - self.charges


@dataclass(frozen=True)
class Portfolio:
    """`days` is the equity of each day, the present one last; the market's returns are those of its equal-weighted mean."""

    cash: Decimal
    initial_cash: Decimal
    day_start_equity: Decimal
    holdings: Sequence[Holding]
    days: DailyValues = ()
    market: DailyReturns = field(default_factory=dict)
    symbols: Mapping[str, DailyReturns] = field(default_factory=dict)
    risk_free: float = 0.0  # a fraction a day

    # --- sums --------------------------------------------------------------------------------------------------------------
    @cached_property
    def net(self) -> Decimal:
        return sum((held.value for held in self.holdings), ZERO)

    @cached_property
    def gross(self) -> Decimal:
        return sum((abs(held.value) for held in self.holdings), ZERO)

    @cached_property
    def cost(self) -> Decimal:
        return sum((held.cost for held in self.holdings), ZERO)

    @property
    def equity(self) -> Decimal:
        return self.cash + self.net

    @property
    def realized(self) -> Decimal:
        """Net of charges, since the account was opened: all that cash and cost did not begin with."""
        return self.cash + self.cost - self.initial_cash

    def share(self, part: Decimal) -> float:
        """In percent of equity; 0 where there is none."""
        return _percent(part, self.equity)

    # --- returns -----------------------------------------------------------------------------------------------------------
    @cached_property
    def dated_returns(self) -> DailyReturns:
        found = figures.returns_of([value for _, value in self.days])
        return dict(zip([day for day, _ in self.days[len(self.days) - len(found) :]], found, strict=True))

    @cached_property
    def returns(self) -> list[float]:
        return list(self.dated_returns.values())

    @cached_property
    def _paired(self) -> tuple[list[float], list[float]]:
        """Our returns and the market's on the days that both have."""
        both = [day for day in self.dated_returns if day in self.market]
        return [self.dated_returns[day] for day in both], [self.market[day] for day in both]

    @cached_property
    def beta(self) -> float | None:
        return figures.beta(*self._paired)

    @cached_property
    def drawdown(self) -> float | None:
        return figures.max_drawdown_percent([value for _, value in self.days])

    # --- answers -----------------------------------------------------------------------------------------------------------
    def metrics(self) -> dict[str, Any]:
        """The figures of GET /portfolio/{user_id}/metrics."""
        totals = [held.total for held in self.holdings]
        winning, losing = sum(total > 0 for total in totals), sum(total < 0 for total in totals)
        return {
            "total_value": self.equity,
            "total_cost_basis": self.cost,
            "total_unrealized_pnl": self.net - self.cost,
            "total_realized_pnl": self.realized,
            "total_pnl": self.equity - self.initial_cash,
            "total_return_percent": _percent(self.equity - self.initial_cash, self.initial_cash),
            "daily_pnl": self.equity - self.day_start_equity,
            "daily_return_percent": _percent(self.equity - self.day_start_equity, self.day_start_equity),
            "positions_count": len(totals),
            "winning_positions": winning,
            "losing_positions": losing,
            "win_rate": winning / (winning + losing) * 100 if winning or losing else None,
            "largest_winner": max([ZERO, *totals]),
            "largest_loser": min([ZERO, *totals]),
            "average_position_size": self.gross / len(totals) if totals else None,
            "portfolio_beta": self.beta,
            "sharpe_ratio": figures.sharpe_ratio(self.returns, self.risk_free),
            "max_drawdown": self.drawdown,
            "volatility": figures.volatility_percent(self.returns),
        }

    def risk(self) -> dict[str, Any]:
        """The figures of GET /portfolio/{user_id}/risk-metrics."""
        ours, markets = self._paired
        return {
            "portfolio_var_95": self._rupees(figures.value_at_risk(self.returns, 0.95)),
            "portfolio_var_99": self._rupees(figures.value_at_risk(self.returns, 0.99)),
            "expected_shortfall": self._rupees(figures.expected_shortfall(self.returns, 0.95)),
            "beta": self.beta,
            "alpha": figures.alpha_percent(ours, markets, self.risk_free),
            "tracking_error": figures.tracking_error_percent(ours, markets),
            "information_ratio": figures.information_ratio(ours, markets),
            "maximum_drawdown": self.drawdown,
            "calmar_ratio": figures.calmar_ratio(self.returns, self.drawdown),
            "sortino_ratio": figures.sortino_ratio(self.returns, self.risk_free),
        }

    def _rupees(self, fraction: float | None) -> Decimal | None:
        """A loss of present equity. No more than all of it can be lost of what is there; nothing of what is not."""
        return None if fraction is None else max(self.equity, ZERO) * Decimal(fraction)

    def sectors(self) -> list[dict[str, Any]]:
        """Open positions by sector, the largest first. Shares are gross, as the risk limits count them."""
        groups: dict[str, list[Holding]] = defaultdict(list)
        for held in self.holdings:
            groups[held.sector].append(held)
        rows = [self._sector(sector, group) for sector, group in groups.items()]
        return sorted(rows, key=lambda row: (-row["gross_value"], row["sector"]))

    def _sector(self, sector: str, group: Sequence[Holding]) -> dict[str, Any]:
        gross = sum((abs(held.value) for held in group), ZERO)
        total = sum((held.total for held in group), ZERO)
        return {
            "sector": sector,
            "total_value": sum((held.value for held in group), ZERO),
            "gross_value": gross,
            "percentage_of_portfolio": self.share(gross),
            "positions_count": len(group),
            "unrealized_pnl": sum((held.unrealized for held in group), ZERO),
            "realized_pnl": sum((held.realized - held.charges for held in group), ZERO),
            "total_pnl": total,
            "return_percent": _percent(total, sum((abs(held.cost) for held in group), ZERO)),
            "symbols": sorted({held.symbol for held in group}),
        }

    def attribution(self) -> list[dict[str, Any]]:
        """Open positions by what they contributed to the return on the opening cash, the best first.

        After R. Grinold and R. Kahn: a position's share of the variance is weight x cov(its returns, all's) / var(all's),
        with all's returns those of the present weights; the shares sum up to 100 %.
        """
        overall = _percent(self.net - self.cost, sum((abs(held.cost) for held in self.holdings), ZERO))
        shares = self._risk_shares()
        rows = [
            {
                "symbol": held.symbol,
                "sector": held.sector,
                "contribution_to_return": _percent(held.total, self.initial_cash),
                "weight_in_portfolio": self.share(held.value),
                "individual_return": _percent(held.unrealized, abs(held.cost)),
                "excess_return": _percent(held.unrealized, abs(held.cost)) - overall,
                "risk_contribution": None if shares is None else shares[place],
            }
            for place, held in enumerate(self.holdings)
        ]
        return sorted(rows, key=lambda row: (-row["contribution_to_return"], row["symbol"]))

    def _risk_shares(self) -> list[float] | None:
        """In percent of the variance; None where a position's returns are not known on two common days."""
        known = [self.symbols.get(held.symbol, {}) for held in self.holdings]
        days = sorted(set.intersection(*(set(own) for own in known))) if known else []
        if len(days) < 2 or self.equity <= 0:
            return None
        parts = [
            [float(held.value / self.equity) * own[day] for day in days] for held, own in zip(self.holdings, known, strict=True)
        ]
        whole = [sum(day) for day in zip(*parts, strict=True)]
        variance = figures.covariance(whole, whole)
        return [figures.covariance(part, whole) / variance * 100 for part in parts] if variance > 0 else None


def _percent(part: Decimal, whole: Decimal) -> float:
    """`part` in percent of `whole`; 0 where there is no whole to speak of."""
    return float(part / whole * HUNDRED) if whole > 0 else 0.0
