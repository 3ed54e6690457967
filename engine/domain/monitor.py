"""What an account's standing says: which thresholds its figures have reached. Percent is of equity, which holds the cash."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.domain.enums import AlertLevel

HUNDRED = Decimal(100)
NO_EQUITY = Decimal(10**6)  # a share of nothing
LEVELS = (AlertLevel.WARNING, AlertLevel.ERROR, AlertLevel.CRITICAL)  # medium, high, critical
THRESHOLDS = {
    "drawdown": (Decimal(10), Decimal(15), Decimal(20)),
    "exposure": (Decimal(70), Decimal(85), Decimal(95)),
    "sector_concentration": (Decimal(25), Decimal(35), Decimal(45)),
    "position_concentration": (Decimal(8), Decimal(12), Decimal(15)),
}
EMERGENCY_DRAWDOWN, EMERGENCY_EXPOSURE = Decimal(25), Decimal(98)
DAILY_NOTICE = Decimal(5)  # percent, up or down
# percent of the way to the stop that is left: when it is told, and when it is over; a gap, so that it does not flutter
NEAR_STOP, FAR_AGAIN = Decimal(25), Decimal(50)


@dataclass(frozen=True, slots=True)
class Standing:
    """Rupees at the last prices. `exposure_limit` is the account's own limit in percent, where it has one."""

    equity: Decimal
    day_start_equity: Decimal
    peak_equity: Decimal
    by_symbol: dict[str, Decimal]  # gross
    by_sector: dict[str, Decimal]  # gross
    exposure_limit: Decimal | None = None

    @property
    def exposure(self) -> Decimal:
        return sum(self.by_symbol.values(), Decimal(0))

    def percent(self, amount: Decimal, whole: Decimal | None = None) -> Decimal:
        whole = self.equity if whole is None else whole
        return round(amount / whole * HUNDRED, 4) if whole > 0 else NO_EQUITY * (amount > 0)

    @property
    def drawdown(self) -> Decimal:
        peak = max(self.peak_equity, self.day_start_equity)
        return self.percent(max(peak - self.equity, Decimal(0)), peak)


@dataclass(frozen=True, slots=True)
class Breach:
    """A threshold that a figure has reached: `what` it is, of which symbol or sector, in percent."""

    what: str
    subject: str
    level: AlertLevel
    value: Decimal
    threshold: Decimal
    message: str
    lingers: bool = False  # the figure is on its way back: what stands is kept, and nothing new is said


def breaches(standing: Standing) -> list[Breach]:
    figures = [("drawdown", "", standing.drawdown), ("exposure", "", standing.percent(standing.exposure))]
    figures += [("sector_concentration", name, standing.percent(value)) for name, value in standing.by_sector.items()]
    figures += [("position_concentration", name, standing.percent(value)) for name, value in standing.by_symbol.items()]
    found = [breach for figure in figures if (breach := _reached(*figure))]
    day = standing.equity - standing.day_start_equity
    moved = standing.percent(abs(day), standing.day_start_equity)
    if moved >= DAILY_NOTICE:
        word, level = ("lost", AlertLevel.WARNING) if day < 0 else ("gained", AlertLevel.INFO)
        message = f"{moved:.2f} % of equity were {word} today"
        found.append(Breach("daily_move", word, level, moved, DAILY_NOTICE, message))
    return found


def _reached(what: str, subject: str, value: Decimal) -> Breach | None:
    """The highest of the figure's thresholds that it has reached."""
    reached = [pair for pair in zip(LEVELS, THRESHOLDS[what], strict=True) if value >= pair[1]]
    if not reached:
        return None
    level, threshold = reached[-1]
    name = f"{what.replace('_', ' ')} {subject}".strip()
    return Breach(what, subject, level, value, threshold, f"{name}: {value:.2f} % of equity, the threshold is {threshold} %")


def emergency(standing: Standing) -> str:
    """Why the account must be stopped, or nothing. Exposure that its own limit allows is no emergency."""
    if standing.drawdown >= EMERGENCY_DRAWDOWN:
        return f"the drawdown is {standing.drawdown:.2f} %"
    exposure = standing.percent(standing.exposure)
    if exposure >= EMERGENCY_EXPOSURE and exposure > (standing.exposure_limit or 0):
        return f"exposure is {exposure:.2f} % of equity"
    return ""


def near_stops(held: Iterable[tuple[str, int, Decimal, Decimal, Decimal]]) -> list[Breach]:
    """Early warnings, of positions as (symbol, quantity, average price, price, stop-loss): most of the way to the stop is gone.

    Measured by the way, not by the price: strategies set stops within a percent, and each position would be near at once.
    A stop that follows in the profit has no such way. Only worth knowing: a stop that is reached is the desk at work.
    """
    found = []
    for symbol, quantity, average, price, stop in held:
        sign = 1 if quantity > 0 else -1
        way, left = (average - stop) * sign, (price - stop) * sign
        if way <= 0 or left <= 0:
            continue
        percent = round(left / way * HUNDRED, 4)
        if percent <= FAR_AGAIN:
            where = f"{symbol} at {price.normalize():f}"
            message = f"{where}: {percent:.0f} % of the way to its stop-loss at {stop.normalize():f} is left"
            lingers = percent > NEAR_STOP
            found.append(Breach("near_stop", symbol, AlertLevel.INFO, percent, NEAR_STOP, message, lingers))
    return found
