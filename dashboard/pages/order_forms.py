"""What is written into the order forms, read into orders and terms; what is wrong with it is said field by field."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from pydantic import ValidationError

from dashboard import figures
from dashboard.api.schemas import MAX_SHARES, OrderRequest
from dashboard.api.schemas.orders import ModifyRequest
from engine.domain.enums import OrderType, Product, Side, Validity
from engine.selectors.instruments import instrument_get
from engine.services.order_changes import OrderTerms
from engine.services.orders import OrderInput

RUPEES, PERCENT = "rupees", "percent"
DEFAULTS = {
    "symbol": "",
    "side": Side.BUY.value,
    "order_type": OrderType.MARKET.value,
    "product": Product.MIS.value,
    "validity": Validity.DAY.value,
    "size_by": "shares",
    "quantity": "",
    "amount": "",
    "price": "",
    "stop_price": "",
    "stop_loss": "",
    "take_profit": "",
    "trail": "",
    "trail_by": RUPEES,
    "strategy_id": "",
}
PRICED = frozenset({OrderType.LIMIT.value, OrderType.STOP_LIMIT.value})
TRIGGERED = frozenset({OrderType.STOP_LOSS.value, OrderType.STOP_LIMIT.value})
STRATEGY_LENGTH = 64
LONGEST = 80  # letters that are read of a field
PRICE_WORDS = "A price in rupees, above 0"
TOO_FINE = "At most four decimals"
WORDS = {
    "symbol": "Choose a listed symbol",
    "quantity": f"Whole shares, 1 to {figures.quantity(MAX_SHARES)}",
    "amount": "An amount in rupees, above 0",
    "price": PRICE_WORDS,
    "stop_price": PRICE_WORDS,
    "stop_loss": PRICE_WORDS,
    "take_profit": PRICE_WORDS,
    "strategy_id": f"At most {STRATEGY_LENGTH} letters",
    "trail": "A distance behind the price, above 0; in percent below 100",
}
FORM_FIELDS = {"trailing_stop": "trail", "trailing_stop_percent": "trail"}  # what the services name otherwise
LABELS = {"stop_price": "trigger price", "price": "limit price"}


@dataclass(slots=True)
class Ticket:
    """A ticket as it was filled in: `order` is None while something is missing or wrong."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    order: OrderInput | None = None
    instrument: dict[str, Any] | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> "Ticket":
        ticket = cls({name: given.get(name, default).strip()[:LONGEST] for name, default in DEFAULTS.items()})
        ticket.values["symbol"] = ticket.values["symbol"].upper()
        ticket.instrument = instrument_get(ticket.values["symbol"]) if ticket.values["symbol"].isprintable() else None
        if ticket.instrument is None:
            ticket.errors["symbol"] = WORDS["symbol"]
        wanted = ticket._wanted()
        if not ticket.errors:
            ticket._parse(wanted)
        return ticket

    def _wanted(self) -> dict[str, Any]:
        """The order as the API would be asked for it. What the type has no use for is left out."""
        values, kind = self.values, self.values["order_type"]
        prices = {
            "price": values["price"] if kind in PRICED else "",
            "stop_price": values["stop_price"] if kind in TRIGGERED else "",
            "stop_loss": values["stop_loss"],
            "take_profit": values["take_profit"],
            "trailing_stop" if values["trail_by"] != PERCENT else "trailing_stop_percent": values["trail"],
        }
        numbers = {name: self._number(name, text) for name, text in prices.items() if text}
        for name in ("price", "stop_price"):
            if name not in numbers and kind in (PRICED if name == "price" else TRIGGERED):
                self.errors.setdefault(name, WORDS[name])
        words = {name: values[name] for name in ("symbol", "side", "order_type", "product", "validity")}
        return words | numbers | {"quantity": self._quantity(numbers), "strategy_id": values["strategy_id"] or None}

    def _quantity(self, prices: Mapping[str, Decimal | None]) -> Decimal | None:
        """The shares, or as many whole lots as the amount buys at the limit, the trigger or the last price."""
        if self.values["size_by"] != RUPEES:
            return self._number("quantity", self.values["quantity"])
        amount = self._number("amount", self.values["amount"])
        if amount is None or self.instrument is None:
            return None
        price = prices.get("price") or prices.get("stop_price") or self.instrument["last_price"]
        if not price:
            self.errors.setdefault("amount", "No price is known yet: give a number of shares")
            return None
        lot = self.instrument["lot_size"]
        shares: Decimal = (amount / price / lot).quantize(Decimal(1), ROUND_DOWN) * lot
        if shares <= 0:
            self.errors.setdefault("amount", f"That buys no share at ₹{figures.price(price)}")
        return shares

    def _number(self, name: str, text: str) -> Decimal | None:
        number, shown = number_of(text), FORM_FIELDS.get(name, name)
        if number is None or number <= 0:
            self.errors.setdefault(shown, WORDS[shown])
            return None
        if name != "quantity" and is_too_fine(number):
            self.errors.setdefault(shown, TOO_FINE)
            return None
        return number

    def _parse(self, wanted: Mapping[str, Any]) -> None:
        try:
            self.order = OrderRequest.model_validate(wanted).as_input()
        except ValidationError as error:
            for problem in error.errors():
                name = str(problem["loc"][0])
                shown = FORM_FIELDS.get(name, name)
                self.errors.setdefault(shown, WORDS.get(shown, "Choose one of the list"))


@dataclass(slots=True)
class Terms:
    """A form of new terms for a working order. What was left as it is, or empty, stays."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    terms: OrderTerms | None = None

    names = ("quantity", "price", "stop_price", "stop_loss", "take_profit")

    @classmethod
    def of(cls, order: Mapping[str, Any]) -> "Terms":
        return cls({name: plain(order[name]) for name in cls.names})

    @classmethod
    def read(cls, given: Mapping[str, str], order: Mapping[str, Any]) -> "Terms":
        form = cls({name: given.get(name, "").strip()[:40] for name in cls.names})
        changed: dict[str, Decimal] = {}
        for name, text in form.values.items():
            number = number_of(text)
            if text and (number is None or number <= 0):
                form.errors[name] = WORDS[name]
            elif number is not None and name != "quantity" and is_too_fine(number):
                form.errors[name] = TOO_FINE
            elif number is not None and number != order[name]:
                changed[name] = number
        if not form.errors:
            form._parse(changed)
        return form

    def __str__(self) -> str:
        return " ".join(f"{name} {text}" for name, text in self.values.items())

    def _parse(self, changed: Mapping[str, Decimal]) -> None:
        try:
            self.terms = ModifyRequest.model_validate(changed).as_terms()
        except ValidationError as error:
            self.errors |= {str(problem["loc"][0]): WORDS[str(problem["loc"][0])] for problem in error.errors()}


# plain digits, or grouped as India or as the world does
WRITTEN = re.compile(r"₹?\s*(-?(?:\d{1,3}(?:,\d{2,3})*,\d{3}|\d+)(?:\.\d*)?|-?\.\d+)", re.ASCII)


def number_of(text: str) -> Decimal | None:
    """12,34,567.50, 1,234,567 or ₹500 as a number; None for what is none, and for a comma where nobody groups: 1,0."""
    match = WRITTEN.fullmatch(text.strip())
    number = Decimal(match[1].replace(",", "")) if match else None
    return number if number is not None and abs(number) < Decimal(10) ** 15 else None


def is_too_fine(number: Decimal) -> bool:
    """Whether it has more decimals than are kept of a price."""
    return number != round(number, 4)


def plain(value: Any) -> str:
    """A number as one writes it into a field: 1532.5 and not 1,532.5000."""
    return "" if value is None else f"{Decimal(value).normalize():f}"


def in_words(error: Exception) -> str:
    """What a service says, with the form's words for its fields."""
    text = str(error)
    for name, label in LABELS.items():
        text = re.sub(rf"\b{name}\b", label, text)
    return text[:1].upper() + text[1:]
