"""The pages that the main navigation offers, in its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.urls import reverse

ON_A_PHONE = 4  # places in the bar of a small screen; the others are behind its "More"


# the letter that leads to a page after a g, by the page's name
KEYS = {
    "overview": "v",
    "orders": "o",
    "positions": "p",
    "strategies": "s",
    "risk": "r",
    "alerts": "a",
    "events": "e",
    "system": "y",
    "reports": "d",
    "time": "t",
}


class Place(NamedTuple):
    """`name` is the page's address name and its icon's."""

    name: str
    label: str

    @property
    def key(self) -> str:
        """Empty where no letter leads there."""
        return KEYS.get(self.name, "")

    @property
    def path(self) -> str:
        return reverse(self.name)


NAVIGATION = (
    Place("overview", "Overview"),
    Place("orders", "Orders"),
    Place("positions", "Positions"),
    Place("strategies", "Strategies"),
    Place("risk", "Risk"),
    Place("alerts", "Alerts"),
    Place("events", "Events"),
    Place("time", "Time travel"),
    Place("reports", "Reports"),
    Place("system", "System"),
)


OF_ANOTHER = {
    "symbols": "positions",
    "trace": "events",
    "emergency-stop": "risk",
    "trading-resume": "risk",
    "charts": "overview",
}


def place_of(path: str) -> Place | None:
    """The page of the navigation that an address belongs to: /orders/1/cancel/ to Orders."""
    first = path.strip("/").partition("/")[0]
    return next((place for place in NAVIGATION if place.name == OF_ANOTHER.get(first, first)), None)


@dataclass(frozen=True, slots=True)
class Places:
    """The navigation as the frame lays it out. `page` is the name of the page that is shown."""

    page: str
    places: Sequence[Place] = NAVIGATION

    @property
    def first(self) -> Sequence[Place]:
        return self.places[:ON_A_PHONE]

    @property
    def further(self) -> Sequence[Place]:
        return self.places[ON_A_PHONE:]

    @property
    def current_is_further(self) -> bool:
        return any(place.name == self.page for place in self.further)
