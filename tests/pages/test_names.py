"""Strategies go by their names on the pages; two of one name stay two."""

import pytest
from django.utils import timezone

from engine.models import Execution, Order, Position, Strategy
from tests.support import factories

TREND, TWIN = "strategy_asha_20260101_091500", "strategy_asha_20260101_091500_2"


@pytest.fixture
def traded(visitors, signal):
    """One strategy holds RELIANCE; another of the same name holds TCS."""
    factories.instrument("TCS")
    signal()
    signal(symbol="TCS")
    now = timezone.now()
    for strategy_id, symbol in ((TREND, "RELIANCE"), (TWIN, "TCS")):
        Strategy.objects.create(id=strategy_id, account_id="asha", name="Morning trend", deployed_at=now, updated_at=now)
        for model in (Order, Execution, Position):
            model.objects.filter(symbol=symbol).update(strategy_id=strategy_id)
    return visitors["owner"]


@pytest.mark.parametrize("path", ["/", "/positions/", "/orders/", "/symbols/RELIANCE/", "/reports/"])
def test_a_strategy_goes_by_its_name(traded, path):
    assert "Morning trend" in traded.get(path).content.decode()


def test_two_strategies_of_one_name_are_two_groups(traded):
    rows = traded.get("/positions/?by=strategy").context["state"]["positions"]
    assert [(row["group"], row["count"]) for row in rows.values() if row["kind"] == "group"] == [("Morning trend", 1)] * 2


def test_files_keep_the_ids(traded):
    assert TREND in b"".join(traded.get("/reports/strategies.csv").streaming_content).decode()
