"""A market that never was: seeded and repeatable, for the demo and for tests. It is shaped like a real one, and predicts none.

Returns are a market factor, a factor of the share's sector and the share's own part, each with Student-t tails. A session is
lively at its open and close and calm at noon, and between two sessions prices gap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import exp, log, sqrt
from random import Random

from engine.domain.bars import TICK, on_tick

DAY_VOLATILITY = 0.016  # of a share's log price, in one session: about 25 % a year
GAP_VOLATILITY = 0.007  # of the gap between two sessions
MARKET_SHARE, SECTOR_SHARE = 0.35, 0.30  # of a share's variance; the rest is its own
TAIL = 4  # degrees of freedom of the Student-t tails; the fewer, the wilder
PULL = 0.05  # a session's pull back to the base price, so that a market left running for weeks stays plausible
OPEN_LIVELINESS, NOON_LIVELINESS = 1.7, 0.55


@dataclass(frozen=True, slots=True)
class Listing:
    """A share to simulate: its prices wander around `base_price`, in rupees."""

    symbol: str
    sector: str
    base_price: Decimal
    tick_size: Decimal = TICK


@dataclass(frozen=True, slots=True)
class SimulatedSlice:
    """The market at one instant: the price of each symbol in rupees, and what traded since the slice before, in shares."""

    session: int
    slice: int
    prices: Mapping[str, Decimal]
    volumes: Mapping[str, int]


class Simulator:
    """An endless iterator of slices, `session_length` of them to a session. The same seed and start give the same prices."""

    def __init__(
        self,
        listings: Sequence[Listing],
        *,
        seed: int,
        session_length: int = 1800,
        last_prices: Mapping[str, Decimal] | None = None,
    ) -> None:
        if len({listing.symbol for listing in listings}) != len(listings):
            raise ValueError("a symbol is listed twice")
        if session_length < 2:
            raise ValueError(f"a session has at least 2 slices: got {session_length}")
        self.listings = listings
        self.session_length = session_length
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._sectors = sorted({listing.sector for listing in listings})
        self._levels = [_log_price(listing, last_prices or {}) for listing in listings]
        self._bases = [log(listing.base_price) for listing in listings]
        self._place = 0

    def __iter__(self) -> Iterator[SimulatedSlice]:
        return self

    def __next__(self) -> SimulatedSlice:
        session, place = divmod(self._place, self.session_length)
        self._place += 1
        if place == 0 and session > 0:
            self._move(GAP_VOLATILITY)
        scale = liveliness(place / (self.session_length - 1))
        moves = self._move(scale * DAY_VOLATILITY / sqrt(self.session_length))
        return SimulatedSlice(session, place, self._prices(), self._volumes(moves, scale))

    def _move(self, volatility: float) -> list[float]:
        """Move every share once; returns how far each went, in units of the volatility."""
        draw = self._student
        market = sqrt(MARKET_SHARE) * draw()
        sectors = {sector: sqrt(SECTOR_SHARE) * draw() for sector in self._sectors}
        own_share = sqrt(1 - MARKET_SHARE - SECTOR_SHARE)
        pull = PULL / self.session_length
        moves = []
        for index, listing in enumerate(self.listings):
            move = market + sectors[listing.sector] + own_share * draw()
            self._levels[index] += volatility * move + pull * (self._bases[index] - self._levels[index])
            moves.append(move)
        return moves

    def _student(self) -> float:
        """One draw from Student's t with TAIL degrees of freedom, scaled to variance 1."""
        chi_square = self._random.gammavariate(TAIL / 2, 2)
        return self._random.gauss(0, 1) * sqrt((TAIL - 2) / chi_square)

    def _prices(self) -> dict[str, Decimal]:
        levels = zip(self.listings, self._levels, strict=True)
        return {listing.symbol: on_tick(exp(level), listing.tick_size) for listing, level in levels}

    def _volumes(self, moves: Sequence[float], scale: float) -> dict[str, int]:
        """More trades where prices move more."""
        sizes = zip(self.listings, moves, strict=True)
        return {
            listing.symbol: int(self._random.expovariate(1 / (scale * (1 + abs(move)) * 500_000 / float(listing.base_price))))
            for listing, move in sizes
        }


def liveliness(part: float) -> float:
    """How lively the market is when `part` (0 to 1) of the session has passed: a U with a mean square of about 1."""
    return NOON_LIVELINESS + (OPEN_LIVELINESS - NOON_LIVELINESS) * (2 * part - 1) ** 2


def _log_price(listing: Listing, last_prices: Mapping[str, Decimal]) -> float:
    price = last_prices.get(listing.symbol, listing.base_price)
    if price <= 0:
        raise ValueError(f"{listing.symbol} cannot start at {price}")
    return log(price)
