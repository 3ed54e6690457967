"""An account's portfolio for reading: what is held, how it did, what it risks. As many statements, however much is held."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings

from engine.domain.insights import insights
from engine.domain.portfolio import NEEDS, DailyReturns, DailyValues, Holding, Portfolio
from engine.domain.returns import DAYS_A_YEAR
from engine.models import Account, Position
from engine.selectors.daily import DAY, WINDOW, equity_by_day, returns_by_day
from engine.selectors.positions import market_value, position_dict
from engine.selectors.prices import UNQUOTED, Quote, quotes_of
from engine.selectors.units import rupees

TOP = 10  # positions
Figures = dict[str, Any]


@dataclass
class PortfolioReport:
    """Everything that the portfolio routes answer, each part computed when it is asked for. `now` is when it was read."""

    account: Account
    rows: Sequence[Position]
    quotes: Mapping[str, Quote]
    portfolio: Portfolio
    now: datetime

    # --- positions ---------------------------------------------------------------------------------------------------------
    @cached_property
    def positions(self) -> list[Figures]:
        return [position_dict(row, self.quotes) for row in self.rows]

    def summary(self) -> Figures:
        """Open positions grouped and added up; what was realised since the account was opened."""
        portfolio, positions = self.portfolio, self.positions
        by_symbol: dict[str, list[Figures]] = defaultdict(list)
        for position in positions:
            by_symbol[position["symbol"]].append(position)
        long = sum((held.value for held in portfolio.holdings if held.value > 0), Decimal(0))
        figures = portfolio.metrics()
        return {
            "total_positions": len(positions),
            "total_market_value": rupees(portfolio.net),
            "total_cost_basis": rupees(portfolio.cost),
            "total_unrealized_pnl": rupees(portfolio.net - portfolio.cost),
            "total_realized_pnl": rupees(portfolio.realized),
            "portfolio_return_percent": round(figures["total_return_percent"], 4),
            "cash": rupees(portfolio.cash),
            "equity": rupees(portfolio.equity),
            "positions_by_symbol": by_symbol,
            "long_short_breakdown": {
                "long_value": rupees(long),
                "short_value": rupees(portfolio.net - long),
                "net_exposure": rupees(portfolio.net),
                "gross_exposure": rupees(portfolio.gross),
            },
            "sector_exposure": {row["sector"]: round(row["percentage_of_portfolio"], 4) for row in portfolio.sectors()},
            "top_positions": sorted(positions, key=lambda row: -abs(row["market_value"]))[:TOP],
            "profitable_positions": figures["winning_positions"],
            "losing_positions": figures["losing_positions"],
        }

    # --- figures -----------------------------------------------------------------------------------------------------------
    def metrics(self) -> Figures:
        return self._told(self.portfolio.metrics()) | {
            "cash": rupees(self.portfolio.cash),
            "trading_day": self.account.trading_day,
            "calculated_at": self.now,
        }

    def risk(self) -> Figures:
        return self._told(self.portfolio.risk())

    def sectors(self) -> list[Figures]:
        return [rounded(row) for row in self.portfolio.sectors()]

    def attribution(self) -> list[Figures]:
        return [rounded(row | {"risk_contribution": row["risk_contribution"] or 0.0}) for row in self.portfolio.attribution()]

    def attribution_lacks(self) -> dict[str, str]:
        """Empty where there is nothing to attribute: the positions' shares of the risk are known together, or not at all."""
        rows = self.portfolio.attribution()
        return self._lacks({"risk_contribution": rows[0]["risk_contribution"]}) if rows else {}

    def performance(self) -> Figures:
        """The equity of each day, and beside it what the opening cash would be worth in the equal-weighted market."""
        days = self.portfolio.days
        value, market = float(days[0][1]), []
        for day, _ in days:
            value *= 1 + self.portfolio.market.get(day, 0.0)
            market.append(round(value, 2))
        figures = self.metrics()
        return {
            "timestamps": [day for day, _ in days],
            "portfolio_values": [rupees(equity) for _, equity in days],
            "benchmark_values": market if self.portfolio.market else [],
            "total_return": figures["total_return_percent"],
            "sharpe_ratio": figures["sharpe_ratio"],
            "unavailable": figures["unavailable"],
        }

    def report(self, *, recent_history: int) -> Figures:
        """All of it in one; `recent_history` is how many positions were closed lately."""
        metrics = self.metrics()
        portfolio = self.portfolio
        return {
            "user_id": self.account.user_id,
            "generated_at": self.now,
            "summary": {name: metrics[name] for name in SUMMARY},
            "portfolio_metrics": metrics,
            "sector_analysis": self.sectors(),
            "performance_attribution": self.attribution(),
            "risk_metrics": self.risk(),
            "current_positions": self.positions,
            "recent_history_count": recent_history,
            "insights": insights(portfolio.metrics(), portfolio.risk(), portfolio.sectors(), portfolio.attribution()),
        }

    def _told(self, figures: Figures) -> Figures:
        """Old clients format these keys as numbers: what cannot be told is 0 there, and `unavailable` says why."""
        numbers = {key: 0.0 if value is None else value for key, value in figures.items()}
        return rounded(numbers) | {"observations": len(self.portfolio.returns), "unavailable": self._lacks(figures)}

    def _lacks(self, figures: Figures) -> dict[str, str]:
        there = len(self.portfolio.returns)
        return {key: f"needs {NEEDS[key]}; daily returns so far: {there}" for key, value in figures.items() if value is None}


SUMMARY = ("total_value", "total_return_percent", "daily_return_percent", "positions_count", "win_rate")


def portfolio_report(user_id: str, *, now: datetime, with_market: bool = False) -> PortfolioReport:
    """The account's portfolio. Five statements; two more `with_market`, which beta and what rests on it need.

    Raises Account.DoesNotExist.
    """
    account = Account.objects.get(user_id=user_id)
    rows = list(Position.objects.open().filter(account=user_id).order_by("symbol", "strategy_id"))
    quotes = quotes_of({row.symbol for row in rows})
    holdings = [_holding(row, quotes.get(row.symbol, UNQUOTED)) for row in rows]
    equity = account.cash + sum((held.value for held in holdings), Decimal(0))
    days = _days(account, equity)
    market, symbols = _market(days[0][0], {row.symbol for row in rows}) if with_market else ({}, {})
    portfolio = Portfolio(
        cash=account.cash,
        initial_cash=account.initial_cash,
        day_start_equity=account.day_start_equity,
        holdings=holdings,
        days=days,
        market=market,
        symbols=symbols,
        risk_free=float(settings.RISK_FREE_RATE_PERCENT) / 100 / DAYS_A_YEAR,
    )
    return PortfolioReport(account, rows, quotes, portfolio, now)


def rounded(figures: Figures) -> Figures:
    """Rupees to paise, statistics and percentages to four decimals."""
    return {
        key: rupees(value) if isinstance(value, Decimal) else round(value, 4) if isinstance(value, float) else value
        for key, value in figures.items()
    }


def _holding(row: Position, quote: Quote) -> Holding:
    value = market_value(row.quantity, row.cost, quote)
    return Holding(row.symbol, quote.sector, row.quantity, row.cost, value, row.realized_pnl, row.charges)


def _days(account: Account, equity: Decimal) -> DailyValues:
    """The opening cash, each day's last equity, and the present equity as that of the day that goes on."""
    known = equity_by_day(account.user_id)
    days = dict(known.days)
    present = max([account.trading_day, *days])
    days[present] = equity
    if known.whole:
        days = {min(days) - timedelta(days=1): account.initial_cash} | days
    return list(days.items())


def _market(since: Any, held: Collection[str]) -> tuple[DailyReturns, dict[str, DailyReturns]]:
    market, shares = returns_by_day(since=since - DAY * 7)  # the close before the first day lies behind a weekend
    return market, {symbol: shares[symbol] for symbol in held if symbol in shares}


__all__ = ["WINDOW", "PortfolioReport", "portfolio_report", "rounded"]
