"""Hours of the exchange as handlers are told them: which calendar says so is the shell's business."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MarketHours:
    """Whether the exchange is open, when it opens next (when it opened, while it is open), and when intraday trading ends."""

    is_open: bool
    opens_at: datetime
    intraday_until: datetime
