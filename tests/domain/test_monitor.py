from dataclasses import replace
from decimal import Decimal

import pytest

from engine.domain.monitor import THRESHOLDS, Standing, breaches, emergency, near_stops

D = Decimal
CALM = Standing(D(1000), D(1000), D(1000), {}, {})


def levels(standing):
    return {(breach.what, breach.subject): breach.level.value for breach in breaches(standing)}


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize("what", sorted(THRESHOLDS))
def test_each_threshold_below_and_at(what, step, below):
    value = THRESHOLDS[what][step] - (D("0.0001") if below else 0)
    amount = value * 10
    standing = {
        "drawdown": replace(CALM, equity=D(1000) - amount, day_start_equity=D(1000) - amount),
        "exposure": replace(CALM, by_symbol=dict.fromkeys("abcdefghijklmnopqrst", amount / 20)),
        "sector_concentration": replace(CALM, by_sector={"Energy": amount}),
        "position_concentration": replace(CALM, by_symbol={"INFY": amount}),
    }[what]
    subject = {"sector_concentration": "Energy", "position_concentration": "INFY"}.get(what, "")
    reached = [None, "WARNING", "ERROR", "CRITICAL"][step + (not below)]
    assert levels(standing) == ({(what, subject): reached} if reached else {})


@pytest.mark.parametrize(("equity", "notice"), [(951, {}), (950, {"lost": "WARNING"}), (1049, {}), (1050, {"gained": "INFO"})])
def test_a_day_of_five_percent_is_noticed(equity, notice):
    moved = {name: level for (what, name), level in levels(replace(CALM, equity=D(equity))).items() if what == "daily_move"}
    assert moved == notice


@pytest.mark.parametrize(
    ("fields", "stops"),
    [
        ({"equity": D("750.1")}, False),
        ({"equity": D(750)}, True),
        ({"by_symbol": {"INFY": D(979)}}, False),
        ({"by_symbol": {"INFY": D(980)}}, True),
        ({"by_symbol": {"INFY": D(980)}, "exposure_limit": D(100)}, False),
        ({"by_symbol": {"INFY": D(1001)}, "exposure_limit": D(100)}, True),
        ({"equity": D(0)}, True),
        ({"equity": D(-5), "peak_equity": D(0), "day_start_equity": D(0), "by_symbol": {"INFY": D(1)}}, True),
    ],
)
def test_emergencies(fields, stops):
    assert bool(emergency(replace(CALM, **fields))) is stops


@pytest.mark.parametrize(
    ("quantity", "price", "near"),
    [(5, "102", False), (5, "101", True), (5, "100", False), (5, "99", False), (-5, "99.5", True), (-5, "98", False)],
)
def test_a_stop_that_is_close(quantity, price, near):
    assert bool(near_stops([("INFY", quantity, D(price), D(100))])) is near
