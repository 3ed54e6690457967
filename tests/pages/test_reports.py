"""The report: its figures are the tables', its parts come to its whole, its files hold the same lines, and no formula."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from dashboard.pages import reports
from dashboard.pages.periods import NoPeriod, Period
from dashboard.spreadsheets import cell
from engine.domain.enums import Side
from engine.models import Account, Execution, Position
from engine.processing import run_until_idle
from engine.selectors.accounts import account_summary
from engine.selectors.statistics import trading_statistics
from engine.services.orders import OrderInput, order_place
from tests.support import factories

TABLES = ("days", "strategies", "sectors", "symbols", "charges", "trades")
SHARES = {"RELIANCE": "Energy", "INFY": "IT", "TCS": "IT"}


def lines(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(response.getvalue().decode().removeprefix("\ufeff").splitlines()))


@pytest.fixture
def traded(visitors: dict[str, Client]) -> dict[str, Client]:
    """Two dozen random trades of asha's in three shares, on three days, some still open; parts of a paisa arise."""
    random, now = Random(7), datetime.now(UTC)
    Account.objects.update(max_position_size_percent=100, max_portfolio_exposure_percent=100, max_sector_exposure_percent=100)
    for number in range(24):
        symbol = random.choice(list(SHARES))
        factories.instrument(symbol, price=Decimal(random.randint(1960, 2040)) / 20, sector=SHARES[symbol])
        order = OrderInput(
            symbol, random.choice(list(Side)), random.randint(1, 70), strategy_id=random.choice(("", "trend", "=1+1"))
        )
        order_place(user_id="asha", order=order, now=now, by="asha")
        run_until_idle()
        Execution.objects.filter(executed_at__gte=now).update(executed_at=now - timedelta(days=number % 3))
    return visitors


def whole_period() -> str:
    today = datetime.now(UTC).date()
    return f"from={today - timedelta(days=9)}&to={today + timedelta(days=1)}"


def test_every_table_comes_to_the_whole_and_the_whole_to_the_accounts_own_figures(traded):
    context = traded["owner"].get(f"/reports/?{whole_period()}").context
    whole = context["whole"]
    for head, table in context["lines"].values():
        assert table, head
        for name in ("fills", "turnover", "gross", "charges", "net"):
            assert sum(getattr(line.total, name) for line in table) == getattr(whole, name), (head, name)
    assert sum(charge["amount"] for charge in context["charges"]) == whole.charges
    assert whole.net == account_summary(["asha"])["realized_pnl"]
    figures = trading_statistics("asha", since=datetime.now(UTC) - timedelta(days=9), days=9)
    assert whole.charges == figures["execution_metrics"]["total_commission"]
    assert whole.turnover == figures["execution_metrics"]["total_volume"]
    closed = context["closed"]
    assert {name: closed[name] for name in ("closed_positions", "net_pnl", "win_rate")} == {
        name: figures["position_summary"][name] for name in ("closed_positions", "net_pnl", "win_rate")
    }


def test_where_nothing_is_open_the_trades_come_to_the_fills(traded):
    for position in Position.objects.open():
        side = Side.SELL if position.quantity > 0 else Side.BUY
        order = OrderInput(position.symbol, side, abs(position.quantity), strategy_id=position.strategy_id)
        order_place(user_id="asha", order=order, now=datetime.now(UTC), by="asha")
    run_until_idle()
    context = traded["owner"].get(f"/reports/?{whole_period()}").context
    assert not Position.objects.open().exists()
    assert context["closed"]["net_pnl"] == context["whole"].net
    assert len(context["lines"]["days"][1]) == 3


@pytest.mark.parametrize("table", TABLES)
def test_a_file_holds_the_lines_of_its_table(traded, table):
    response = traded["owner"].get(f"/reports/{table}.csv?{whole_period()}")
    rows = lines(response)
    assert response["Content-Disposition"].startswith(f'attachment; filename="{table}-asha-')
    context = traded["owner"].get(f"/reports/?{whole_period()}").context
    if table == "trades":
        assert [row["Net"] for row in rows] == [str(trade["net"]) for trade in context["trades"]]
        assert len(rows) == Position.objects.closed().count()
        assert list(rows[0])[:2] == ["Closed (IST)", "Opened (IST)"]
    elif table == "charges":
        assert sum(Decimal(row["Amount"]) for row in rows) == context["whole"].charges
    else:
        assert sum(Decimal(row["Net"]) for row in rows) == context["whole"].net


def test_a_file_holds_nothing_that_a_spreadsheet_would_carry_out(traded):
    names = [row["Strategy"] for row in lines(traded["owner"].get(f"/reports/strategies.csv?{whole_period()}"))]
    assert "'=1+1" in names
    assert "=1+1" not in names


@pytest.mark.parametrize(("value", "written"), [
    ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("M&M", "M&M"), ("", ""),
    (Decimal("-1.50"), Decimal("-1.50")), (datetime(2026, 11, 24, 6, tzinfo=UTC), "2026-11-24 11:30:00"),
])  # fmt: skip
def test_a_cell_is_a_value_and_never_a_formula(value, written):
    assert cell(value) == written


def test_all_trades_are_listed_on_request(traded, monkeypatch):
    monkeypatch.setattr(reports, "TRADES_SHOWN", 2)
    few, every = (traded["owner"].get(f"/reports/?{whole_period()}{more}").context for more in ("", "&trades=all"))
    assert (len(few["trades"]), few["trades_left"]) == (2, True)
    assert (len(every["trades"]), every["trades_left"]) == (Position.objects.closed().count(), False)


def test_a_period_without_a_fill_says_so(visitors):
    page = visitors["owner"].get("/reports/?period=day&on=2026-01-05").content.decode()
    assert page.count("Nothing was filled in this period") >= 4
    assert "No position was closed in this period" in page


def test_a_day_is_one_of_india_and_is_shown_by_the_hour(visitors, signal):
    signal()
    Execution.objects.update(executed_at=datetime(2026, 3, 9, 18, 45, tzinfo=UTC))  # the 10th there, a quarter past midnight
    shown = {day: visitors["owner"].get(f"/reports/?period=day&on={day}").context for day in ("2026-03-09", "2026-03-10")}
    assert [context["whole"].fills for context in shown.values()] == [0, 1]
    assert [line.name for line in shown["2026-03-10"]["lines"]["days"][1]] == ["00:00 – 01:00"]


@pytest.mark.parametrize(("query", "first", "last", "title"), [
    ("", "2026-11-01", "2026-11-30", "November 2026"),
    ("period=week", "2026-11-23", "2026-11-29", "23 Nov – 29 Nov 2026"),
    ("period=day", "2026-11-24", "2026-11-24", "Tue 24 Nov 2026"),
    ("period=month&on=2024-02-10", "2024-02-01", "2024-02-29", "February 2024"),
    ("from=2025-12-30&to=2026-01-02", "2025-12-30", "2026-01-02", "30 Dec 2025 – 2 Jan 2026"),
])  # fmt: skip
def test_a_period_is_read_from_the_address(query, first, last, title):
    period = Period.read(QueryDict(query), date(2026, 11, 24))
    assert (period.first.isoformat(), period.last.isoformat(), period.title) == (first, last, title)
    assert Period.read(QueryDict("&".join(f"{key}={value}" for key, value in period.query.items())), date(2026, 1, 1)) == period
    assert period.neighbour(1).neighbour(-1) == period


@pytest.mark.parametrize("query", [
    "period=year", "period=day&on=nonsense", "on=%00", "from=2026-02-01&to=2026-01-01", "from=2020-01-01&to=2026-01-01",
    "on=0001-01-01",
])  # fmt: skip
def test_a_period_that_cannot_be_is_said_so(visitors, query):
    with pytest.raises(NoPeriod):
        Period.read(QueryDict(query), date(2026, 11, 24))
    response = visitors["owner"].get(f"/reports/?{query}")
    assert (response.status_code, b"This month is shown instead" in response.content) == (400, True)
    assert visitors["owner"].get(f"/reports/days.csv?{query}").status_code == 400


@pytest.mark.parametrize("path", ["/reports/", "/reports/days.csv", "/reports/trades.csv"])
@pytest.mark.parametrize(("who", "account", "status"), [
    ("owner", "asha", 200), ("outsider", "asha", 404), ("owner", "*", 404), ("staff", "*", 200),
])  # fmt: skip
def test_a_report_is_for_who_may_see_the_account(visitors, path, who, account, status):
    assert visitors[who].get(path, {"account": account}).status_code == status
    assert Client().get(path, {"account": account}).status_code == 302


def test_there_is_no_other_table(visitors):
    assert visitors["owner"].get("/reports/secrets.csv").status_code == 404
