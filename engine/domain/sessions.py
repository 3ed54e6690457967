"""Hours of the exchange as handlers are told them: which calendar says so is the shell's business."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MarketHours:
    """Whether the exchange is open, and when it opens next (when it opened, while it is open)."""

    is_open: bool
    opens_at: datetime
