"""How much each share moves in a day, kept up with every closed bar: lately, and usually.

Each bar's range gives a variance (Parkinson 1980: ln(high/low)² / 4 ln 2), scaled to a session; two exponential means of it, a
quick and a slow one, need no history and cost the same for ever.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from math import log, sqrt

from engine import bulk
from engine.domain.bars import Bar
from engine.domain.intervals import DAY, interval_length
from engine.models import Instrument

SESSION = timedelta(hours=6, minutes=15)
QUICK, SLOW = 1 / 20, 1 / 500  # a bar's weight in either mean
COLUMNS = ("symbol", "volatility", "usual_volatility")
PLACES = 8


def volatility_observe(interval: str, bars: Sequence[Bar]) -> None:
    """Two statements, however many bars there are."""
    length = interval_length(interval)
    bars_a_day = 1.0 if length >= DAY else SESSION / length
    variances = {bar.symbol: log(float(bar.high) / float(bar.low)) ** 2 / (4 * log(2)) * bars_a_day for bar in bars}
    known = Instrument.objects.filter(symbol__in=list(variances)).values_list(*COLUMNS)
    rows = [
        (symbol, _mean(lately, variances[symbol], QUICK), _mean(usually, variances[symbol], SLOW))
        for symbol, lately, usually in known
    ]
    bulk.update(Instrument, COLUMNS, rows)


def _mean(before: Decimal | None, variance: float, weight: float) -> Decimal:
    """The volatility once this bar's variance has its weight in it."""
    mean = variance if before is None else float(before) ** 2 * (1 - weight) + variance * weight
    return Decimal(str(round(min(sqrt(mean), 10.0), PLACES)))
