from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from dashboard.api.schemas import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Cursor,
    Limit,
    Since,
    Text,
    Until,
    UserId,
    WholeLimit,
    Word,
    known_word,
    none_for_nothing,
)
from engine.domain.enums import Side

MAX_DAYS = 3_650

Days = Annotated[
    int,
    AfterValidator(lambda days: max(1, min(days, MAX_DAYS))),
    Field(description=f"1 to {MAX_DAYS} IST days, the present one among them"),
]


class DaysQuery(BaseModel):
    user_id: UserId = None
    days: Days = 30


class HistoryQuery(DaysQuery):
    symbol: Word = None
    limit: WholeLimit = MAX_LIMIT
    cursor: Cursor = None


class ExecutionsQuery(BaseModel):
    user_id: UserId = None
    symbol: Word = None
    side: Annotated[Side | None, BeforeValidator(none_for_nothing), BeforeValidator(known_word)] = None
    strategy_id: Text | None = None
    since: Since = None
    until: Until = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class ActiveQuery(BaseModel):
    user_id: UserId = None
    symbol: Word = None
    limit: WholeLimit = MAX_LIMIT
    cursor: Cursor = None
