"""Shapes of the reads of one account. Where a figure cannot be told yet, its key holds 0, for old clients format it as a
number, and `unavailable` names the key and says what is missing."""

from datetime import date, datetime

from pydantic import Field

from dashboard.api.responses.orders import Execution
from dashboard.api.responses.shapes import Listed, Shape, Success
from dashboard.api.responses.trading import Order, Position

UNAVAILABLE = "the keys whose 0 is no measurement, each with what is missing"


# --- orders ----------------------------------------------------------------------------------------------------------------
class ActiveOrders(Listed):
    status: Success
    active_orders: list[Order] = Field(description="newest first")
    count: int = Field(description="how many are in this answer")


class OrderPerformance(Shape):
    fill_time_seconds: float | None = Field(description="seconds from creation to the last fill")
    fill_percentage: float = Field(description="0 to 1")
    average_fill_price: float | None = Field(description="rupees a share")
    total_commission: float = Field(description="all charges, in rupees")


class HistoricOrder(Order):
    performance_metrics: OrderPerformance | None = Field(None, description="of filled orders only; the others lack it")


class OrderHistory(Listed):
    status: Success
    order_history: list[HistoricOrder] = Field(description="newest first")
    count: int = Field(description="how many are in this answer")
    period_days: int = Field(description="IST days, the present one among them")


# --- positions -------------------------------------------------------------------------------------------------------------
class LongShort(Shape):
    long_value: float = Field(description="rupees")
    short_value: float = Field(description="rupees, negative")
    net_exposure: float = Field(description="rupees: long + short")
    gross_exposure: float = Field(description="rupees: long - short")


class PortfolioSummary(Shape):
    total_positions: int = Field(description="open ones")
    total_market_value: float = Field(description="rupees, net: shorts count negative")
    total_cost_basis: float = Field(description="rupees, net")
    total_unrealized_pnl: float = Field(description="rupees")
    total_realized_pnl: float = Field(description="rupees, net of charges, since the account was opened")
    portfolio_return_percent: float = Field(description="of the opening cash, since the account was opened")
    cash: float = Field(description="rupees")
    equity: float = Field(description="rupees: cash + net market value")
    positions_by_symbol: dict[str, list[Position]] = Field(description="open positions, one a strategy")
    long_short_breakdown: LongShort
    sector_exposure: dict[str, float] = Field(description="gross market value by sector, in percent of equity")
    top_positions: list[Position] = Field(description="the ten largest by market value")
    profitable_positions: int = Field(description="open ones with a profit, net of charges")
    losing_positions: int = Field(description="open ones with a loss, net of charges")


class Summary(Shape):
    status: Success
    portfolio_summary: PortfolioSummary


class RoundTrip(Position):
    holding_period_days: int = Field(description="whole days")
    entry_value: float | None = Field(description="rupees that entering it cost, short or long")
    total_return: float = Field(description="rupees, net of charges")
    total_return_percent: float = Field(description="of the entry value, net of charges")
    annualized_return: float | None = Field(description="percent a year; null for less than a day held")
    unavailable: dict[str, str] = Field(description=UNAVAILABLE)


class PositionHistory(Listed):
    status: Success
    position_history: list[RoundTrip] = Field(description="closed positions, latest first")
    count: int = Field(description="how many are in this answer")
    period_days: int = Field(description="IST days, the present one among them")


# --- portfolio -------------------------------------------------------------------------------------------------------------
class PortfolioMetrics(Shape):
    total_value: float = Field(description="rupees: equity, which is cash + net market value")
    total_cost_basis: float = Field(description="rupees, net: what the open positions took out of the cash")
    total_unrealized_pnl: float = Field(description="rupees")
    total_realized_pnl: float = Field(description="rupees, net of charges, since the account was opened")
    total_pnl: float = Field(description="rupees, net of charges, since the account was opened")
    total_return_percent: float = Field(description="total P&L in percent of the opening cash")
    daily_pnl: float = Field(description="rupees since the trading day began")
    daily_return_percent: float = Field(description="of the equity at the day's beginning")
    positions_count: int = Field(description="open positions")
    winning_positions: int = Field(description="open positions with a profit, net of charges")
    losing_positions: int = Field(description="open positions with a loss, net of charges")
    win_rate: float = Field(description="percent: winning of winning and losing open positions")
    largest_winner: float = Field(description="rupees: the best open position's P&L; 0 where none has a profit")
    largest_loser: float = Field(description="rupees: the worst open position's P&L; 0 where none has a loss")
    average_position_size: float = Field(description="rupees, gross")
    portfolio_beta: float = Field(description="of daily returns, against the equal-weighted market")
    sharpe_ratio: float = Field(description="a year, of daily returns, against RISK_FREE_RATE_PERCENT")
    max_drawdown: float = Field(description="percent, of daily values")
    volatility: float = Field(description="percent a year, of daily returns")
    cash: float = Field(description="rupees")
    observations: int = Field(description="daily returns that the statistics rest on")
    unavailable: dict[str, str] = Field(description=UNAVAILABLE)
    trading_day: date = Field(description="the IST trading day that the daily figures are for")
    calculated_at: datetime


class PortfolioMetricsAnswer(Shape):
    status: Success
    portfolio_metrics: PortfolioMetrics


class Sector(Shape):
    sector: str
    total_value: float = Field(description="rupees, net: shorts count negative")
    gross_value: float = Field(description="rupees")
    percentage_of_portfolio: float = Field(description="gross, in percent of equity (cash included)")
    positions_count: int
    unrealized_pnl: float = Field(description="rupees")
    realized_pnl: float = Field(description="rupees, by the open positions, net of charges")
    total_pnl: float = Field(description="rupees, net of charges")
    return_percent: float = Field(description="total P&L in percent of the gross cost")
    symbols: list[str]


class Sectors(Shape):
    status: Success
    sector_analysis: list[Sector] = Field(description="of the open positions, the largest first")
    sectors_count: int


class Contribution(Shape):
    symbol: str
    sector: str
    contribution_to_return: float = Field(description="P&L net of charges in percent of the opening cash")
    weight_in_portfolio: float = Field(description="market value in percent of equity; negative for a short")
    individual_return: float = Field(description="unrealised P&L in percent of the cost")
    excess_return: float = Field(description="percentage points above all open positions' return")
    risk_contribution: float = Field(description="percent of the variance of the present weights' daily returns")


class Attribution(Shape):
    status: Success
    performance_attribution: list[Contribution] = Field(description="open positions, the best first")
    positions_analyzed: int
    unavailable: dict[str, str] = Field(description=UNAVAILABLE)


class PortfolioRisk(Shape):
    portfolio_var_95: float = Field(description="rupees: a day's historical VaR at 95 %, of the account's own daily returns")
    portfolio_var_99: float = Field(description="rupees, at 99 %; with fewer than 100 daily returns the worst of them")
    expected_shortfall: float = Field(description="rupees: the mean loss of the worst twentieth of the days")
    beta: float = Field(description="of daily returns, against the equal-weighted market")
    alpha: float = Field(description="Jensen's, percent a year")
    tracking_error: float = Field(description="percent a year, against the equal-weighted market")
    information_ratio: float = Field(description="a year, against the equal-weighted market")
    maximum_drawdown: float = Field(description="percent, of daily values")
    calmar_ratio: float = Field(description="compound annual return over maximum drawdown")
    sortino_ratio: float = Field(description="a year, of daily returns, against RISK_FREE_RATE_PERCENT")
    observations: int = Field(description="daily returns that the statistics rest on")
    unavailable: dict[str, str] = Field(description=UNAVAILABLE)


class PortfolioRiskAnswer(Shape):
    status: Success
    risk_metrics: PortfolioRisk


class ReportSummary(Shape):
    total_value: float = Field(description="rupees: equity")
    total_return_percent: float = Field(description="of the opening cash")
    daily_return_percent: float = Field(description="of the equity at the day's beginning")
    positions_count: int = Field(description="open positions")
    win_rate: float = Field(description="percent")


class Report(Shape):
    user_id: str
    generated_at: datetime
    summary: ReportSummary
    portfolio_metrics: PortfolioMetrics
    sector_analysis: list[Sector]
    performance_attribution: list[Contribution]
    risk_metrics: PortfolioRisk
    current_positions: list[Position]
    recent_history_count: int = Field(description="positions closed in the last 30 IST days")
    insights: list[str] = Field(description="remarks in words, each with its number")


class ReportAnswer(Shape):
    status: Success
    portfolio_report: Report


class Performance(Shape):
    timestamps: list[date] = Field(description="IST days, oldest first; the first is the day before the account's first")
    portfolio_values: list[float] = Field(description="rupees: equity at each day's end, the present one last")
    benchmark_values: list[float] = Field(description="rupees, had the first value been in the equal-weighted market; or empty")
    total_return: float = Field(description="percent of the opening cash")
    sharpe_ratio: float = Field(description="a year, of daily returns")
    unavailable: dict[str, str] = Field(description=UNAVAILABLE)


class PerformanceAnswer(Shape):
    status: Success
    performance: Performance


# --- statistics ------------------------------------------------------------------------------------------------------------
class ExecutionMetrics(Shape):
    total_executions: int
    total_volume: float = Field(description="rupees traded")
    total_quantity: int = Field(description="shares traded")
    total_commission: float = Field(description="all charges, in rupees")
    average_execution_size: float = Field(description="rupees a fill")


class PositionStatistics(Shape):
    open_positions: int = Field(description="now")
    closed_positions: int = Field(description="in the period")
    winning_positions: int = Field(description="closed with a profit, net of charges")
    losing_positions: int = Field(description="closed with a loss, net of charges")
    realized_pnl: float = Field(description="rupees, of the closed ones, before charges")
    charges: float = Field(description="rupees, of the closed ones")
    net_pnl: float = Field(description="rupees, of the closed ones")
    win_rate: float = Field(description="0 to 1: winning of winning and losing ones")


class RetryStatistics(Shape):
    active_retries: int
    total_retry_attempts: int
    orders_in_retry: int


class SuccessRates(Shape):
    order_success_rate: float = Field(description="0 to 1: filled, of the orders that came to their end")
    order_cancellation_rate: float = Field(description="0 to 1")
    order_rejection_rate: float = Field(description="0 to 1")


class TradingStatistics(Shape):
    order_statistics: dict[str, float | None] = Field(
        description="counts by status, type and side; `average_fill_seconds` from creation to the last fill, null without fills"
    )
    position_summary: PositionStatistics
    execution_metrics: ExecutionMetrics
    period_days: int
    retry_statistics: RetryStatistics
    success_rates: SuccessRates
    unavailable: dict[str, str] = Field(description=UNAVAILABLE)


class TradingStatisticsAnswer(Shape):
    status: Success
    trading_statistics: TradingStatistics
    period_days: int = Field(description="IST days, the present one among them")


class ExecutionPerformance(Shape):
    total_value: float = Field(description="rupees: quantity x price")
    net_value: float = Field(description="rupees that it took out of the cash (a purchase) or brought (a sale)")
    commission_rate: float = Field(description="charges as a fraction of the value")
    commission_rate_percent: float = Field(description="the same in percent")


class MeasuredExecution(Execution):
    performance_metrics: ExecutionPerformance


class Executions(Listed):
    status: Success
    execution_history: list[MeasuredExecution] = Field(description="newest first")
    count: int = Field(description="how many are in this answer")
