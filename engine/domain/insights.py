"""Remarks on a portfolio in words, each with the number that it rests on. The thresholds are the old API's own."""

from collections.abc import Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]


def insights(metrics: Figures, risk: Figures, sectors: Sequence[Figures], attribution: Sequence[Figures]) -> list[str]:
    """What is worth saying; nothing of what is not known."""
    return [
        *_of_return(metrics["total_return_percent"]),
        *_over(risk["maximum_drawdown"], 20, "The deepest drawdown was {:.1f} %: review how large single positions may be."),
        *_over(metrics["volatility"], 25, "Equity moves by {:.1f} % a year (one standard deviation): that is much."),
        *(
            f"{row['sector']} is {row['percentage_of_portfolio']:.1f} % of equity: concentrated in one sector."
            for row in sectors
            if row["percentage_of_portfolio"] > 40
        ),
        *_of_winners(metrics["win_rate"]),
        *_of_number(metrics["positions_count"]),
        *(
            f"{row['symbol']} contributed {row['contribution_to_return']:.1f} % of the opening cash."
            for row in attribution
            if row["contribution_to_return"] > 5
        ),
    ]


def _of_return(percent: float) -> list[str]:
    if percent > 15:
        return [f"The account is up {percent:.1f} % since it was opened: strong."]
    if percent > 8:
        return [f"The account is up {percent:.1f} % since it was opened: solid."]
    return [f"The account is down {-percent:.1f} % since it was opened."] if percent < -5 else []


def _of_winners(rate: float | None) -> list[str]:
    if rate is None or 40 <= rate <= 70:
        return []
    return [f"{'' if rate > 70 else 'Only '}{rate:.0f} % of the open positions are in profit."]


def _of_number(count: int) -> list[str]:
    if 0 < count < 5:
        return [f"{count} open position{'s' if count > 1 else ''}: hardly diversified."]
    return [f"{count} open positions: many to keep an eye on."] if count > 20 else []


def _over(value: float | None, threshold: float, text: str) -> list[str]:
    return [text.format(value)] if value is not None and value > threshold else []
