"""What the requests about risk may hold."""

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from dashboard.api.schemas import MAX_SHARES, Name, Price, Symbol, Text, UserId
from engine.domain.enums import HaltScope, SignalType

Reason = Annotated[Text, StringConstraints(max_length=200)]


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Scope = Annotated[
    HaltScope,
    BeforeValidator(_lower),
    Field(description="global (staff only), account, strategy or symbol; the last two with a `name`"),
]


class TargetFields(BaseModel):
    user_id: UserId = None
    reason: Reason | None = None
    scope: Scope | None = None
    name: Name | None = Field(None, description="the strategy's id or the symbol, where the scope is one of these")


class EmergencyStopRequest(TargetFields):
    flatten: bool | None = Field(None, description="close the positions too; the state is REDUCING then, else HALTED")
    drill: bool | None = Field(None, description="only say what would happen")


class EmergencyStopQuery(EmergencyStopRequest):
    """The same in the query, which wins."""


class ResumeRequest(TargetFields):
    confirmation: Annotated[Text, StringConstraints(max_length=4000)] | None = Field(
        None, description="the token that the first call answered, within a minute; nothing else is needed beside it"
    )


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


class SizeQuery(BaseModel):
    user_id: UserId = None
    symbol: Symbol
    signal_type: Annotated[SignalType, BeforeValidator(_upper)]
    confidence_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    model: Text = Field("VOLATILITY_ADJUSTED", description="a sizing model; an unknown name means VOLATILITY_ADJUSTED")
    target_price: Price | None = None
    stop_loss: Price | None = None


class StopLossFields(BaseModel):
    symbol: Symbol | None = None
    trigger_price: Annotated[Price | None, Field(description="rupees a share; where the position is closed at the market")] = (
        None
    )
    trailing_stop: Price | None = Field(None, description="instead of a price: rupees behind the best price")
    trailing_stop_percent: Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)] | None = Field(
        None, description="or percent behind it"
    )
    order_type: Annotated[Text, StringConstraints(strip_whitespace=True, to_upper=True, max_length=20)] | None = Field(
        None, description="MARKET, the only one"
    )
    limit_price: Price | None = None
    quantity: Annotated[int, Field(ge=0, le=MAX_SHARES, description="0 is the whole position, the only one")] | None = None

    def over(self, body: Self) -> Self:
        """These, and what they leave open from the body."""
        return self.model_copy(update={name: value for name, value in body if getattr(self, name) is None})
