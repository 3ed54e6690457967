"""A position's stop and target, set together by hand: through the log, so that folding gives them too."""

from decimal import Decimal
from uuid import uuid4

import pytest

from engine.domain.enums import Side
from engine.models import Position
from engine.processing import run_until_idle
from engine.services.errors import ServiceError
from engine.services.orders import OrderInput, order_place
from engine.services.stop_losses import NoPosition, WrongSide, exit_levels_set
from engine.verification import verify
from tests.engine.flow import Clock


@pytest.fixture
def held(desk, clock: Clock):
    def open_one(side: Side = Side.BUY) -> Position:
        order = OrderInput(symbol="RELIANCE", side=side, quantity=10)
        order_place(user_id="asha", order=order, now=clock(), by="asha")
        run_until_idle(now=clock)
        return Position.objects.get()

    return open_one


def levels(position: Position) -> tuple[Decimal | None, Decimal | None]:
    position.refresh_from_db()
    return position.stop_loss, position.take_profit


def test_stop_and_target_are_set_and_taken_away_one_by_one(held, clock: Clock):
    position = held()
    for stop, target in ((Decimal(90), Decimal(120)), (Decimal(90), None), (None, Decimal(130)), (None, None)):
        exit_levels_set(position_id=position.id, stop_loss=stop, take_profit=target, by="asha", now=clock())
        run_until_idle(now=clock)
        assert levels(position) == (stop, target)
    assert verify().differences == []


@pytest.mark.parametrize(
    ("side", "stop", "target"), [(Side.BUY, 101, None), (Side.BUY, None, 99), (Side.SELL, 99, None), (Side.SELL, None, 101)]
)
def test_a_level_that_the_price_has_reached_is_refused(held, clock: Clock, side, stop, target):
    position = held(side)
    given = {name: Decimal(level) if level else None for name, level in (("stop_loss", stop), ("take_profit", target))}
    with pytest.raises(WrongSide):
        exit_levels_set(position_id=position.id, by="asha", now=clock(), **given)
    run_until_idle(now=clock)
    assert levels(position) == (None, None)


def test_what_would_change_nothing_and_what_is_not_held_is_refused(held, clock: Clock):
    with pytest.raises(ServiceError, match="so already"):
        exit_levels_set(position_id=held().id, stop_loss=None, take_profit=None, by="asha", now=clock())
    with pytest.raises(NoPosition):
        exit_levels_set(position_id=uuid4(), stop_loss=Decimal(1), take_profit=None, by="asha", now=clock())


def test_a_target_set_by_hand_closes_the_position_when_it_is_reached(held, clock: Clock):
    from engine.market.feeds import prices_publish

    position = held()
    exit_levels_set(position_id=position.id, stop_loss=None, take_profit=Decimal(105), by="asha", now=clock())
    run_until_idle(now=clock)
    prices_publish(at=clock(), source="simulated", interval="1m", prices={"RELIANCE": Decimal(106)}, bars={}, now=clock())
    run_until_idle(now=clock)
    position.refresh_from_db()
    assert (position.quantity, position.status) == (0, "CLOSED")
