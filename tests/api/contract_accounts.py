"""The old full router's answers about one account, key by key; no client ever saw them, all were promised them."""

from typing import Any

from tests.api.contract import (
    ORDER,
    ORDERS,
    POSITION,
    POSITIONS,
    ListOf,
    MapOf,
    among,
    is_integer,
    is_number,
    is_object,
    is_text,
    is_time,
    is_uuid,
    optional,
)

LISTED = {"status": among("success"), "count": is_integer, "next_cursor": optional(is_text)}
ACTIVE_ORDERS = LISTED | {"active_orders": ListOf(ORDER)}
PERFORMANCE_OF_ORDER = {
    "fill_time_seconds": optional(is_number),
    "fill_percentage": is_number,
    "average_fill_price": optional(is_number),
    "total_commission": is_number,
}
ORDER_HISTORY = LISTED | {"order_history": ListOf(ORDER), "period_days": is_integer}
SUMMARY = {
    "status": among("success"),
    "portfolio_summary": {
        "total_positions": is_integer,
        "total_market_value": is_number,
        "total_cost_basis": is_number,
        "total_unrealized_pnl": is_number,
        "total_realized_pnl": is_number,
        "portfolio_return_percent": is_number,
        "positions_by_symbol": MapOf(ListOf(POSITION)),
        "long_short_breakdown": {
            "long_value": is_number,
            "short_value": is_number,
            "net_exposure": is_number,
            "gross_exposure": is_number,
        },
        "sector_exposure": MapOf(is_number),
        "top_positions": ListOf(POSITION),
        "profitable_positions": is_integer,
        "losing_positions": is_integer,
    },
}
ROUND_TRIP = POSITION | {
    "holding_period_days": is_integer,
    "annualized_return": optional(is_number),
    "total_return": is_number,
    "total_return_percent": is_number,
}
POSITION_HISTORY = LISTED | {"position_history": ListOf(ROUND_TRIP), "period_days": is_integer}
METRICS = {
    **dict.fromkeys(
        (
            "total_value",
            "total_cost_basis",
            "total_unrealized_pnl",
            "total_realized_pnl",
            "total_pnl",
            "total_return_percent",
            "daily_pnl",
            "daily_return_percent",
            "win_rate",
            "largest_winner",
            "largest_loser",
            "average_position_size",
            "portfolio_beta",
            "sharpe_ratio",
            "max_drawdown",
            "volatility",
        ),
        is_number,
    ),
    "positions_count": is_integer,
    "winning_positions": is_integer,
    "losing_positions": is_integer,
    "calculated_at": is_time,
}
SECTOR = {
    "sector": is_text,
    "total_value": is_number,
    "percentage_of_portfolio": is_number,
    "positions_count": is_integer,
    "unrealized_pnl": is_number,
    "realized_pnl": is_number,
    "total_pnl": is_number,
    "return_percent": is_number,
    "symbols": ListOf(is_text),
}
CONTRIBUTION = {
    "symbol": is_text,
    "sector": is_text,
    "contribution_to_return": is_number,
    "weight_in_portfolio": is_number,
    "individual_return": is_number,
    "excess_return": is_number,
    "risk_contribution": is_number,
}
RISK = dict.fromkeys(
    (
        "portfolio_var_95",
        "portfolio_var_99",
        "expected_shortfall",
        "beta",
        "alpha",
        "tracking_error",
        "information_ratio",
        "maximum_drawdown",
        "calmar_ratio",
        "sortino_ratio",
    ),
    is_number,
)
REPORT = {
    "user_id": is_text,
    "generated_at": is_time,
    "summary": {
        "total_value": is_number,
        "total_return_percent": is_number,
        "daily_return_percent": is_number,
        "positions_count": is_integer,
        "win_rate": is_number,
    },
    "portfolio_metrics": METRICS,
    "sector_analysis": ListOf(SECTOR),
    "performance_attribution": ListOf(CONTRIBUTION),
    "risk_metrics": RISK,
    "current_positions": ListOf(POSITION),
    "recent_history_count": is_integer,
    "insights": ListOf(is_text),
}
STATISTICS = {
    "status": among("success"),
    "period_days": is_integer,
    "trading_statistics": {
        "order_statistics": is_object,
        "position_summary": is_object,
        "execution_metrics": {
            "total_executions": is_integer,
            "total_volume": is_number,
            "total_commission": is_number,
            "average_execution_size": is_number,
        },
        "period_days": is_integer,
        "retry_statistics": dict.fromkeys(("active_retries", "total_retry_attempts", "orders_in_retry"), is_integer),
        "success_rates": dict.fromkeys(("order_success_rate", "order_cancellation_rate", "order_rejection_rate"), is_number),
    },
}
EXECUTION = {
    "id": is_uuid,
    "order_id": is_uuid,
    "user_id": is_text,
    "symbol": is_text,
    "side": among("BUY", "SELL"),
    "quantity": is_integer,
    "price": is_number,
    "commission": is_number,
    "broker_execution_id": optional(is_text),
    "executed_at": is_time,
    "performance_metrics": {"total_value": is_number, "net_value": is_number, "commission_rate": is_number},
}
EXECUTIONS = LISTED | {"execution_history": ListOf(EXECUTION)}
PERFORMANCE = {
    "status": among("success"),
    "performance": {
        "timestamps": ListOf(is_text),
        "portfolio_values": ListOf(is_number),
        "benchmark_values": ListOf(is_number),
        "total_return": is_number,
        "sharpe_ratio": is_number,
    },
}


def success(**keys: Any) -> dict[str, Any]:
    return {"status": among("success"), **keys}


ACCOUNT_READS: dict[str, Any] = {
    "/orders/{}": ORDERS,
    "/orders/{}/active": ACTIVE_ORDERS,
    "/orders/{}/history": ORDER_HISTORY,
    "/positions/{}": POSITIONS,
    "/positions/{}/summary": SUMMARY,
    "/positions/{}/history": POSITION_HISTORY,
    "/portfolio/{}/metrics": success(portfolio_metrics=METRICS),
    "/portfolio/{}/sectors": success(sector_analysis=ListOf(SECTOR), sectors_count=is_integer),
    "/portfolio/{}/attribution": success(performance_attribution=ListOf(CONTRIBUTION), positions_analyzed=is_integer),
    "/portfolio/{}/risk-metrics": success(risk_metrics=RISK),
    "/portfolio/{}/report": success(portfolio_report=REPORT),
    "/statistics/{}/trading": STATISTICS,
    "/statistics/{}/executions": EXECUTIONS,
}
RISK_OF_ACCOUNT = dict.fromkeys(
    (
        "total_exposure",
        "exposure_percentage",
        "max_drawdown",
        "current_drawdown",
        "var_95",
        "leverage_ratio",
        "risk_score",
    ),
    is_number,
) | {"sector_exposures": MapOf(is_number), "position_concentrations": MapOf(is_number)}
ALIASES: dict[str, Any] = {
    "/positions": POSITIONS,
    "/risk/metrics": success(risk_metrics=RISK_OF_ACCOUNT),
    "/orders/active": ACTIVE_ORDERS,
    "/orders/history": ORDER_HISTORY,
    "/positions/history": POSITION_HISTORY,
    "/performance/current": PERFORMANCE,
}
