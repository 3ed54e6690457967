from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from dashboard.api.responses.shapes import Shape, Success


class Stopped(Shape):
    status: Success
    message: str
    reason: str
    stop_id: UUID
    scope: Literal["global", "account", "strategy", "symbol"]
    name: str = Field(description="the strategy or the symbol; empty for other scopes")
    drill: bool = Field(description="nothing was changed: this is what would happen")
    user_ids: list[str]
    halted_now: list[str] = Field(description="of these, the accounts that were not halted already")
    orders_cancelled: int = Field(description="working orders that the stop cancels")
    strategies_paused: int = Field(description="active strategies that the stop pauses")
    positions_closing: int = Field(description="positions that it closes at the market; 0 without `flatten`")


class Finding(Shape):
    check: str
    passed: bool
    detail: str


class Resumed(Shape):
    status: Literal["success", "confirmation_required", "failed"] = Field(
        description="failed: something must be put right first, and nothing was changed"
    )
    message: str
    user_ids: list[str] = Field(description="accounts that were, or would be, resumed")
    checks: list[Finding] = Field(description="what was looked at; empty once confirmed")
    confirmation: str | None = Field(description="send it back within `expires_in_seconds` to resume")
    expires_in_seconds: int | None
    error_code: str | None
    reason: str | None = Field(description="why it failed")


class PortfolioRiskMetrics(Shape):
    """Percentages are of equity, which holds the cash."""

    total_exposure: float = Field(description="gross market value, in rupees")
    exposure_percentage: float
    max_drawdown: float = Field(
        description="percent below the highest equity at the start of a day; the same as current_drawdown"
    )
    current_drawdown: float
    var_95: float = Field(description="rupees lost in one day at most, in 95 of 100 days, by historical simulation")
    var_99: float
    expected_shortfall: float = Field(description="the mean loss of the days beyond VaR 95, in rupees")
    var_periods: int = Field(description="past periods behind these three; 0: the stored history is too short, and they are 0")
    sector_exposures: dict[str, float] = Field(description="percent by sector")
    position_concentrations: dict[str, float] = Field(description="percent by symbol")
    leverage_ratio: float
    risk_score: float = Field(description="0 to 1: how far the limits are used")
    equity: float
    daily_pnl: float = Field(description="rupees since the trading day began")
    daily_pnl_percent: float
    trading_state: Literal["ACTIVE", "REDUCING", "HALTED"] = Field(
        description="what holds for the account, its own or everybody's: REDUCING lets only exits pass, HALTED only cancels"
    )
    trading_state_scope: Literal["account", "global"] | None = Field(
        description="whose state that is, the account's or everybody's; null while it is ACTIVE"
    )
    trading_state_reason: str = Field(description="why, as whoever halted said; empty while it is ACTIVE")


class AccountRisk(Shape):
    status: Success
    risk_metrics: PortfolioRiskMetrics


class RiskAlert(Shape):
    id: str
    type: str
    severity: Literal["MEDIUM", "HIGH", "CRITICAL"]
    title: str
    message: str
    current_value: float | None
    threshold_value: float | None
    triggered_at: datetime
    resolved_at: datetime | None
    count: int = Field(description="how often it was raised")
    actions_taken: list[str]


class RiskAlerts(Shape):
    status: Success
    risk_alerts: list[RiskAlert]
    count: int


class RuleAnswer(Shape):
    rule: str
    passed: bool
    limit: float | int | str | None
    value: float | int | str | None
    reason: str
    room_shares: int | None = Field(description="the most shares that this rule would let pass; null: it does not bind")


class WhatIf(Shape):
    status: Success
    verdict: Literal["ACCEPTED", "DENIED"]
    checks: list[RuleAnswer]
    room_shares: int | None = Field(description="the most shares that all rules would let pass; null: none binds")
    more_shares: int | None = Field(description="that many more than asked for; negative: too many were")
    price: float | None = Field(description="the order's own price, else the last, in rupees")
    value: float | None = Field(description="rupees")
    charges: dict[str, float] | None = Field(description="each charge of the fill and their total, in rupees")
    equity: float
    cash: float


class StopLoss(Shape):
    status: Literal["success", "failed"]
    message: str
    error_code: Literal["NO_POSITION", "NO_STOP_LOSS", "WRONG_SIDE", "NOT_SUPPORTED"] | None
    reason: str | None


class SizeFigures(Shape):
    quantity: int = Field(description="shares")
    value: float = Field(description="rupees")
    percentage_of_portfolio: float


class SizeRisk(Shape):
    risk_amount: float = Field(description="rupees lost at the signal's stop, else in a move of twice the daily volatility")
    risk_percentage: float = Field(description="of equity")
    risk_reward_ratio: float = Field(description="reward to risk by the signal's two levels; 0 where it does not name both")


class SizeAdjustments(Shape):
    """Factors, each applied once."""

    confidence_adjustment: float
    volatility_adjustment: float
    correlation_adjustment: float = Field(description="always 1: what correlates is limited by sector, by the risk rules")
    final_adjustment_factor: float = Field(description="the size as a part of the account's limit for one symbol")


class SizeRecommendation(Shape):
    signal_id: str | None
    symbol: str
    model_used: str
    portfolio_value: float = Field(description="equity, in rupees")
    recommendation: SizeFigures
    risk_analysis: SizeRisk
    adjustments: SizeAdjustments
    reasoning: list[str]
    warnings: list[str]
    calculated_at: datetime


class PositionSize(Shape):
    status: Success
    recommendation: SizeRecommendation
