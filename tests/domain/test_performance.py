"""A strategy's figures against hand-computed ones, and what they suggest."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any

import pytest

from engine.domain.performance import Trade, curve_of, performance_of
from engine.domain.suggestions import Case, recommendation_for, suggestions_for, sure_of_loss

MONDAY = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)  # 09:30 in India
CAPITAL = Decimal(10_000)
WEEK = [(MONDAY + timedelta(days=number)).date() for number in range(5)]


def trade(net: Any, *, day: int = 0, hour: int = 0, symbol: str = "INFY", charges: Any = 0, minutes: int = 30) -> Trade:
    opened = MONDAY + timedelta(days=day, hours=hour)
    gross = Decimal(str(net)) + Decimal(str(charges))
    return Trade(symbol, opened, opened + timedelta(minutes=minutes), gross, Decimal(str(charges)))


def test_figures_by_hand():
    trades = [
        trade(100, charges=5),
        trade(-300, day=1, charges=10, minutes=90),
        trade(50, day=1, hour=2),
        trade(-50, day=3, charges=1),
        trade(400, day=4, charges=4),
    ]
    found = performance_of(trades, CAPITAL, WEEK)
    assert (found.trades, found.wins, found.losses, found.win_rate) == (5, 3, 2, 0.6)
    assert (found.net_pnl, found.gross_pnl, found.charges) == (200, 220, 20)
    assert (found.best, found.worst) == (400, -300)
    assert found.average_win == Decimal(550) / 3
    assert found.average_loss == -175
    assert (found.max_drawdown_rupees, found.max_drawdown) == (300, 0.03)  # 100, -200, -150, -200, 200
    assert found.total_return == 0.02
    assert found.average_seconds == (4 * 30 + 90) * 60 / 5
    # daily returns 1 %, -2.5 %, 0, -0.5 %, 4 %: mean 0.4 %, sample variance (0.36 + 8.41 + 0.16 + 0.81 + 12.96) / 4
    spread = sqrt(22.7 / 4) / 100
    assert found.volatility == pytest.approx(spread * sqrt(252))
    assert found.sharpe_ratio == pytest.approx(0.004 / spread * sqrt(252))
    assert (found.days, found.days_traded) == (5, 4)
    assert found.sharpe_basis.endswith("over 5 trading days")


@pytest.mark.parametrize(
    ("trades", "days"), [([], []), ([], WEEK), ([trade(5)], WEEK[:1]), ([trade(5), trade(5, day=1)], WEEK[:2])]
)
def test_too_few_or_like_days_have_no_ratio(trades, days):
    found = performance_of(trades, CAPITAL, days)
    assert found.sharpe_ratio is None
    assert found.trades == len(trades)


def test_without_capital_there_are_no_shares_of_it():
    found = performance_of([trade(-5), trade(7, day=1)], Decimal(0), WEEK)
    assert (found.max_drawdown, found.total_return, found.sharpe_ratio, found.max_drawdown_rupees) == (0, 0, None, 5)


def test_a_trade_belongs_to_the_indian_day_that_it_was_closed_on():
    late = datetime(2026, 1, 5, 19, 0, tzinfo=UTC)  # half past midnight in India
    assert Trade("INFY", late, late, Decimal(1), Decimal(0)).day.isoformat() == "2026-01-06"


@pytest.mark.parametrize("most", [1, 2, 3, 10])
def test_a_curve_is_thinned_and_keeps_its_end(most):
    points = curve_of([trade(1, day=day) for day in range(5)], most)
    assert len(points) <= most
    assert points[-1].pnl == 5
    assert [point.pnl for point in points] == sorted(point.pnl for point in points)


# --- suggestions -----------------------------------------------------------------------------------------------------------
def names(trades: list[Trade], **fields: Any) -> list[str]:
    figures = performance_of(trades, CAPITAL, WEEK)
    case = Case(trades, figures, fields.get("symbols", ["INFY", "TCS"]), fields.get("max_positions", 10))
    return [suggestion.name for suggestion in suggestions_for(case)]


GOOD = [trade(10 + number % 3, day=number % 5) for number in range(20)]
CASES: list[tuple[str, list[Trade], list[str]]] = [
    ("too few trades", [trade(-100)] * 19, []),
    ("nothing to better", GOOD, []),
    ("every trade loses", [trade(-1)] * 20, []),  # no win to widen, and 0.2 % of the capital
    ("a deep fall", [*GOOD, trade(-1_100)], ["max_positions"]),  # one trade: perhaps by chance
    ("it loses surely", [trade(1), trade(-2)] * 10, ["win_to_loss"]),
    ("it loses, perhaps by chance", [trade(10), trade("-10.1")] * 10, []),
    ("charges take most of it", [trade(3, charges=7)] * 20, ["charges"]),
    ("one symbol loses", GOOD + [trade(-1 - number % 2, symbol="TCS") for number in range(10)], ["symbol:TCS"]),
    ("one symbol loses, in few trades", GOOD + [trade(-5, symbol="TCS")] * 9, []),
    ("one hour loses", [*GOOD, *(trade(-1 - number % 2, hour=3) for number in range(10))], ["hour:12"]),
]


@pytest.mark.parametrize(("trades", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_suggestions_are_made_where_the_numbers_carry_them(trades, expected):
    assert names(trades) == expected


def test_a_suggestion_says_its_numbers():
    trades = [trade(100), trade(-200)] * 10
    figures = performance_of(trades, CAPITAL, WEEK)
    (worst, *_) = suggestions_for(Case(trades, figures, ["INFY"], 10))
    assert worst.description == (
        "10 of 20 trades won (₹100.00 on average), the others lost ₹200.00 on average: it loses ₹50.00 a trade"
    )
    assert (worst.current_value, worst.suggested_value) == (0.5, 1.0)
    assert 0.8 <= worst.confidence < 1


@pytest.mark.parametrize(
    ("nets", "least", "most"),
    [([], 0, 0), ([-1], 0, 0), ([-1] * 20, 0.99, 0.99), ([5] * 20, 0, 0), ([1, -1] * 10, 0.5, 0.5), ([1, -3] * 10, 0.98, 0.99)],
)
def test_how_sure_a_loss_is(nets, least, most):
    assert least <= sure_of_loss([Decimal(net) for net in nets]) <= most


def test_the_recommendation_weighs_what_the_old_one_did():
    def action(trades):
        return recommendation_for(performance_of(trades, CAPITAL, WEEK)).action

    assert action(GOOD[:19]) is None
    assert action([trade(10 + number % 3, day=number % 5) for number in range(20)]) == "CONTINUE"
    assert action([trade(-10 - number % 3, day=number % 5) for number in range(20)]) == "RETIRE"
    found = recommendation_for(performance_of(GOOD, CAPITAL, WEEK))
    assert found.reasons[0] == "win rate 100.0%: +2"
    assert (found.points_for, found.points_against) == (7, 0)
