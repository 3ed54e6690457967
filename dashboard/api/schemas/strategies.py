"""What the strategy routes take."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from dashboard.api.schemas import DEFAULT_LIMIT, Limit, Name, Symbol, Text, UserId, known_word
from engine.domain.deployment import StrategyInput
from engine.domain.enums import StrategyStatus, StrategyType

MOST_DAYS = 365
Whole = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Rupees = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
Reason = Annotated[Text, StringConstraints(max_length=200)]
Parameters = Annotated[dict[str, Any], Field(description="of its rule; free where it names none of our rules")]
Kind = Annotated[StrategyType, BeforeValidator(known_word), Field(description="in capitals or not")]


class DeployRequest(BaseModel):
    name: Text
    description: Text = ""
    strategy_type: Kind
    symbols: Annotated[list[Symbol], Field(max_length=1000, description="what it trades: listed symbols, at least one")]
    parameters: Parameters = {}
    rule: Annotated[
        Name | None,
        Field(
            description="moving_average_cross, breakout or mean_reversion; without one it trades on signals that are sent to us"
        ),
    ] = None
    max_positions: Annotated[Whole, Field(description="open at once")] = 10
    max_daily_trades: Annotated[Whole, Field(description="orders a day that open or enlarge a position")] = 50
    max_drawdown_percent: Annotated[Percent, Field(description="of its capital; reached, it is stopped; at most 30")] = 15
    min_win_rate_percent: Annotated[Percent, Field(description="after 20 trades; below, it is paused")] = 40
    max_errors: Annotated[Whole, Field(description="orders rejected by the broker; reached, it is paused")] = 10
    capital: Annotated[Rupees, Field(description="rupees that losses are measured against; 0 for the account's equity")] = 0
    validate_only: bool = Field(False, description="say what is wrong with it, and deploy nothing")
    user_id: UserId = None

    def as_input(self) -> StrategyInput:
        given = self.model_dump(exclude={"validate_only", "user_id"})
        return StrategyInput(**_exact(given) | {"name": self.name.strip(), "rule": self.rule or ""})


class StrategyChanges(BaseModel):
    """Whatever is given is changed; a name that is none of these is one of the rule's parameters."""

    model_config = ConfigDict(extra="allow")

    name: Text | None = None
    description: Text | None = None
    strategy_type: Kind | None = None
    symbols: Annotated[list[Symbol], Field(max_length=1000)] | None = None
    parameters: Parameters | None = None
    rule: Name | None = None
    max_positions: Whole | None = None
    max_daily_trades: Whole | None = None
    max_drawdown_percent: Percent | None = None
    min_win_rate_percent: Percent | None = None
    max_errors: Whole | None = None
    capital: Rupees | None = None
    reason: Annotated[Reason, Field(description="for the lifecycle log")] = ""

    def given(self) -> dict[str, Any]:
        changes = {name: value for name, value in self.model_dump(exclude={"reason"}).items() if value is not None}
        changes.pop("user_id", None)
        return _exact(changes)


class ActionType(StrEnum):
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    STOP = "STOP"
    EMERGENCY_STOP = "EMERGENCY_STOP"
    MODIFY = "MODIFY"


class ControlRequest(BaseModel):
    action_type: Annotated[ActionType, BeforeValidator(known_word)]
    reason: Reason
    parameters: dict[str, Any] | None = Field(
        None, description="for STOP `close_positions` (true without it); for MODIFY what is to be changed, as in PUT"
    )


class StopParameters(BaseModel):
    close_positions: bool = True


class SwitchRequest(BaseModel):
    reason: Reason = ""


class RetireQuery(BaseModel):
    reason: Reason = ""
    close_positions: bool = Field(True, description="whether what it holds is closed at the market")


class StrategiesQuery(BaseModel):
    user_id: UserId = None
    status: Annotated[StrategyStatus | None, BeforeValidator(known_word)] = None
    include_retired: bool = False
    limit: Limit = DEFAULT_LIMIT


class DaysQuery(BaseModel):
    days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="of closed trades")] = 30


class LifecycleQuery(BaseModel):
    limit: Limit = DEFAULT_LIMIT
    before: UUID | None = Field(None, description="only steps older than this event_id: the next page")


def _exact(given: dict[str, Any]) -> dict[str, Any]:
    """The amounts as they were written, to the four decimals that a table has."""
    exact = ("max_drawdown_percent", "min_win_rate_percent", "capital")
    return given | {
        name: Decimal(str(given[name])).quantize(Decimal("0.0001")) for name in exact if given.get(name) is not None
    }
