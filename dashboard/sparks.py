"""Small curves without axes, and bars by the hour: shapes for templates. static/js/spark.js draws the very same curve."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from dashboard import figures
from engine.domain.intervals import IST

WIDTH, HEIGHT = 100, 24
HOUR = timedelta(hours=1)
HOURS = 8  # that the drawing of the hours has room for
POINTS = 60  # of a curve: more cannot be told apart
BARS_WIDTH, BARS_TOP, BARS_LENGTH = 320, 22, 146  # of the hours' drawing: the bars' room, beneath it the hours' names


def path(values: Sequence[float | None]) -> str:
    """The latest POINTS values as an SVG path from left to right, level ones in the middle; empty for fewer than two."""
    known = [value for value in values if value is not None][-POINTS:]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step, scale = WIDTH / (len(known) - 1), (HEIGHT - 3) / (high - low) if high > low else 0.0
    ground = HEIGHT - 1.5 if scale else HEIGHT / 2
    points = (f"{number * step:.1f},{ground - (value - low) * scale:.1f}" for number, value in enumerate(known))
    return f"M{' L'.join(points)}"


def bars(hours: Sequence[dict[str, Any]], *, room: int = HOURS) -> list[dict[str, Any]]:
    """A bar for each of `pnl_by_hour`'s hours, up for a gain and down for a loss, in the units of the drawing.

    Where there is room for more, the next hours stand there with their names alone, so that no bar moves as they come.
    """
    if not hours:
        return []
    sums = [float(hour["pnl"]) for hour in hours]
    best, worst = max([*sums, 0.0]), min([*sums, 0.0])
    scale = BARS_LENGTH / ((best - worst) or 1.0)
    zero, wide = BARS_TOP + (best * scale if best - worst else BARS_LENGTH / 2), BARS_WIDTH / max(len(hours), room)
    drawn = [
        _bar(hour, place * wide, wide, zero, abs(pnl) * scale)
        for place, (hour, pnl) in enumerate(zip(hours, sums, strict=True))
    ]
    last = figures.parsed(hours[-1]["at"]).astimezone(IST)
    return drawn + [
        {"middle": round((place + 0.5) * wide, 1), "label": f"{last + HOUR * (place + 1 - len(hours)):%H}"}
        for place in range(len(hours), room)
    ]


def _bar(hour: dict[str, Any], left: float, wide: float, zero: float, length: float) -> dict[str, Any]:
    at, text = figures.parsed(hour["at"]).astimezone(IST), figures.pnl(hour["pnl"])
    sign, long = figures.sign(hour["pnl"], text), max(round(length, 1), 1.0)
    top = zero - long if sign >= 0 else zero
    return {
        "x": round(left + wide * 0.2, 1),
        "middle": round(left + wide / 2, 1),
        "zero": round(zero, 1),
        "width": round(wide * 0.6, 1),
        "y": round(top, 1),
        "height": long,
        "sign": sign,
        "label": f"{at:%H}",
        "short": figures.short(hour["pnl"]) if sign else "",
        "short_y": round(top - 6 if sign >= 0 else top + long + 14, 1),
        "text": f"{at:%H:%M}: {text}",
    }
