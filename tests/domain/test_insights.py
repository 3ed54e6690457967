"""Remarks are made where a number calls for one, and only there."""

from typing import Any

import pytest

from engine.domain.insights import insights

CALM: dict[str, Any] = {"total_return_percent": 3.0, "volatility": 12.0, "win_rate": 55.0, "positions_count": 9}


def remarks(*, drawdown: float | None = 4.0, sector: float = 20.0, contribution: float = 1.0, **metrics: Any) -> list[str]:
    return insights(
        CALM | metrics,
        {"maximum_drawdown": drawdown},
        [{"sector": "IT", "percentage_of_portfolio": sector}],
        [{"symbol": "INFY", "contribution_to_return": contribution}],
    )


@pytest.mark.parametrize(
    ("figures", "remark"),
    [
        ({"total_return_percent": 15.1}, "The account is up 15.1 % since it was opened: strong."),
        ({"total_return_percent": 9.0}, "The account is up 9.0 % since it was opened: solid."),
        ({"total_return_percent": -6.0}, "The account is down 6.0 % since it was opened."),
        ({"drawdown": 21.0}, "The deepest drawdown was 21.0 %: review how large single positions may be."),
        ({"volatility": 26.0}, "Equity moves by 26.0 % a year (one standard deviation): that is much."),
        ({"sector": 41.0}, "IT is 41.0 % of equity: concentrated in one sector."),
        ({"win_rate": 71.0}, "71 % of the open positions are in profit."),
        ({"win_rate": 39.0}, "Only 39 % of the open positions are in profit."),
        ({"positions_count": 1}, "1 open position: hardly diversified."),
        ({"positions_count": 21}, "21 open positions: many to keep an eye on."),
        ({"contribution": 5.5}, "INFY contributed 5.5 % of the opening cash."),
    ],
)
def test_what_is_remarkable_is_remarked(figures: dict[str, Any], remark: str) -> None:
    assert remarks(**figures) == [remark]


def test_what_is_not_or_is_not_known_is_not() -> None:
    assert remarks() == []
    assert remarks(drawdown=None, volatility=None, win_rate=None, positions_count=0) == []
