"""Orders at a real broker: what is asked of it, what its answers mean, how often we try, and when we stop trying.

The paper broker needs none of it: it is a pure match inside the batch (`engine.domain.paper`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

TAG_LENGTH = 20  # what a broker keeps of a tag: 80 bits, long enough never to meet another among millions
SENDS = 3  # of an order, and of new terms, while nothing of it reached the broker
BACKOFF_SECONDS = (1, 2, 4)  # before the second send, the third, and each ask after that
REFUSED_SECONDS = (1, 2, 4, 8, 15)  # before a cancel that was refused is sent again: more gently, for it may take a person
ASKS_UNTIL_ABSENT = 3  # an order sent a moment ago may not be listed yet: once is no proof


class BrokerName(StrEnum):
    PAPER = "PAPER"
    KITE = "KITE"


class BrokerAction(StrEnum):
    PLACE = "PLACE"
    MODIFY = "MODIFY"
    CANCEL = "CANCEL"
    ASK = "ASK"


class CallState(StrEnum):
    QUEUED = "QUEUED"  # to be sent when it is due
    SENDING = "SENDING"  # given to the broker; its outcome is not known to us
    QUESTIONED = "QUESTIONED"  # its outcome is unknown: the broker is asked when it is due
    ASKING = "ASKING"
    DONE = "DONE"


class CallOutcome(StrEnum):
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"  # by the broker
    NOT_REACHED = "NOT_REACHED"  # known not to have reached the broker
    UNKNOWN = "UNKNOWN"  # it may have reached the broker
    FOUND = "FOUND"  # asked, the broker has it
    ABSENT = "ABSENT"  # asked, the broker does not have it
    WITHDRAWN = "WITHDRAWN"  # by us, before it was sent


class ReportStatus(StrEnum):
    """What a broker says of an order."""

    WORKING = "WORKING"
    COMPLETE = "COMPLETE"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    ABSENT = "ABSENT"


class BreakerState(StrEnum):
    CLOSED = "CLOSED"  # calls go out
    OPEN = "OPEN"  # none does
    HALF_OPEN = "HALF_OPEN"  # the broker is asked for its orders, which harms nothing: an answer closes it


@dataclass(frozen=True, slots=True)
class LiveBroker:
    """How the broker is reached. The secrets are in no `repr`, so they are in no log."""

    account: str  # the one account of ours whose orders are real
    url: str
    api_key: str = field(repr=False)
    access_token: str = field(repr=False)
    timeout_seconds: float = 5.0  # for a whole call
    poll_seconds: float = 2.0  # between two looks at the working orders
    breaker_failures: int = 5
    breaker_seconds: float = 30.0
    name: BrokerName = BrokerName.KITE

    @property
    def lease(self) -> timedelta:
        """After so long a call that nobody brought to its end is lost with the process that made it."""
        return timedelta(seconds=2 * self.timeout_seconds + 2)

    def without_secrets(self, text: str) -> str:
        for secret in (self.api_key, self.access_token):
            text = text.replace(secret, "•••")
        return text


@dataclass(frozen=True, slots=True)
class Desk:
    """What handlers know of the broker: whose orders go there, and whether it can be reached."""

    account: str
    name: BrokerName
    breaker: BreakerState


@dataclass(frozen=True, slots=True)
class CallWanted:
    """A call that follows from an event: saved with the batch, made after its commit. Prices in `request` are texts."""

    cause: UUID  # the event
    order_id: UUID
    action: BrokerAction
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breaker:
    """Counts the failures in a row to reach the broker; at the limit it opens, for a while."""

    failures: int = 0
    opened_at: datetime | None = None

    def state(self, now: datetime, seconds: float) -> BreakerState:
        if self.opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.opened_at + timedelta(seconds=seconds) else BreakerState.HALF_OPEN

    def failed(self, now: datetime, limit: int) -> "Breaker":
        """Not reached once more: at the limit, or when it was open already, it opens anew."""
        failures = self.failures + 1
        return Breaker(failures, now if failures >= limit else None)


def tag_of(order_id: UUID) -> str:
    """Our own mark on the order, by which the broker is asked for it."""
    return order_id.hex[:TAG_LENGTH].upper()


def wait_after(tries: int, seconds: Sequence[int] = BACKOFF_SECONDS) -> timedelta:
    """How long to wait after so many tries. No jitter: an account's calls come from one desk."""
    return timedelta(seconds=seconds[min(tries, len(seconds)) - 1])


def quantity_of(said: int, ours: int, filled: int) -> int:
    """An order's shares as the broker has them, but never fewer than are booked; ours where it names none."""
    return max(said, filled) if said > 0 else ours


def fill_of(filled: int, average: Decimal, booked: int, booked_notional: Decimal) -> tuple[int, Decimal]:
    """The shares that are filled and not booked, and their price in rupees, from the average of all."""
    shares = filled - booked
    if shares <= 0:
        return 0, average
    price = round((average * filled - booked_notional) / shares, 4)
    return shares, price if price > 0 else average
