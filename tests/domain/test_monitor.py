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
    ("quantity", "average", "price", "near"),
    [
        (5, "104", "103", "far"),
        (5, "104", "102", "lingers"),
        (5, "104", "101.1", "lingers"),
        (5, "104", "101", "near"),
        (5, "104", "100", "far"),  # reached
        (5, "104", "99", "far"),
        (5, "99", "100.5", "far"),  # the stop follows in the profit
        (-5, "96", "99", "near"),
        (-5, "96", "98.5", "lingers"),
        (-5, "96", "97", "far"),
    ],
)
def test_a_stop_that_is_close(quantity, average, price, near):
    found = near_stops([("INFY", quantity, D(average), D(price), D(100))])
    assert ["lingers" if breach.lingers else "near" for breach in found] == ([] if near == "far" else [near])
