from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from dashboard.api.responses.shapes import Shape, Success


class StrategyMetrics(Shape):
    """Of the positions closed in the last 30 days; rupees after charges."""

    win_rate: float = Field(description="0 to 1")
    win_rate_percent: float
    avg_profit: float = Field(description="rupees, of a won trade")
    avg_loss: float = Field(description="rupees, of a lost trade; negative")
    max_drawdown: float = Field(description="fraction of the capital")
    max_drawdown_percent: float
    sharpe_ratio: float = Field(description="a year; 0 where there are too few days to say")
    total_return: float = Field(description="fraction of the capital")
    total_return_percent: float
    total_trades: int
    period_days: int


class StrategyStatus(Shape):
    """A strategy as it stands. Counts are since it was deployed, rupees."""

    strategy_id: str
    user_id: str
    name: str
    description: str
    type: str
    rule: str | None
    status: Literal["ACTIVE", "PAUSED", "STOPPED", "ERROR"]
    status_reason: str | None = Field(description="why it is paused or stopped")
    lifecycle_stage: str
    deployed_at: datetime
    updated_at: datetime
    last_signal_at: datetime | None
    total_signals: int
    total_trades: int = Field(description="positions closed")
    successful_trades: int = Field(description="of them, those with a gain after charges")
    failed_trades: int
    total_pnl: float = Field(description="rupees, of closed positions, after charges")
    unrealized_pnl: float = Field(description="rupees, of what it holds, at the last prices")
    current_positions: int
    trades_today: int = Field(description="orders of the trading day that opened or enlarged a position")
    error_count: int = Field(description="since it was started or last resumed")
    last_error: str | None
    performance_metrics: StrategyMetrics
    symbols: list[str] = Field(description="what it trades; empty for everything")
    parameters: dict[str, Any]
    max_positions: int
    max_daily_trades: int
    max_drawdown_percent: float = Field(description="of its capital; reached, it is stopped")
    min_win_rate_percent: float = Field(description="after 20 trades; below, it is paused")
    max_errors: int = Field(description="reached, it is paused")
    capital: float = Field(description="rupees that its losses are measured against")
    limits_enforced: bool = Field(description="false for one of before there were limits, until it is resumed or modified")


class Strategies(Shape):
    status: Success
    strategies: list[StrategyStatus]
    count: int


class OneStrategy(Shape):
    status: Success
    strategy_status: StrategyStatus


class FieldProblem(Shape):
    field: str
    message: str


class Deployed(Shape):
    """`failed` with everything that is wrong; nothing was stored then."""

    status: Literal["success", "failed"]
    strategy_id: str | None
    lifecycle_stage: Literal["ACTIVE", "VALIDATED"] | None = Field(description="VALIDATED where only that was asked for")
    error: str | None
    error_code: Literal["VALIDATION_FAILED"] | None
    reason: str | None
    details: list[FieldProblem]
    warnings: list[str]


class Controlled(Shape):
    """`failed` where the strategy cannot go there from where it stands; nothing was changed then."""

    status: Literal["success", "failed"]
    action_id: UUID | None = Field(description="the event's id; finds its chain in the event log")
    executed_at: datetime | None
    details: dict[str, Any] | None
    error: str | None
    error_code: Literal["INVALID_TRANSITION", "VALIDATION_FAILED"] | None
    reason: str | None


class CurvePoint(Shape):
    at: datetime
    pnl: float = Field(description="earned so far in the period, in rupees after charges")


class PerformanceFigures(Shape):
    """Of the positions that were closed in the period."""

    strategy_id: str
    period_days: int
    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float = Field(description="0 to 1")
    win_rate_percent: float
    total_pnl: float = Field(description="rupees after charges")
    gross_pnl: float = Field(description="rupees before charges")
    charges: float
    total_return_percent: float = Field(description="of the capital")
    max_drawdown: float = Field(description="fraction of the capital")
    max_drawdown_percent: float
    sharpe_ratio: float = Field(description="a year; 0 where there are too few days to say")
    sharpe_ratio_basis: str = Field(description="its formula, and how many trading days it is of")
    avg_trade_duration: float = Field(description="seconds")
    avg_profit: float
    avg_loss: float
    best_trade: float = Field(description="rupees after charges")
    worst_trade: float = Field(description="rupees after charges")
    volatility: float = Field(description="of daily returns, a year, as a fraction")
    volatility_percent: float
    capital: float = Field(description="rupees")
    is_complete: bool = Field(description="false where there were more trades than are looked at: these are the latest")
    equity_curve: list[CurvePoint]
    calculated_at: datetime


class StrategyPerformance(Shape):
    status: Success
    performance: PerformanceFigures


class LifecycleStep(Shape):
    event_id: UUID
    stage: str
    previous_stage: str | None
    timestamp: datetime
    triggered_by: Literal["USER", "SYSTEM", "PERFORMANCE", "RISK"]
    reason: str
    metadata: dict[str, Any] = Field(description="who it was, the limit with its value, what was changed")


class Lifecycle(Shape):
    status: Success
    lifecycle_history: list[LifecycleStep] = Field(description="newest first")
    count: int


class Suggestion(Shape):
    suggestion_id: UUID
    strategy_id: str
    category: Literal["PARAMETERS", "RISK", "TIMING", "SYMBOLS"]
    priority: Literal["HIGH", "MEDIUM", "LOW"]
    description: str = Field(description="with the numbers that carry it")
    current_value: Any
    suggested_value: Any
    expected_improvement: str
    confidence: float = Field(description="0 to 1; 1 for what is plainly measured")
    created_at: datetime


class Recommended(Shape):
    action: Literal["CONTINUE", "OPTIMIZE", "PAUSE", "RETIRE"] | None = Field(description="null where there are too few trades")
    points_for: int
    points_against: int
    reasons: list[str]


class Optimization(Shape):
    status: Success
    optimization_suggestions: list[Suggestion]
    count: int
    recommendation: Recommended
