"""A report's lines come to their whole, to the paisa."""

from decimal import Decimal
from random import Random

import pytest

from engine.domain.reports import OTHER, PARTS, Total, in_paise, to_the_paisa, total_of, totals_by


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
    lines = {number: booked(random) for number in range(random.randint(1, 60))}
    exact, whole = total_of(lines.values()), to_the_paisa({"": total_of(lines.values())})[""]
    assert exact.net == exact.gross - exact.charges
    assert sum(exact.parts.values()) == exact.charges
    for length in (60, 20, 1):
        grouped = totals_by(lines, length.__rfloordiv__)
        assert sum(line.gross for line in grouped.values()) == exact.gross
        written = to_the_paisa(grouped)
        for name in ("fills", "turnover", "gross", "charges", "net"):
            assert sum(getattr(line, name) for line in written.values()) == getattr(whole, name)
        for group, line in written.items():
            assert line.net == line.gross - line.charges
            assert abs(line.gross - grouped[group].gross) < Decimal("0.01")


def booked(random: Random) -> Total:
    def amount(most: int) -> Decimal:
        return Decimal(random.randint(-most, most)) / 10_000

    parts = dict.fromkeys(PARTS, Decimal(0)) | {name: Decimal(random.randint(0, 9_999)) / 100 for name in ("stt", "gst")}
    parts[OTHER] = Decimal(random.choice((0, 0, 7))) / 100
    return Total(random.randint(1, 9), abs(amount(10**10)), amount(10**8), sum(parts.values(), Decimal(0)), parts)
