"""Whatever is sent, in whatever order and in whatever batches: the database ends sound, and the log says the same."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction

from engine.domain.enums import HaltScope, Lane, OrderType, Product, Side, Validity
from engine.models import Alert, Order, PendingEvent, PendingPrices, Strategy
from engine.processing import run_lane, run_until_idle
from engine.services.errors import InvalidOrder, NothingToClose, OrderNotWorking
from engine.services.exits import positions_close
from engine.services.order_changes import OrderTerms, order_modify, orders_cancel_all
from engine.services.orders import order_cancel
from engine.services.trading import THE_ACCOUNT, Target, emergency_stop, trading_resume
from engine.shelf import shelf
from engine.verification import verify
from tests.engine.conftest import roomy
from tests.engine.flow import Clock, a_signal, assert_sound, place, send

SYMBOLS = ("RELIANCE", "INFY", "BAD")
USERS = ("asha", "ravi", "zara")
TARGETS = (
    THE_ACCOUNT,
    THE_ACCOUNT,
    Target(HaltScope.GLOBAL),
    Target(HaltScope.STRATEGY, "trend"),
    Target(HaltScope.SYMBOL, "INFY"),
)


class Desk:
    """Does something at random, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.days = 0  # of market time that have gone by
        self.clock = Clock()
        self.clock.at = datetime.now(UTC)

    def act(self) -> None:
        self.clock.pass_seconds(0.01)
        actions = [self.signals] * 6 + [self.order] * 4 + [self.price] * 4 + [self.cancel] * 2 + [self.work] * 5
        actions += [self.modify] * 3 + [self.close, self.cancel_all, self.crash, self.next_day]
        self.random.choice([*actions, self.stop, self.resume, self.resume])()

    def signals(self) -> None:
        pick = self.random.choice
        sizes = (None, 1, 40, Decimal("0.01"), Decimal("0.3"), 3000)
        wanted = [
            a_signal(
                pick(SYMBOLS), pick(("BUY", "SELL", "HOLD", "STRONG_SELL")), pick(sizes), confidence=pick((0.4, 1, 0.75)),
                strategy_id=pick(("", "trend", "a stranger's")), stop_loss=pick((None, Decimal(97))),
            )
            for _ in range(self.random.randint(1, 6))
        ]  # fmt: skip
        send(*wanted, user_id=pick(USERS), now=self.clock.at)

    def order(self) -> None:
        pick, kind = self.random.choice, self.random.choice(list(OrderType))
        price, stop = (Decimal(self.random.randint(1880, 2120)) / 20 for _ in range(2))
        place(
            pick(list(Side)),
            self.random.randint(1, 500),
            symbol=pick(SYMBOLS),
            user_id=pick(USERS),
            order_type=kind,
            validity=pick(list(Validity)),
            price=price if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
            stop_price=stop if kind in (OrderType.STOP_LOSS, OrderType.STOP_LIMIT) else None,
            take_profit=pick((None, Decimal(104))),
            trailing_stop=pick((None, None, Decimal(2))),
            product=pick((Product.MIS, Product.MIS, Product.CNC)),
        )

    def price(self) -> None:
        now = self.clock.at
        prices = {symbol: self.random.randint(1880, 2120) / 20 for symbol in SYMBOLS if self.random.random() < 0.7}
        volume = self.random.choice((None, 0, 300, 20_000))
        bars = {} if volume is None else {symbol: [price] * 4 + [volume] for symbol, price in prices.items()}
        at = now + timedelta(days=self.days)
        PendingPrices.objects.create(at=at, source="replay", interval="1m", prices=prices, bars=bars, created_at=now)

    def next_day(self) -> None:
        self.days += 1

    def crash(self) -> None:
        """Whatever was in memory is gone; a batch that was on its way is rolled back."""
        shelf.clear()
        with suppress(ZeroDivisionError), transaction.atomic():
            run_lane(Lane.ORDER_PROCESSING, now=self.clock)
            raise ZeroDivisionError
        shelf.clear()

    def modify(self) -> None:
        """Most wishes cannot be granted: that is refused at once, or by an event."""
        orders = list(Order.objects.working().order_by("created_at", "symbol", "quantity"))
        if not orders:
            return
        order = self.random.choice(orders)
        price = Decimal(self.random.randint(1880, 2120)) / 20 if order.price else None
        terms = OrderTerms(quantity=self.random.choice((None, 1, 600)), price=price)
        with suppress(InvalidOrder, OrderNotWorking):
            order_modify(order_id=order.id, terms=terms, now=self.clock.at, by="asha")

    def close(self) -> None:
        with suppress(NothingToClose):
            symbol, price = self.random.choice(SYMBOLS), self.random.choice((None, Decimal(101)))
            positions_close(user_id=self.random.choice(USERS), symbol=symbol, price=price, now=self.clock.at, by="asha")

    def cancel_all(self) -> None:
        orders_cancel_all(user_id=self.random.choice(USERS), side=Side.BUY, now=self.clock.at, by="asha")

    def cancel(self) -> None:
        orders = list(Order.objects.order_by("created_at", "symbol", "quantity").values_list("id", flat=True))
        if orders:
            order_cancel(order_id=self.random.choice(orders[-20:]), now=self.clock.at, by="asha")

    def stop(self) -> None:
        emergency_stop(
            user_ids=[self.random.choice(USERS)], by="chief", reason="drill", now=self.clock.at,
            target=self.random.choice(TARGETS), flatten=self.random.random() < 0.3,
        )  # fmt: skip

    def resume(self) -> None:
        for target in TARGETS:
            user_id = self.random.choice(USERS)
            trading_resume(user_ids=[user_id], by="chief", reason="drill over", now=self.clock.at, target=target)

    def work(self) -> None:
        run_lane(self.random.choice(list(Lane)), now=self.clock)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_a_random_desk_ends_sound(desk, seed):
    for name in USERS[1:]:
        roomy(name, max_position_size_percent=20, allow_short=name != "zara")
    now = datetime.now(UTC)
    Strategy.objects.create(id="trend", account_id="ravi", name="trend", deployed_at=now, updated_at=now)
    acting = Desk(seed)
    for step in range(150):
        acting.act()
        if step % 50 == 0:
            assert verify().differences == []
    acting.clock.at = max(acting.clock.at, datetime.now(UTC)) + timedelta(seconds=5)
    run_until_idle(now=acting.clock)
    assert not PendingEvent.objects.exists()
    assert not Alert.objects.filter(title__startswith="Dead letter").exists()
    assert_sound()
