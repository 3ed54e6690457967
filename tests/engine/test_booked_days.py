"""A report of past days reads sums that are kept of them, and counts every fill all the same, whenever it was booked."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.domain.enums import Side
from engine.models import BookedDay, Execution
from engine.processing import run_until_idle
from engine.selectors.reports import Booked, booked, midnight
from engine.services.orders import OrderInput, order_place
from tests.support import factories

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
FIRST = midnight(NOW.date() - timedelta(days=3))
UNTIL = midnight(NOW.date() + timedelta(days=1))


@pytest.fixture
def traded(db: None) -> None:
    """Six fills of asha's and one of other's: two a day, the last ones today."""
    for user_id in ("asha", "other"):
        factories.account(user_id, now=NOW - timedelta(days=9))
    for number in range(6):
        fill(days_ago=2 - number // 2, strategy_id=("", "trend")[number % 2])
    fill("other", days_ago=1)


def fill(user_id: str = "asha", *, days_ago: int, strategy_id: str = "") -> None:
    factories.instrument()
    order = OrderInput("RELIANCE", Side.BUY, 7, strategy_id=strategy_id)
    order_place(user_id=user_id, order=order, now=datetime.now(UTC), by=user_id)
    run_until_idle()
    latest = Execution.objects.order_by("-executed_at").values_list("id", flat=True)[0]
    Execution.objects.filter(id=latest).update(executed_at=NOW - timedelta(days=days_ago))


def report(*user_ids: str, **more: Any) -> Booked:
    wanted: dict[str, Any] = {"since": FIRST, "until": UNTIL, "by_hour": False, "now": NOW}
    return booked(user_ids or ("asha",), **wanted | more)


def test_the_sums_of_past_days_say_what_the_fills_say(traded):
    first = report()
    assert {(row.account_id, row.day.day, row.strategy_id): row.fills for row in BookedDay.objects.all()} == {
        ("asha", day, name): 1 for day in (22, 23) for name in ("", "trend")
    }  # nothing of today, and nothing of whom nobody asked for
    by_the_fills = report(now=FIRST)
    assert not BookedDay.objects.filter(day__gte=NOW.date()).exists()
    assert report() == first == by_the_fills
    fills = Execution.objects.filter(account="asha")
    assert first.whole.turnover == sum(row.quantity * row.price for row in fills)
    assert first.whole.charges == sum(row.charges for row in fills)
    assert first.whole.parts["stt"] == sum(Decimal(str(row.charge_breakdown["stt"])) for row in fills)


def test_the_fills_of_past_days_are_not_read_again(traded):
    before = report().whole
    BookedDay.objects.filter(day=NOW.date() - timedelta(days=1), strategy_id="trend").update(gross=50_000)
    assert report().whole.gross - before.gross == 5


def test_a_fill_that_is_booked_late_counts_on_its_day(traded):
    before = report()
    fill(days_ago=1, strategy_id="trend")
    fill(days_ago=2, strategy_id="late")
    after = report()
    added = {start.day: after.starts[start].fills - before.starts[start].fills for start in after.starts}
    assert added == {22: 1, 23: 1, 24: 0}
    assert after == report(now=FIRST)


def test_sums_that_are_deleted_are_added_up_anew(traded):
    before = report()
    BookedDay.objects.filter(day=NOW.date() - timedelta(days=1)).delete()
    assert report() == before


def test_accounts_are_added_up_each_for_itself(traded):
    report("other")
    together = report("asha", "other")
    assert together.whole.fills == report("asha").whole.fills + report("other").whole.fills == 7
    assert together.starts.keys() == report("asha").starts.keys()


def test_a_day_by_the_hour_is_read_from_its_fills(traded):
    day = midnight(NOW.date() - timedelta(days=1))
    hours = report(since=day, until=day + timedelta(days=1), by_hour=True)
    assert [(start.hour, total.fills) for start, total in hours.starts.items()] == [(11, 2)]
    assert not BookedDay.objects.exists()
