"""Figures as a person in India reads them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from dashboard import figures

CASES: list[tuple[str, Any, str]] = [
    ("money", 1234567.5, "₹12,34,567.50"),
    ("money", -999.994, "\u2212₹999.99"),
    ("money", 0, "₹0.00"),
    ("money", Decimal("12345678901.25"), "₹12,34,56,78,901.25"),
    ("pnl", 1050.0, "+₹1,050.00"),
    ("pnl", -1050.0, "\u2212₹1,050.00"),
    ("pnl", 0.001, "₹0.00"),
    ("pnl", -0.001, "₹0.00"),
    ("price", 1424.125, "1,424.13"),
    ("price", 1532.135, "1,532.14"),  # as a float a little below
    ("price", 1.005, "1.01"),
    ("money", -2.675, "\u2212₹2.68"),
    ("percent", 1e22, "10,00,00,00,00,00,00,00,00,00,000.00%"),
    ("rate", 0.05, "0.1"),
    ("quantity", -100000, "\u22121,00,000"),
    ("quantity", 999, "999"),
    ("percent", 12.345678, "12.35%"),
    ("change", -0.5, "\u22120.50%"),
    ("rate", 12.25, "12.3"),
    ("ms", 0.0421, "42 µs"),
    ("ms", 12.34, "12.3 ms"),
    ("ms", 1500, "1.50 s"),
    ("clock", "2026-11-22T19:22:27.031351Z", "00:52:27"),
    ("moment", "2026-11-22T19:22:27.031351Z", "23 Nov 00:52:27"),
    ("moment", "2026-09-03T03:45:00.000000Z", "3 Sep 09:15:00"),
    ("span", 45.9, "45 s"),
    ("span", 725, "12 m 05 s"),
    ("span", 47_280, "13 h 08 m"),
    ("span", 223_200, "2 d 14 h"),
    ("span", -3, "0 s"),
    ("words", "PARTIALLY_FILLED", "Partially filled"),
    ("text", None, "–"),
    ("note", None, ""),
]


@pytest.mark.parametrize(("form", "value", "text"), CASES)
def test_a_figure_is_written_as_in_india(form, value, text):
    assert figures.shown(value, form) == text


def test_what_rounds_to_nothing_has_no_sign():
    assert figures.sign(-0.001, figures.pnl(-0.001)) == 0
    assert figures.sign(-0.01, figures.pnl(-0.01)) == -1


def test_a_time_may_be_a_datetime():
    assert figures.clock(datetime(2026, 1, 5, 3, 45, tzinfo=UTC)) == "09:15:00"
    assert figures.utc("2026-01-05T03:45:00Z") == "2026-01-05 03:45:00 UTC"
