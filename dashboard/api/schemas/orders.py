"""What a request about orders at work, or about closing positions, may hold."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from dashboard.api.schemas import Name, Price, Shares, Symbol, Text, UserId, decimal_of
from engine.domain.enums import Side
from engine.services.order_changes import OrderTerms

Reason = Annotated[Text, StringConstraints(max_length=200)] | None


def _known_side(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


class CancelRequest(BaseModel):
    user_id: UserId = None
    reason: Reason = Field(None, description="kept with the order")


class CancelAllRequest(BaseModel):
    """Without a filter: every working order of the account."""

    user_id: UserId = None
    symbol: Symbol | None = None
    strategy_id: Name | None = Field(None, description="empty: orders of no strategy")
    side: Annotated[Side | None, BeforeValidator(_known_side)] = None
    reason: Reason = None


class ModifyRequest(BaseModel):
    """The new terms; what is left out stays as it is."""

    quantity: Shares | None = Field(None, description="shares in all, those filled included; must be more than is filled")
    price: Price | None = None
    stop_price: Price | None = None
    stop_loss: Price | None = None
    take_profit: Price | None = None
    trailing_stop: Price | None = Field(None, description="rupees behind the best price; ends a distance in percent")
    trailing_stop_percent: Price | None = Field(None, description="percent behind it; ends a distance in rupees")
    user_id: UserId = None

    def as_terms(self) -> OrderTerms:
        return OrderTerms(
            quantity=self.quantity,
            price=decimal_of(self.price),
            stop_price=decimal_of(self.stop_price),
            stop_loss=decimal_of(self.stop_loss),
            take_profit=decimal_of(self.take_profit),
            trailing_stop=decimal_of(self.trailing_stop),
            trailing_stop_percent=decimal_of(self.trailing_stop_percent),
        )


class CloseRequest(BaseModel):
    price: Annotated[Price | None, Field(description="rupees a share: a LIMIT order at it; without it, at the market")] = None
    strategy_id: Name | None = Field(None, description="only this strategy's position; empty: that of no strategy")

    def as_price(self) -> Decimal | None:
        return decimal_of(self.price)


class CloseAllRequest(BaseModel):
    strategy_id: Name | None = Field(None, description="only this strategy's positions; empty: those of no strategy")
