"""What a request may hold. Coercion and refusal are pydantic's own, as old clients know them; unknown fields are ignored."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from dashboard.api.wire import is_storable
from engine.domain.enums import OrderType, Product, Side, SignalType, Validity
from engine.models.accounts import USER_ID
from engine.services.orders import OrderInput
from engine.services.signals import SignalInput

MAX_BATCH = 1_000  # signals in one call
MAX_LIMIT = 1_000  # rows of one page
DEFAULT_LIMIT = 100
MOST_ALERTS = 500  # in one call
MAX_SHARES = 100_000_000
MAX_PRICE = 10_000_000  # rupees
MAX_WINDOW = 10_080  # minutes: a week
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MISSING = frozenset({"", "null", "undefined", "unknown"})  # what older frontends send for "nobody"


def _storable(text: str) -> str:
    if not is_storable(text):
        raise PydanticCustomError("string_unicode", "Text may hold neither NUL nor half a surrogate pair")
    return text


def known_word(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def none_for_nothing(value: Any) -> Any:
    """An empty filter filters nothing."""
    return None if value == "" else value


def _named(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip() in MISSING else value


def _clamped_limit(limit: int) -> int:
    return DEFAULT_LIMIT if limit < 0 else min(limit, MAX_LIMIT)


def _between_ages(at: datetime) -> datetime:
    """A naive time is UTC; a time that some database cannot hold is none that an event ever had."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not EARLIEST <= aware <= LATEST:
        raise PydanticCustomError("datetime_range", "A time lies between 1970 and 2200")
    return aware.astimezone(UTC)


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[str, StringConstraints(max_length=64), AfterValidator(_storable)]
UserId = Annotated[
    Annotated[str, StringConstraints(pattern=rf"^{USER_ID}$")] | None,
    BeforeValidator(_named),
    Field(description="the account; also accepted as a query parameter or in X-User-ID"),
]
Symbol = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=32, pattern=r"^[A-Za-z0-9&._ -]+$"),
    Field(description="a listed instrument's symbol, as the NSE spells it"),
]
Price = Annotated[float, Field(gt=0, le=MAX_PRICE, allow_inf_nan=False, description="rupees a share")]
Shares = Annotated[int, Field(gt=0, le=MAX_SHARES, description="shares")]
Limit = Annotated[
    int, AfterValidator(_clamped_limit), Field(description=f"rows; at most {MAX_LIMIT}, negative means the default")
]
WholeLimit = Annotated[
    int,
    AfterValidator(lambda limit: min(limit, MAX_LIMIT) if limit >= 0 else MAX_LIMIT),
    Field(description=f"rows; at most {MAX_LIMIT}, the default"),
]
LogId = Annotated[int, Field(ge=1, lt=2**63)]
Moment = Annotated[datetime, AfterValidator(_between_ages)]
Since = Annotated[Moment | None, Field(description="only from this time on (UTC where it names no zone)")]
Until = Annotated[Moment | None, Field(description="only before this time (UTC where it names no zone)")]
Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=400)] | None,
    Field(description="`next_cursor` of the page before; without it the first page"),
]
OrderOrdering = Literal["-created_at", "created_at"]
PositionSide = Literal["LONG", "SHORT"]
Word = Annotated[Text | None, BeforeValidator(known_word)]


def decimal_of(value: float | None) -> Decimal | None:
    """The number as it was written, to the four decimals that a price has."""
    return None if value is None else Decimal(repr(value)).quantize(Decimal("0.0001"))


class SignalRequest(BaseModel):
    symbol: Symbol
    signal_type: Annotated[SignalType, BeforeValidator(known_word), Field(description="in capitals or not")]
    confidence_score: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="0 to 1")]
    target_price: Price | None = None
    stop_loss: Price | None = None
    position_size: Annotated[
        Annotated[float, Field(gt=0, le=MAX_SHARES, allow_inf_nan=False)] | None,
        Field(description="shares from 1 on; below 1 a fraction of equity; without it the engine sizes"),
    ] = None
    strategy_id: Name | None = None
    signal_id: UUID | None = Field(None, description="your own id: the same signal sent again is accepted once")
    user_id: UserId = None

    def as_input(self) -> SignalInput:
        return SignalInput(
            symbol=self.symbol,
            signal_type=self.signal_type,
            confidence_score=Decimal(repr(self.confidence_score)).quantize(Decimal("0.000001")),
            target_price=decimal_of(self.target_price),
            stop_loss=decimal_of(self.stop_loss),
            position_size=decimal_of(self.position_size),
            strategy_id=self.strategy_id or "",
            signal_id=self.signal_id,
        )


class SignalBatchRequest(BaseModel):
    signals: Annotated[list[SignalRequest], Field(min_length=1, max_length=MAX_BATCH)]
    user_id: UserId = None


class OrderRequest(BaseModel):
    symbol: Symbol
    side: Annotated[Side, BeforeValidator(known_word)]
    order_type: Annotated[OrderType, BeforeValidator(known_word)] = OrderType.MARKET
    quantity: Shares
    price: Annotated[Price | None, Field(description="rupees a share; LIMIT and STOP_LIMIT need it")] = None
    stop_price: Annotated[Price | None, Field(description="rupees a share; STOP_LOSS and STOP_LIMIT need it")] = None
    product: Annotated[Product, BeforeValidator(known_word)] = Product.MIS
    validity: Annotated[Validity, BeforeValidator(known_word)] = Validity.DAY
    strategy_id: Name | None = None
    stop_loss: Price | None = None
    take_profit: Price | None = None
    trailing_stop: Annotated[
        Price | None, Field(description="a stop so many rupees behind the best price since the position opened")
    ] = None
    trailing_stop_percent: Annotated[
        Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)] | None,
        Field(description="the same in percent of the best price; one of the two"),
    ] = None
    user_id: UserId = None

    def as_input(self) -> OrderInput:
        return OrderInput(
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            price=decimal_of(self.price),
            stop_price=decimal_of(self.stop_price),
            product=self.product,
            validity=self.validity,
            strategy_id=self.strategy_id or "",
            stop_loss=decimal_of(self.stop_loss),
            take_profit=decimal_of(self.take_profit),
            trailing_stop=decimal_of(self.trailing_stop),
            trailing_stop_percent=decimal_of(self.trailing_stop_percent),
        )


class ResolveRequest(BaseModel):
    note: Annotated[Text, StringConstraints(max_length=1000)] = ""


class Nothing(BaseModel):
    """A request that its address says whole."""


class AlertsRequest(BaseModel):
    alert_ids: list[Annotated[Text, StringConstraints(min_length=1, max_length=40)]] = Field(
        min_length=1, max_length=MOST_ALERTS, description="the alerts"
    )


class AlertsResolveRequest(AlertsRequest, ResolveRequest):
    pass


class SilenceRequest(BaseModel):
    minutes: int = Field(60, ge=1, le=10_080, description="for how long: up to 7 days, and of worse alerts less")


class AlertsSilenceRequest(AlertsRequest, SilenceRequest):
    pass


class UserQuery(BaseModel):
    user_id: UserId = None


class MetricsQuery(BaseModel):
    metric_name: Text | None = Field(None, description="only this counter, where it is a known one")
    time_window_minutes: Annotated[
        int, AfterValidator(lambda minutes: max(1, min(minutes, MAX_WINDOW))), Field(description=f"1 to {MAX_WINDOW}")
    ] = 60


class AlertsQuery(BaseModel):
    level: Text | None = Field(None, description="INFO, WARNING, ERROR or CRITICAL, in capitals or not")
    component: Text | None = None
    status: Text | None = Field(
        None, description="ACTIVE, ACKNOWLEDGED, SILENCED, RESOLVED or ALL; without it all that are open"
    )
    since: Since = None
    until: Until = None
    limit: WholeLimit = MAX_LIMIT
    cursor: Cursor = None
    offset: Annotated[int, AfterValidator(lambda offset: max(0, min(offset, 1_000_000)))] = 0


class EventsQuery(BaseModel):
    user_id: Text | None = None
    event_type: Text | None = Field(None, description="a name of either vocabulary")
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None
    correlation_id: UUID | None = Field(None, description="only this chain")
    symbol: Text | None = Field(None, description="only what is about this share")
    since: Since = None
    until: Until = None
    before: LogId | None = Field(None, description="only events before this `log_id`: the next page")


class OrdersQuery(BaseModel):
    user_id: UserId = None
    status: Annotated[Text | None, BeforeValidator(known_word), Field(description="an order status, or ACTIVE")] = None
    symbol: Word = None
    side: Annotated[Side | None, BeforeValidator(none_for_nothing), BeforeValidator(known_word)] = None
    strategy_id: Text | None = None
    since: Since = None
    until: Until = None
    ordering: OrderOrdering = "-created_at"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None
    before: UUID | None = Field(None, description="only orders older than this one: the next page")


class PositionsQuery(BaseModel):
    user_id: UserId = None
    include_closed: bool = False
    limit: WholeLimit = MAX_LIMIT
    cursor: Cursor = None
    symbol: Word = None
    side: Annotated[PositionSide | None, BeforeValidator(none_for_nothing), BeforeValidator(known_word)] = None
    strategy_id: Text | None = None


class SignInRequest(BaseModel):
    username: Annotated[Text, StringConstraints(min_length=1, max_length=150)]
    password: Annotated[Text, StringConstraints(min_length=1, max_length=1024)]
