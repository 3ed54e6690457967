"""What the people and programs of the pictures' desk do besides their strategies, each at its minute."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from django.contrib.auth.models import User

from engine import config
from engine.domain.bars import on_tick
from engine.domain.deployment import StrategyInput
from engine.domain.enums import AlertStatus, HaltScope, OrderType, Side, SignalType, StrategyType
from engine.models import Alert, Instrument, Order, Position, Strategy
from engine.services.accounts import account_open, account_update_limits
from engine.services.errors import ServiceError
from engine.services.inbox import alerts_acknowledge, alerts_resolve, alerts_silence
from engine.services.orders import OrderInput, order_cancel, order_place
from engine.services.signals import SignalInput, signals_submit
from engine.services.stop_losses import trailing_stop_set
from engine.services.strategies import strategy_deploy, strategy_pause, strategy_resume
from engine.services.trading import Target, emergency_stop

USERNAME, PASSWORD = "asha", "only-for-pictures"
MAIN, SMALL = "equities", "intraday"  # the accounts
LAKH = 100_000
EXITS = {"stop_ranges": 12.0, "target_ranges": 20.0}
STRATEGIES = (
    (
        MAIN,
        "Trend, large caps",
        StrategyType.TREND_FOLLOWING,
        "moving_average_cross",
        {"fast": 30, "slow": 150} | EXITS,
        (0, 17),
    ),
    (MAIN, "Breakout", StrategyType.MOMENTUM, "breakout", {"length": 180} | EXITS, (17, 25)),
    (MAIN, "Mean reversion", StrategyType.MEAN_REVERSION, "mean_reversion", {"length": 120, "entry": 3.3} | EXITS, (25, 50)),
    (SMALL, "Mean reversion, banks", StrategyType.MEAN_REVERSION, "mean_reversion", {"length": 60, "entry": 2.8} | EXITS, ()),
    (SMALL, "News signals", StrategyType.CUSTOM, "", {}, ()),
)
LIMITS = {
    "max_drawdown_percent": Decimal(8),
    "daily_loss_limit_percent": Decimal(3),
    "max_orders_per_day": 400,
    "max_order_value": Decimal(5 * LAKH),
}
WIDER = {"max_position_size_percent": Decimal(15)}
BANKS = ["HDFCBANK", "ICICIBANK", "SBIN", "KOTAKBANK", "AXISBANK", "INDUSINDBK"]

Act = Callable[[datetime], object]


class Story:
    """A few working days; `ends` is the time of the last bar before the pictures."""

    def __init__(self, *, begins: datetime, ends: datetime) -> None:
        self._chance, minute = Random(3), timedelta(minutes=1)  # noqa: S311 - repeatable, not secret
        self._open_the_desk(begins)
        acts = [*((begins + at * minute, act) for at, act in self._at_the_beginning()), *self._of_today(ends)]
        self._acts = sorted(acts, key=lambda one: one[0])

    def go_on(self, now: datetime) -> None:
        """Whatever was to be done by now. What the services refuse, a desk is refused, too."""
        while self._acts and self._acts[0][0] <= now:
            _, act = self._acts.pop(0)
            try:
                act(now)
            except ServiceError as error:
                print(f"{now:%d %H:%M} {error}")

    def _open_the_desk(self, now: datetime) -> None:
        asha = User.objects.create_superuser(USERNAME, password=PASSWORD)
        ravi = User.objects.create_user("ravi", password=PASSWORD)
        account_open(user_id=MAIN, now=now, cash=Decimal(25 * LAKH), members=[asha, ravi])
        account_open(user_id=SMALL, now=now, cash=Decimal(10 * LAKH), members=[asha])
        symbols = list(Instrument.objects.order_by("symbol").values_list("symbol", flat=True))
        for user_id, name, kind, rule, parameters, (*part,) in STRATEGIES:
            traded = symbols[slice(*part)] if part else [symbol for symbol in BANKS if symbol in symbols]
            given = StrategyInput(
                name,
                "",
                kind,
                traded,
                parameters,
                rule,
                max_drawdown_percent=Decimal(12),
                min_win_rate_percent=Decimal(10),
                max_daily_trades=80,
            )
            strategy_deploy(user_id=user_id, strategy=given, by=USERNAME, now=now)
        self.news = Strategy.objects.get(name="News signals").id

    def _at_the_beginning(self) -> Sequence[tuple[int, Act]]:
        return [
            (30, lambda now: account_update_limits(user_id=MAIN, limits=LIMITS, by=USERNAME, now=now)),
            (40, lambda now: account_update_limits(user_id=SMALL, limits=LIMITS | WIDER, by=USERNAME, now=now)),
            (45, lambda now: config.config_update({"max_portfolio_exposure_percent": 75}, by=USERNAME, now=now)),
            (70, lambda now: config.config_update({"default_stop_loss_percent": 3}, by="ravi", now=now)),
        ]

    def _of_today(self, ends: datetime) -> list[tuple[datetime, Act]]:
        """By minutes before the pictures."""
        acts: list[tuple[int, Act]] = [
            *((minutes, self._signals) for minutes in range(170, 0, -1)),
            (150, self._order("RELIANCE", Side.BUY, 40, OrderType.MARKET)),
            (140, lambda now: strategy_pause(strategy_id=self.news, by="ravi", reason="two wrong headlines in a row", now=now)),
            (118, lambda now: config.config_update({"price_collar_percent": 5}, by=USERNAME, now=now)),
            (112, lambda now: strategy_resume(strategy_id=self.news, by="ravi", reason="source mended", now=now)),
            (
                96,
                lambda now: self._alerts(
                    now, lambda ids: alerts_resolve(alert_ids=ids[:2], by="ravi", note="reduced by hand", now=now)
                ),
            ),
            (75, self._order("TCS", Side.BUY, 2_000, OrderType.MARKET)),
            (64, self._order("INFY", Side.SELL, 60, OrderType.LIMIT, away=3)),
            (
                52,
                lambda now: emergency_stop(
                    user_ids=[MAIN],
                    by=USERNAME,
                    reason="results at 14:00",
                    now=now,
                    target=Target(HaltScope.SYMBOL, "ADANIENT"),
                ),
            ),
            (47, self._order("ITC", Side.BUY, 300, OrderType.LIMIT, away=-0.9)),
            (41, self._order("HINDALCO", Side.BUY, 120, OrderType.LIMIT, away=-1.4)),
            (33, lambda now: self._alerts(now, lambda ids: alerts_acknowledge(alert_ids=ids[1:3], by=USERNAME, now=now))),
            (28, self._cancel("HINDALCO")),
            (24, self._trail),
            (22, self._order("TITAN", Side.BUY, 66, OrderType.MARKET)),
            (21, self._order("ASIANPAINT", Side.BUY, 52, OrderType.MARKET, user_id=SMALL)),
            (
                15,
                lambda now: self._alerts(
                    now, lambda ids: alerts_silence(alert_ids=ids[3:4], length=timedelta(minutes=45), by=USERNAME, now=now)
                ),
            ),
            (12, self._order("MARUTI", Side.BUY, 10, OrderType.STOP_LOSS, away=1.2)),
            (6, self._order("ADANIENT", Side.BUY, 50, OrderType.MARKET)),
            (4, self._order("SUNPHARMA", Side.BUY, 130, OrderType.LIMIT, away=0.3)),
        ]
        return [(ends - timedelta(minutes=minutes), act) for minutes, act in acts]

    def _order(self, symbol: str, side: Side, quantity: int, kind: OrderType, *, away: float = 0, user_id: str = MAIN) -> Act:
        """`away` is the price's distance from the last one, in percent."""

        def act(now: datetime) -> None:
            last = Instrument.objects.get(symbol=symbol).last_price or Decimal(0)
            price = on_tick(float(last) * (1 + away / 100))
            prices = {OrderType.LIMIT: {"price": price}, OrderType.STOP_LOSS: {"stop_price": price}}.get(kind, {})
            order_place(user_id=user_id, order=OrderInput(symbol, side, quantity, kind, **prices), now=now, by=USERNAME)

        return act

    def _signals(self, now: datetime) -> None:
        """What the news say in a minute: much that nobody should act on, and at times something that one may."""
        given = [
            SignalInput(
                self._chance.choice(BANKS), SignalType.BUY, Decimal(self._chance.randint(25, 58)) / 100, strategy_id=self.news
            )
            for _ in range(self._chance.choice((0, 1, 2, 2, 3, 4, 6)))
        ]
        if now.minute % 23 == 0:
            given.append(SignalInput("LT", SignalType.BUY, Decimal("0.82"), strategy_id=self.news))
        if given:
            signals_submit(user_id=SMALL, signals=given, now=now)

    def _cancel(self, symbol: str) -> Act:
        def act(now: datetime) -> None:
            for order_id in Order.objects.working().filter(symbol=symbol).values_list("id", flat=True):
                order_cancel(order_id=order_id, now=now, by=USERNAME, reason="the range broke")

        return act

    def _trail(self, now: datetime) -> None:
        position = Position.objects.open().filter(account=MAIN, quantity__gt=0).order_by("-cost").first()
        if position:
            trailing_stop_set(user_id=MAIN, symbol=position.symbol, distance=None, percent=Decimal("1.5"), by=USERNAME, now=now)

    def _alerts(self, now: datetime, handle: Callable[[list[str]], object]) -> None:
        ids = Alert.objects.exclude(status=AlertStatus.RESOLVED).order_by("-last_seen").values_list("id", flat=True)
        handle([str(alert_id) for alert_id in ids])
