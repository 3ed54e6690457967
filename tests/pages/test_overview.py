"""The Overview: its sums against the limits, its charts, its latest fills."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from dashboard import figures, sparks
from dashboard.live import account
from dashboard.live.topics import Topic
from engine.models import Account, EquityPoint, Execution
from engine.selectors.equity import equity_today, pnl_by_hour

START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)  # 09:30 in India


def points(user_id, *equities, start=START, step=timedelta(minutes=30)):
    EquityPoint.objects.bulk_create(
        EquityPoint(account_id=user_id, at=start + step * place, equity=equity, cash=equity, exposure=0, day_pnl=0)
        for place, equity in enumerate(equities)
    )


def test_the_hours_add_up_to_what_equity_gained(visitors):
    Account.objects.filter(user_id="asha").update(initial_cash=1000)
    points("asha", 1010, 1030, 1025, 1020, 1100)  # 09:30, 10:00, 10:30, 11:00, 11:30
    found = pnl_by_hour(["asha"], hours=4)
    assert [(hour["at"].strftime("%H:%M"), hour["pnl"]) for hour in found] == [
        ("09:00", 10), ("10:00", 15), ("11:00", 75),
    ]  # fmt: skip
    assert sum(hour["pnl"] for hour in found) == 100
    assert pnl_by_hour(["asha"], hours=2) == found[1:]


def test_the_hours_are_the_latest_days_and_its_first_one_has_what_the_night_brought(visitors):
    Account.objects.filter(user_id="asha").update(initial_cash=1000)
    points("asha", 1010, 1020, start=START - timedelta(hours=18))  # 15:30 of the day before
    points("asha", 1100, 1090)
    assert [(hour["at"].strftime("%d %H:%M"), hour["pnl"]) for hour in pnl_by_hour(["asha"])] == [
        ("05 09:00", 80), ("05 10:00", -10),
    ]  # fmt: skip


def test_the_curve_is_the_latest_days(visitors):
    points("asha", *range(1000, 1020), start=START - timedelta(days=1), step=timedelta(minutes=10))
    points("asha", *range(2000, 2010), step=timedelta(minutes=10))
    assert [point["equity"] for point in equity_today(["asha"])] == list(range(2000, 2010))


def test_days_of_a_few_points_make_one_curve(visitors):
    for day in range(5):
        points("asha", 1000 + day, 1001 + day, start=START + timedelta(days=day))
    assert len(equity_today(["asha"])) == 10
    assert equity_today(["other"]) == []


def test_an_account_that_opened_later_brings_no_gain_with_it(visitors):
    Account.objects.update(initial_cash=1000)
    points("asha", 1010, 1020, 1030)
    points("other", 1500, start=START + timedelta(hours=1))
    assert [hour["pnl"] for hour in pnl_by_hour(hours=2)] == [10, 520]


def test_no_points_are_no_hours(visitors):
    assert pnl_by_hour(["asha"]) == pnl_by_hour([]) == []


def test_the_hours_take_as_many_statements_however_many_there_are(visitors, django_assert_num_queries):
    points("asha", *range(1000, 1020))
    for hours in (2, 12):
        with django_assert_num_queries(4):
            pnl_by_hour(["asha"], hours=hours)


def test_a_bar_goes_up_for_a_gain_and_down_for_a_loss():
    up, down, *coming = sparks.bars([{"at": START, "pnl": Decimal(50)}, {"at": START, "pnl": Decimal(-100)}])
    assert [hour["label"] for hour in coming] == ["10", "11", "12", "13", "14", "15"]
    assert up["y"] + up["height"] == pytest.approx(down["y"], abs=0.2)
    assert down["y"] == down["zero"]
    assert up["height"] * 2 == pytest.approx(down["height"], abs=0.2)
    assert up["height"] + down["height"] == pytest.approx(sparks.BARS_LENGTH, abs=0.2)
    assert (up["text"], down["short"]) == ("09:30: +₹50.00", "−100")


@pytest.mark.parametrize(("values", "path"), [
    ([], ""), ([1.0], ""), ([1.0, None], ""), ([2.0, 2.0], "M0.0,12.0 L100.0,12.0"), ([0.0, None, 5.0], "M0.0,22.5 L100.0,1.5"),
])  # fmt: skip
def test_a_small_curve_goes_from_low_to_high(values, path):
    assert sparks.path(values) == path


@pytest.mark.parametrize(("value", "text"), [(120.4, "+120"), (-34_500, "−34.5 k"), (123_456, "+1.2 L"), (0, "0")])
def test_a_short_sum(value, text):
    assert figures.short(value) == text


def test_the_strictest_limit_of_the_accounts_is_shown(visitors):
    assert account.limits(["asha"]) == [Decimal("80.0"), None]
    Account.objects.filter(user_id="other").update(max_portfolio_exposure_percent=60, max_drawdown_percent=15)
    assert account.limits(None) == [60, 15]
    assert account.limits([]) == [None, None]


def test_net_and_gross_differ_by_the_charges(visitors, signal):
    signal()
    row = account.summary(["asha"], timezone.now())
    assert row["charges"] > 0
    assert row["day_pnl_gross"] == pytest.approx(row["day_pnl"] + row["charges"])


@pytest.mark.parametrize(("scope", "seen"), [("asha", 1), ("*", 1), ("other", 0)])
def test_the_latest_fills_are_shown_to_who_may_see_them(visitors, signal, scope, seen):
    signal()
    assert Execution.objects.count() == 1
    rows = account.state(Topic("account", scope), timezone.now())["fills"]
    assert [row["symbol"] for row in rows.values()] == ["RELIANCE"] * seen


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("teammate", 200), ("outsider", 404), ("staff", 200)])
def test_the_hours_are_drawn_for_who_may_see_them(visitors, who, status):
    points("asha", 1000, 1010, 1000)
    response = visitors[who].get("/charts/hours/", {"account": "asha"})
    assert response.status_code == status
    assert (b"P&amp;L by hour" in response.content) is (status == 200)


def test_the_page_draws_its_curves_without_a_script(visitors):
    points("asha", 1000, 1010, 1000)
    content = visitors["owner"].get("/").content.decode()
    assert 'data-spark="equity" d="M0.0,22.5 L50.0,1.5 L100.0,22.5"' in content
    assert 'aria-label="P&amp;L by hour.' in content
    assert "Gross market value of the open positions in percent of equity" in content
