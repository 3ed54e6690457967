"""Each claim about the simulated market is measured on a few thousand slices of it."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import islice, pairwise
from math import log
from statistics import correlation, fmean

import pytest

from engine.domain.simulator import Listing, SimulatedSlice, Simulator, liveliness

SESSION = 500
LISTINGS = [Listing(f"{sector}{number}", sector, Decimal(1500)) for sector in ("BANK", "IT", "AUTO") for number in range(4)]


def market(seed: int = 7, slices: int = 4 * SESSION, **options: object) -> list[SimulatedSlice]:
    return list(islice(Simulator(LISTINGS, seed=seed, session_length=SESSION, **options), slices))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def slices() -> list[SimulatedSlice]:
    return market(slices=12 * SESSION)


def returns(slices: Sequence[SimulatedSlice], symbol: str, step: int = 1) -> list[float]:
    prices = [float(part.prices[symbol]) for part in slices[::step]]
    return [log(after / before) for before, after in pairwise(prices)]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_prices():
    assert market() == market()
    assert market() != market(seed=8)


def test_prices_stand_on_the_tick_grid_and_above_zero(slices: list[SimulatedSlice]):
    assert all(price > 0 and price % Decimal("0.05") == 0 for part in slices for price in part.prices.values())
    assert all(volume >= 0 for part in slices for volume in part.volumes.values())


def test_a_share_worth_a_tick_stays_above_zero():
    penny = [Listing("PENNY", "X", Decimal("0.05"))]
    prices = [part.prices["PENNY"] for part in islice(Simulator(penny, seed=1, session_length=10), 2000)]
    assert min(prices) == Decimal("0.05")


def test_shares_of_one_sector_move_together_more_than_others(slices: list[SimulatedSlice]):
    moves = {listing.symbol: returns(slices, listing.symbol) for listing in LISTINGS}
    pairs = [(first, second) for first in LISTINGS for second in LISTINGS if first.symbol < second.symbol]

    def mean_correlation(same_sector: bool) -> float:
        chosen = [pair for pair in pairs if (pair[0].sector == pair[1].sector) is same_sector]
        return fmean(correlation(moves[first.symbol], moves[second.symbol]) for first, second in chosen)

    within, across = mean_correlation(same_sector=True), mean_correlation(same_sector=False)
    assert across > 0.2  # they share the market
    assert within > across + 0.15


def test_returns_have_fat_tails(slices: list[SimulatedSlice]):
    kurtoses = []
    for listing in LISTINGS:
        moves = enumerate(returns(slices, listing.symbol), start=1)
        inside = [move for place, move in moves if place % SESSION]  # without the gaps
        mean = fmean(inside)
        variance = fmean((move - mean) ** 2 for move in inside)
        kurtoses.append(fmean((move - mean) ** 4 for move in inside) / variance**2)
    assert min(kurtoses) > 3.5  # a normal distribution has 3


def test_a_session_is_lively_at_its_ends_and_calm_at_noon(slices: list[SimulatedSlice]):
    def size_at(start: float, end: float) -> float:
        part_of_day = [
            abs(move)
            for listing in LISTINGS
            for place, move in enumerate(returns(slices, listing.symbol), start=1)
            if place % SESSION and start <= (place % SESSION) / SESSION < end
        ]
        return fmean(part_of_day)

    opening, noon, closing = size_at(0, 0.15), size_at(0.4, 0.6), size_at(0.85, 1)
    assert opening > 1.5 * noon
    assert closing > 1.5 * noon


def test_the_days_shape_has_a_mean_square_of_one():
    assert fmean(liveliness(place / 999) ** 2 for place in range(1000)) == pytest.approx(1, abs=0.05)


def test_prices_gap_between_two_sessions(slices: list[SimulatedSlice]):
    gaps: list[float] = []
    steps: list[float] = []
    for listing in LISTINGS:
        for place, move in enumerate(returns(slices, listing.symbol), start=1):
            (steps if place % SESSION else gaps).append(abs(move))
    assert fmean(gaps) > 5 * fmean(steps)


def test_a_day_moves_as_far_as_a_share_does(slices: list[SimulatedSlice]):
    days = [move for listing in LISTINGS for move in returns(slices[: 12 * SESSION], listing.symbol, step=SESSION)]
    assert 0.008 < fmean(move**2 for move in days) ** 0.5 < 0.03


def test_it_goes_on_from_given_last_prices():
    start = {listing.symbol: Decimal(900) for listing in LISTINGS[:6]}
    first = market(slices=1, last_prices=start)[0]
    for listing in LISTINGS:
        near = start.get(listing.symbol, listing.base_price)
        assert abs(first.prices[listing.symbol] / near - 1) < Decimal("0.02")


def test_a_market_left_running_stays_plausible():
    calm = [Listing("A", "X", Decimal(1000)), Listing("B", "Y", Decimal(50))]
    for part in islice(Simulator(calm, seed=3, session_length=10), 20_000):
        assert Decimal("0.4") < part.prices["A"] / 1000 < Decimal("2.5")


def test_it_says_where_in_which_session_a_slice_stands():
    places = [(part.session, part.slice) for part in market(slices=SESSION + 2)]
    assert places[:2] == [(0, 0), (0, 1)]
    assert places[-3:] == [(0, SESSION - 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("listings", "options", "complaint"),
    [
        (LISTINGS + LISTINGS, {}, "listed twice"),
        (LISTINGS, {"session_length": 1}, "at least 2 slices"),
        (LISTINGS, {"last_prices": {"IT0": Decimal(0)}}, "IT0 cannot start at 0"),
    ],
)
def test_a_market_that_cannot_be_is_refused(listings: list[Listing], options: dict[str, object], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        Simulator(listings, seed=1, **options)  # type: ignore[arg-type]
