"""Every channel and group name, and every topic that a page can watch."""

import re
from functools import lru_cache

from engine.domain.enums import Lane

LIVE = "live"  # the group that carries "these topics changed" to every server process
ALERTS = "alerts"
SYSTEM = "system"
EVENTS = "events"
MARKET = "market"


def lane_channel(lane: Lane) -> str:
    """The channel on which a lane's doorbell rings."""
    return f"engine.{lane}"


@lru_cache(maxsize=4096)  # asked for each watched topic at each hint
def account_topic(user_id: str) -> str:
    """One account's orders, positions and figures. Layers refuse `@` in names, which user ids may hold."""
    return "account." + re.sub(r"[^A-Za-z0-9_.-]", "-", user_id)
