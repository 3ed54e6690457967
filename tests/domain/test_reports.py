"""A report's lines come to their whole, to the paisa."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest

from engine.domain.reports import Booked, in_paise, to_the_paisa, totals_by, whole_of


@pytest.mark.parametrize(("amounts", "written"), [
    ([], []),
    (["1.00", "-2.50"], ["1.00", "-2.50"]),
    (["0.3333", "0.3333", "0.3334"], ["0.33", "0.33", "0.34"]),
    (["0.005", "0.005"], ["0.01", "0.00"]),
    (["-0.3333", "-0.3333", "-0.3334"], ["-0.33", "-0.33", "-0.34"]),
    (["10.0049", "-10.0049"], ["10.00", "-10.00"]),
])  # fmt: skip
def test_amounts_in_paise_come_to_the_exact_sum(amounts, written):
    exact = [Decimal(amount) for amount in amounts]
    assert [f"{amount}" for amount in in_paise(exact)] == written


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_of_a_report_come_to_its_whole(seed):
    random = Random(seed)
    rows = [booked(random) for _ in range(random.randint(1, 60))]
    exact, whole = whole_of(rows), to_the_paisa({"": whole_of(rows)})[""]
    assert exact.net == exact.gross - exact.charges
    for key in (lambda row: row.symbol, lambda row: row.strategy_id, lambda row: row.sector, lambda row: row.start):
        lines = totals_by(rows, key)
        assert sum(line.gross for line in lines.values()) == exact.gross
        written = to_the_paisa(lines)
        for name in ("fills", "turnover", "gross", "charges", "net"):
            assert sum(getattr(line, name) for line in written.values()) == getattr(whole, name)
        for name, line in written.items():
            assert line.net == line.gross - line.charges
            assert abs(line.gross - lines[name].gross) < Decimal("0.01")
    assert sum(exact.parts.values()) == exact.charges


def booked(random: Random) -> Booked:
    def amount(most: int) -> Decimal:
        return Decimal(random.randint(-most, most)) / 10_000

    parts = {name: Decimal(random.randint(0, 9_999)) / 100 for name in ("stt", "gst")}
    other = Decimal(random.choice((0, 0, 7))) / 100
    return Booked(
        datetime(2026, 11, random.randint(1, 5), tzinfo=UTC),
        random.choice(("", "trend")),
        random.choice(("RELIANCE", "INFY", "TCS")),
        random.choice(("Energy", "IT")),
        random.randint(1, 9),
        abs(amount(10**10)),
        amount(10**8),
        sum(parts.values(), other),
        parts,
    )
