"""The reads of one account against a desk that has traded for weeks: keys, types, figures, and who may."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pydantic import BaseModel

from dashboard.api.responses import AccountRisk, Orders, Positions
from dashboard.api.responses import portfolio as shapes
from engine.models import Execution, Order, Position
from engine.processing import run_until_idle
from engine.selectors.portfolio import portfolio_report
from engine.selectors.statistics import trading_statistics
from tests.api.contract import PROBLEM, differences
from tests.api.contract_accounts import ACCOUNT_READS, ALIASES, PERFORMANCE_OF_ORDER
from tests.api.test_selectors import NOW, statements
from tests.support.api import PREFIX, Api
from tests.support.factories import token_of
from tests.support.trading_days import DAYS

MODELS: dict[str, type[BaseModel]] = {
    "/orders/{}": Orders,
    "/orders/{}/active": shapes.ActiveOrders,
    "/orders/{}/history": shapes.OrderHistory,
    "/positions/{}": Positions,
    "/positions/{}/summary": shapes.Summary,
    "/positions/{}/history": shapes.PositionHistory,
    "/portfolio/{}/metrics": shapes.PortfolioMetricsAnswer,
    "/portfolio/{}/sectors": shapes.Sectors,
    "/portfolio/{}/attribution": shapes.Attribution,
    "/portfolio/{}/risk-metrics": shapes.PortfolioRiskAnswer,
    "/portfolio/{}/report": shapes.ReportAnswer,
    "/statistics/{}/trading": shapes.TradingStatisticsAnswer,
    "/statistics/{}/executions": shapes.Executions,
    "/orders/active": shapes.ActiveOrders,
    "/orders/history": shapes.OrderHistory,
    "/positions/history": shapes.PositionHistory,
    "/performance/current": shapes.PerformanceAnswer,
    "/positions": Positions,
    "/risk/metrics": AccountRisk,
}
STATES = {"PENDING", "SUBMITTED", "PARTIALLY_FILLED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED", "UNKNOWN"}


@pytest.fixture
def meera(traded: None, db: None) -> Api:
    """Meera, before her desk of many days."""
    return api_of("meera")


def api_of(username: str) -> Api:
    return Api(token_of(User.objects.get(username=username)) if username else {})


# --- keys and types --------------------------------------------------------------------------------------------------------
def test_every_key_and_type_is_as_it_was_written(meera: Api) -> None:
    for path, shape in (ACCOUNT_READS | ALIASES).items():
        answer = meera.get(path.format("meera"), include_closed="true")
        assert differences(answer, shape) == [], path
        MODELS[path].model_validate(answer)
        assert not {"data", "success"} & set(answer)


def test_an_account_that_never_traded_has_them_too(meera: Api) -> None:
    for path, shape in ACCOUNT_READS.items():
        answer = api_of("chief").get(path.format("empty"))
        assert differences(answer, shape) == [], path
        MODELS[path].model_validate(answer)


def test_the_desk_shows_every_kind_of_order_and_position(meera: Api) -> None:
    """Else the walks above would look through empty lists."""
    assert {order["status"] for order in meera.get("/orders/meera")["orders"]} == STATES
    assert {row["side"] for row in meera.get("/positions/meera", include_closed="1")["positions"]} == {"LONG", "SHORT", "FLAT"}
    assert meera.get("/portfolio/meera/sectors")["sectors_count"] == 3


# --- orders ----------------------------------------------------------------------------------------------------------------
def test_active_orders_are_those_that_can_still_fill(meera: Api) -> None:
    answer = meera.get("/orders/meera/active")
    assert {order["status"] for order in answer["active_orders"]} == {"PENDING", "SUBMITTED", "PARTIALLY_FILLED", "UNKNOWN"}
    assert answer["count"] == 4
    assert meera.get("/orders/active")["active_orders"] == answer["active_orders"]
    assert meera.get("/orders/meera/active", symbol="tcs")["count"] == 1


def test_history_says_how_an_order_was_filled(meera: Api) -> None:
    history = meera.get("/orders/meera/history")["order_history"]
    filled = [order for order in history if order["status"] == "FILLED"]
    assert len(filled) == 11
    for order in history:
        assert ("performance_metrics" in order) == (order["status"] == "FILLED")
    for order in filled:
        assert differences(order["performance_metrics"], PERFORMANCE_OF_ORDER) == []
        assert order["performance_metrics"]["fill_percentage"] == 1
        assert order["performance_metrics"]["total_commission"] == order["commission"] > 0


def test_days_are_ist_days_the_present_one_among_them(meera: Api) -> None:
    today = meera.get("/orders/meera/history", days=1)
    assert {order["status"] for order in today["order_history"]} == STATES
    assert today["count"] == 8
    assert meera.get("/orders/meera/history", days=3)["count"] == 9  # the day 23 of 25
    assert meera.get("/orders/meera/history", days=0)["period_days"] == 1
    assert meera.get("/orders/meera/history", days=10**9)["period_days"] == 3_650
    assert [row["symbol"] for row in meera.get("/positions/meera/history", days=3)["position_history"]] == ["ITC"]
    assert meera.get("/statistics/meera/trading", days=3)["trading_statistics"]["execution_metrics"]["total_executions"] == 3


def test_fills_are_valued(meera: Api) -> None:
    fills = meera.get("/statistics/meera/executions")["execution_history"]
    assert len(fills) == Execution.objects.filter(account="meera").count() == 12
    for fill in fills:
        value = fill["performance_metrics"]
        assert value["total_value"] == round(fill["quantity"] * fill["price"], 2)
        cost = 1 if fill["side"] == "BUY" else -1
        assert value["net_value"] == pytest.approx(value["total_value"] + cost * fill["commission"], abs=0.011)
        assert value["commission_rate_percent"] == pytest.approx(value["commission_rate"] * 100, abs=1e-4)
    assert {fill["symbol"] for fill in meera.get("/statistics/meera/executions", side="sell")["execution_history"]} == {
        "INFY",
        "TCS",
        "ITC",
    }


# --- positions -------------------------------------------------------------------------------------------------------------
def test_the_summary_adds_up(meera: Api) -> None:
    summary = meera.get("/positions/meera/summary")["portfolio_summary"]
    positions = meera.get("/positions/meera")["positions"]
    assert summary["total_positions"] == len(positions) == 4
    assert summary["total_market_value"] == pytest.approx(sum(row["market_value"] for row in positions))
    assert summary["total_unrealized_pnl"] == pytest.approx(sum(row["unrealized_pnl"] for row in positions))
    sides = summary["long_short_breakdown"]
    assert sides["short_value"] < 0 < sides["long_value"]
    assert sides["gross_exposure"] == pytest.approx(sum(abs(row["market_value"]) for row in positions))
    assert sides["net_exposure"] == pytest.approx(sides["long_value"] + sides["short_value"])
    assert set(summary["positions_by_symbol"]) == {"RELIANCE", "TCS", "M&M", "INFY"}
    values = [abs(row["market_value"]) for row in summary["top_positions"]]
    assert values == sorted(values, reverse=True)
    gained = summary["equity"] - 100_000
    assert gained == pytest.approx(summary["total_realized_pnl"] + summary["total_unrealized_pnl"], abs=0.02)
    assert summary["portfolio_return_percent"] == pytest.approx(gained / 1_000, abs=1e-3)


def test_round_trips_are_told_whole(meera: Api) -> None:
    """INFY: 50 in, 20 and 30 out. ITC: 60 in, out with 90, of which 30 were sold short, and covered."""
    trips = {row["closed_at"]: row for row in meera.get("/positions/meera/history")["position_history"]}
    covered, sold, infy = [trips[at] for at in sorted(trips, reverse=True)]
    prices = {fill.id: fill.price for fill in Execution.objects.all()}

    def entry(row: dict[str, Any]) -> Decimal:
        return next(price for id, price in prices.items() if str(id) == row["id"])

    assert [row["symbol"] for row in (covered, sold, infy)] == ["ITC", "ITC", "INFY"]
    for row, shares, days in ((infy, 50, 4), (sold, 60, 5), (covered, 30, 9)):
        assert row["entry_value"] == pytest.approx(float(shares * entry(row)))
        assert row["holding_period_days"] in (days - 1, days)  # the engine took some microseconds on either day
        assert row["total_return"] == pytest.approx(row["realized_pnl"] - row["charges"], abs=0.011)
        assert row["total_return_percent"] == pytest.approx(row["total_return"] / row["entry_value"] * 100, abs=0.001)
        growth = 1 + row["total_return_percent"] / 100
        assert row["annualized_return"] == pytest.approx((growth ** (365 / days) - 1) * 100, abs=0.05)
        assert row["unavailable"] == {}


# --- the portfolio ---------------------------------------------------------------------------------------------------------
def test_the_metrics_are_those_of_the_days(meera: Api) -> None:
    metrics = meera.get("/portfolio/meera/metrics")["portfolio_metrics"]
    assert metrics["unavailable"] == {}
    assert metrics["observations"] == DAYS
    assert metrics["total_pnl"] == pytest.approx(metrics["total_value"] - 100_000, abs=0.011)
    assert metrics["total_return_percent"] == pytest.approx(metrics["total_pnl"] / 1_000, abs=1e-3)
    assert metrics["winning_positions"] + metrics["losing_positions"] == metrics["positions_count"] == 4
    assert metrics["win_rate"] == metrics["winning_positions"] * 25
    assert metrics["largest_loser"] <= 0 <= metrics["largest_winner"]
    assert metrics["volatility"] > 0
    assert 0 < metrics["max_drawdown"] < 100


def test_the_values_of_the_days_are_the_last_of_each(meera: Api) -> None:
    performance = meera.get("/performance/current")["performance"]
    assert len(performance["timestamps"]) == len(performance["portfolio_values"]) == DAYS + 1
    assert performance["timestamps"] == sorted(performance["timestamps"])
    assert performance["portfolio_values"][0] == performance["benchmark_values"][0] == 100_000
    assert performance["portfolio_values"][1] == 100_000  # nothing was held on the first day
    metrics = meera.get("/portfolio/meera/metrics")["portfolio_metrics"]
    assert performance["portfolio_values"][-1] == metrics["total_value"]
    assert performance["sharpe_ratio"] == metrics["sharpe_ratio"]


def test_risk_is_measured_and_more_confidence_is_more_risk(meera: Api) -> None:
    risk = meera.get("/portfolio/meera/risk-metrics")["risk_metrics"]
    assert risk["unavailable"] == {}
    assert 0 < risk["portfolio_var_95"] <= risk["portfolio_var_99"]
    assert risk["expected_shortfall"] >= risk["portfolio_var_95"]
    assert risk["beta"] == meera.get("/portfolio/meera/metrics")["portfolio_metrics"]["portfolio_beta"] != 0


def test_sectors_and_attribution_add_up(meera: Api) -> None:
    sectors = meera.get("/portfolio/meera/sectors")["sector_analysis"]
    metrics = meera.get("/portfolio/meera/metrics")["portfolio_metrics"]
    assert {row["sector"] for row in sectors} == {"Energy", "IT", "Automobile"}
    assert sum(row["total_value"] for row in sectors) + metrics["cash"] == pytest.approx(metrics["total_value"], abs=0.03)
    rows = meera.get("/portfolio/meera/attribution")["performance_attribution"]
    assert sum(row["risk_contribution"] for row in rows) == pytest.approx(100, abs=0.01)
    weights = sum(row["weight_in_portfolio"] for row in rows)
    assert weights == pytest.approx((metrics["total_value"] - metrics["cash"]) / metrics["total_value"] * 100, abs=0.01)
    assert [row["contribution_to_return"] for row in rows] == sorted(
        (row["contribution_to_return"] for row in rows), reverse=True
    )


def test_the_report_holds_the_four_others(meera: Api) -> None:
    report = meera.get("/portfolio/meera/report")["portfolio_report"]
    assert report["sector_analysis"] == meera.get("/portfolio/meera/sectors")["sector_analysis"]
    assert report["risk_metrics"] == meera.get("/portfolio/meera/risk-metrics")["risk_metrics"]
    assert report["recent_history_count"] == 3
    assert report["insights"]


def test_what_cannot_be_told_is_0_and_says_why(meera: Api) -> None:
    metrics = api_of("bala").get("/portfolio/bala/metrics")["portfolio_metrics"]
    assert metrics["unavailable"] == {}
    risk = api_of("chief").get("/portfolio/empty/risk-metrics")["risk_metrics"]
    assert risk["portfolio_var_95"] == risk["beta"] == 0
    assert risk["unavailable"]["portfolio_var_95"] == "needs 20 daily returns; daily returns so far: 1"
    assert "daily candles" in risk["unavailable"]["beta"]


def test_statistics_count_what_came_to_its_end(meera: Api) -> None:
    found = meera.get("/statistics/meera/trading")["trading_statistics"]
    orders = found["order_statistics"]
    assert orders["total_orders"] == Order.objects.filter(account="meera").count() == 18
    assert {name: orders[name] for name in ("filled", "cancelled", "rejected", "expired", "unknown")} == {
        "filled": 11,
        "cancelled": 1,
        "rejected": 1,
        "expired": 1,
        "unknown": 1,
    }
    rates = found["success_rates"]
    assert rates["order_success_rate"] == pytest.approx(11 / 14, abs=1e-6)
    assert rates["order_rejection_rate"] == rates["order_cancellation_rate"] == pytest.approx(1 / 14, abs=1e-6)
    closed = Position.objects.filter(account="meera", status="CLOSED")
    assert found["position_summary"]["closed_positions"] == closed.count() == 3
    assert found["position_summary"]["net_pnl"] == pytest.approx(
        float(sum(row.realized_pnl - row.charges for row in closed)), abs=0.011
    )


# --- cost ------------------------------------------------------------------------------------------------------------------
def test_the_statements_do_not_grow_with_what_is_held(meera: Api) -> None:
    def numbers() -> list[int]:
        return [
            len(statements(lambda: portfolio_report("meera", now=NOW, with_market=True).report(recent_history=0))),
            len(statements(lambda: trading_statistics("meera", since=NOW, days=1))),
        ]

    before = numbers()
    assert before == [7, 5]
    for symbol in ("RELIANCE", "ITC", "TCS"):
        for n in range(3):
            meera.signal(symbol, "BUY", user_id="meera", position_size=1, strategy_id=f"s{n}")
    run_until_idle()
    assert Position.objects.filter(account="meera", status="OPEN").count() > 10
    assert numbers() == before


def test_no_read_scans_a_table_that_grows(meera: Api) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the plan of a small table says nothing on PostgreSQL")
    for path in ACCOUNT_READS | ALIASES:
        for sql, params in statements(lambda path=path: meera.get(path.format("meera"))):
            if sql.lower().startswith("select"):
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                    steps = [row[3] for row in cursor.fetchall()]
                assert not [
                    step
                    for step in steps
                    if step.startswith("SCAN engine_")
                    and "USING" not in step
                    and not step.endswith(("instrument", "configentry"))
                ], (path, sql, steps)


# --- who may ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("who", "status"), [("meera", 200), ("chief", 200), ("bala", 403), ("", 401)])
def test_an_accounts_reads_are_its_members(meera: Api, who: str, status: int) -> None:
    api = api_of(who)
    for path in ACCOUNT_READS:
        api.get(path.format("meera"), status=status)


def test_an_account_that_there_is_not_is_404(meera: Api) -> None:
    for path in ACCOUNT_READS:
        for name in ("nobody", "null", "%00", "%ff", "a%20b", "x" * 3_000, "..%2f", "%F0%9F%92%A9", "<script>"):
            assert differences(api_of("chief").get(path.format(name), status=404), PROBLEM) == []


def test_with_open_doors_an_unknown_account_is_empty_or_404(meera: Api, settings: Any) -> None:
    settings.TRADING_ENGINE_LEGACY_ANONYMOUS = True
    for path in ACCOUNT_READS:
        answer = meera.client.get(PREFIX + path.format("nobody"))
        assert answer.status_code == (404 if "portfolio" in path or "summary" in path else 200)


def test_an_alias_is_for_who_asks(meera: Api) -> None:
    for path in ALIASES:
        meera.get(path)
        api_of("chief").get(path, user_id="meera")
        api_of("").get(path, status=401)
        api_of("bala").get(path, user_id="meera", status=403)
    several = api_of("chief").get("/performance/current", status=422)
    assert several["detail"][0]["loc"] == ["query", "user_id"]


def test_two_names_in_one_request_are_refused(meera: Api) -> None:
    for path in ACCOUNT_READS:
        assert meera.get(path.format("meera"), user_id="bala", status=400)["code"] == "USER_ID_CONFLICT"
    meera.get("/orders/meera", user_id="meera")


BAD_QUERIES = [
    "/orders/meera?status=SLEEPING",
    "/orders/meera?side=UP",
    "/orders/meera?ordering=price",
    "/orders/meera?since=yesterday",
    "/orders/meera?since=0001-01-01T00:00:00Z",
    "/orders/meera?until=9999-12-31T23:59:59-23:59",
    "/orders/meera?since=1e400",
    "/orders/meera?strategy_id=%00",
    "/orders/meera/history?days=soon",
    "/orders/meera/history?days=1.5",
    "/orders/meera/history?symbol=%00",
    "/orders/meera/active?cursor=x",
    "/positions/meera?side=FLAT",
    "/positions/meera/history?cursor=" + "9" * 300,
    "/positions/meera/history?limit=ten",
    "/statistics/meera/executions?cursor=e30",
    "/statistics/meera/executions?side=%00",
    "/statistics/meera/trading?days=",
]


def test_a_wrong_query_is_refused(meera: Api) -> None:
    for address in BAD_QUERIES:
        body = meera.get(address, status=422)
        assert differences(body, PROBLEM) == []
        assert body["detail"][0]["loc"][0] == "query", address


ODD_BUT_HARMLESS = [
    "/orders/meera?symbol=%ff",
    "/orders/meera?since=-0",
    "/orders/meera?strategy_id=" + "x" * 5_000,
    "/orders/meera/history?days=99999999999999999999999",
    "/orders/meera/history?days=-5",
    "/statistics/meera/executions?limit=-1&side=",
    "/positions/meera/history?symbol=%27%3B--",
]


def test_an_odd_query_finds_nothing_and_breaks_nothing(meera: Api) -> None:
    for address in ODD_BUT_HARMLESS:
        assert meera.get(address)["status"] == "success"
