"""Strategies: validated, deployed, and sent from one state to another.

What a call decides stands in the strategy's row when it returns; the event that says so reaches the account's book right after.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from engine import bus, log, topics
from engine.domain.alerts import storable
from engine.domain.deployment import Problem, StrategyInput, problems_of, warnings_of
from engine.domain.enums import StrategyStatus, StrategyType, TradingState, TriggeredBy
from engine.domain.events import Event, EventType, new_event
from engine.domain.intervals import IST
from engine.domain.strategies import RULES
from engine.domain.strategy_state import LIFE_CYCLE, LIMITS, STAGES, StrategyTrigger
from engine.models import Account, Instrument, Strategy, Stream
from engine.services.errors import ImpossibleStep, InvalidStrategy, UnknownAccount, UnknownStrategy

MOST_STRATEGIES = 500  # of one account, without the retired ones
ID_LENGTH = 64
REASON_LENGTH = 200
CONFIGURATION = ("name", "description", "strategy_type", "rule", "symbols", "parameters")
MODIFIABLE = (*CONFIGURATION, *LIMITS)
EVENTS = {
    StrategyTrigger.PAUSE: EventType.STRATEGY_PAUSED,
    StrategyTrigger.RESUME: EventType.STRATEGY_RESUMED,
    StrategyTrigger.STOP: EventType.STRATEGY_STOPPED,
    StrategyTrigger.RETIRE: EventType.STRATEGY_RETIRED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation says: it may be deployed when there are no problems."""

    problems: list[Problem]
    warnings: list[str]


def strategy_validate(*, strategy: StrategyInput) -> Verdict:
    """Everything that is wrong with the strategy, at once; nothing is stored. One statement."""
    known = set(Instrument.objects.filter(symbol__in=strategy.symbols[:1000]).values_list("symbol", flat=True))
    return Verdict(problems_of(strategy, known), warnings_of(strategy))


@transaction.atomic
def strategy_deploy(*, user_id: str, strategy: StrategyInput, by: str, now: datetime) -> Strategy:
    """Deploy the strategy: active from now on. Raises UnknownAccount or InvalidStrategy, and then stores nothing."""
    if not Stream.objects.select_for_update().filter(name=user_id, name__in=Account.objects.values("user_id")).exists():
        raise UnknownAccount(f"there is no account {user_id}")
    problems = strategy_validate(strategy=strategy).problems
    if Strategy.objects.filter(account=user_id).exclude(status=StrategyStatus.RETIRED).count() >= MOST_STRATEGIES:
        problems.append(("user_id", f"an account has at most {MOST_STRATEGIES} strategies: retire some first"))
    if problems:
        raise InvalidStrategy(problems)
    row = Strategy.objects.create(
        id=_free_id(user_id, now), account_id=user_id, deployed_at=now, updated_at=now, **_columns(strategy)
    )
    log.append([started(row, by=by, now=now)], now=now)
    _tell(user_id)
    return row


def _columns(strategy: StrategyInput) -> dict[str, Any]:
    """As the table keeps it; of a rule's parameters all, also those that were left to their defaults."""
    columns = asdict(strategy) | {"symbols": list(strategy.symbols)}
    if strategy.rule:
        columns["parameters"] = RULES[strategy.rule].parameters(strategy.parameters)
    return columns


def _free_id(user_id: str, now: datetime) -> str:
    """`strategy_<user>_<YYYYmmdd_HHMMSS>` in Indian time, as the old API had it; numbered within one second."""
    stamp = f"{now.astimezone(IST):%Y%m%d_%H%M%S}"
    wanted = f"strategy_{user_id[: ID_LENGTH - len(stamp) - 15]}_{stamp}"
    taken = set(Strategy.objects.filter(id__startswith=wanted).values_list("id", flat=True))
    return wanted if wanted not in taken else next(id for n in range(2, 10**4) if (id := f"{wanted}_{n}") not in taken)


def started(strategy: Strategy, *, by: str, now: datetime) -> Event:
    """The event that begins a deployment: the whole of what was deployed."""
    data = {
        "strategy_id": strategy.id,
        "by": by,
        "reason": f"deployed by {by}",
        "triggered_by": TriggeredBy.USER,
        **{name: getattr(strategy, name) for name in CONFIGURATION},
        "limits": _limits(strategy),
    }
    return new_event(EventType.STRATEGY_STARTED, strategy.account_id, now, data)


def _limits(strategy: Strategy) -> dict[str, Any]:
    return {name: getattr(strategy, name) for name in LIMITS}


# --- steps -----------------------------------------------------------------------------------------------------------------
def strategy_pause(*, strategy_id: str, by: str, reason: str, now: datetime) -> Event:
    """No new trades; what it holds, and its exits, stay. Raises UnknownStrategy or ImpossibleStep."""
    return _step(strategy_id, StrategyTrigger.PAUSE, by, reason, now)


def strategy_resume(*, strategy_id: str, by: str, reason: str, now: datetime, afresh: bool = True) -> Event:
    """Let it trade again; what its limits measure begins anew, or, not `afresh`, goes on as if it had never been paused.

    Raises UnknownStrategy or ImpossibleStep.
    """
    return _step(strategy_id, StrategyTrigger.RESUME, by, reason, now, afresh=afresh)


def strategy_stop(*, strategy_id: str, by: str, reason: str, now: datetime, close_positions: bool = True) -> Event:
    """Cancel its orders and, unless told otherwise, close its positions. Raises UnknownStrategy or ImpossibleStep."""
    return _step(strategy_id, StrategyTrigger.STOP, by, reason, now, close_positions=close_positions)


def strategy_retire(*, strategy_id: str, by: str, reason: str, now: datetime, close_positions: bool = True) -> Event:
    """End it for good. Raises UnknownStrategy or ImpossibleStep."""
    return _step(strategy_id, StrategyTrigger.RETIRE, by, reason, now, close_positions=close_positions)


@transaction.atomic
def _step(strategy_id: str, trigger: StrategyTrigger, by: str, reason: str, now: datetime, **more: object) -> Event:
    strategy, account = _locked(strategy_id)
    status = StrategyStatus(strategy.status)
    target = LIFE_CYCLE.get((status, trigger))
    if target is None:
        raise ImpossibleStep(f"the strategy is {status}: it cannot {trigger}")
    if trigger is StrategyTrigger.RESUME and account.trading_state == TradingState.HALTED:
        raise ImpossibleStep(f"trading is HALTED ({account.trading_state_reason}): resume trading first")
    given = storable(reason.strip(), REASON_LENGTH) or f"{trigger} by {by}"
    data: dict[str, Any] = {
        "strategy_id": strategy_id,
        "by": by,
        "reason": given,
        "triggered_by": TriggeredBy.USER,
        "previous_stage": STAGES[status],
        **more,
    }
    if trigger is StrategyTrigger.RESUME:  # one that was deployed before there were limits gets them now
        data["limits"] = _limits(strategy)
    shown = "" if trigger is StrategyTrigger.RESUME else given
    Strategy.objects.filter(id=strategy_id).update(status=target, status_reason=shown, updated_at=now)
    return _append(EVENTS[trigger], account, data, now)


def _locked(strategy_id: str) -> tuple[Strategy, Account]:
    """The strategy and its account, which nobody moves until the transaction ends."""
    user_id = Strategy.objects.filter(id=strategy_id).values_list("account_id", flat=True).first()
    if user_id is None:
        raise UnknownStrategy(f"there is no strategy {strategy_id[:ID_LENGTH]}")
    Stream.objects.select_for_update().get(name=user_id)
    strategy = Strategy.objects.select_related("account").get(id=strategy_id)
    return strategy, strategy.account


def _append(event_type: EventType, account: Account, data: Mapping[str, object], now: datetime) -> Event:
    # the account's new stamp makes every process load its book anew, and so see the row that was just written
    Account.objects.filter(user_id=account.user_id).update(updated_at=now)
    event = new_event(event_type, account.user_id, now, data)
    log.append([event], now=now)
    _tell(account.user_id)
    return event


def _tell(user_id: str) -> None:
    bus.announce_after_commit({topics.account_topic(user_id), topics.SYSTEM})


# --- changes ---------------------------------------------------------------------------------------------------------------
@transaction.atomic
def strategy_modify(*, strategy_id: str, changes: Mapping[str, Any], by: str, reason: str, now: datetime) -> Event:
    """Change what it trades and its limits, for new trades only. A name that is none of its fields is one of its parameters.

    Raises UnknownStrategy, ImpossibleStep for a retired one, and InvalidStrategy; then nothing is changed.
    """
    strategy, account = _locked(strategy_id)
    if strategy.status == StrategyStatus.RETIRED:
        raise ImpossibleStep("the strategy is RETIRED: it cannot be modified")
    before = input_of(strategy)
    after = _changed(before, changes)
    problems = strategy_validate(strategy=after).problems
    if after.symbols == before.symbols == []:  # one of the demo's, which trades every symbol
        problems = [problem for problem in problems if problem[0] != "symbols"]
    if problems:
        raise InvalidStrategy(problems)
    columns, old = _columns(after), _columns(before)
    changed = {name: columns[name] for name in MODIFIABLE if columns[name] != old[name]}
    if not changed:
        raise InvalidStrategy([("parameters", "nothing would change")])
    Strategy.objects.filter(id=strategy_id).update(**changed, updated_at=now)
    data = {
        "strategy_id": strategy_id,
        "action": "MODIFY",
        "by": by,
        "reason": storable(reason.strip(), REASON_LENGTH) or f"modified by {by}",
        "triggered_by": TriggeredBy.USER,
        "changes": changed,
    }
    return _append(EventType.STRATEGY_CONTROL_ACTION, account, data, now)


def input_of(strategy: Strategy) -> StrategyInput:
    """The strategy as it could be deployed again."""
    given = {name: getattr(strategy, name) for name in MODIFIABLE}
    return StrategyInput(**given | {"strategy_type": StrategyType(strategy.strategy_type)})


def _changed(before: StrategyInput, changes: Mapping[str, Any]) -> StrategyInput:
    fields = {name: value for name, value in changes.items() if name in MODIFIABLE and name != "parameters"}
    own = changes.get("parameters")
    parameters = {name: value for name, value in changes.items() if name not in MODIFIABLE}
    if isinstance(own, Mapping):
        parameters |= own
    if fields.get("rule", before.rule) == before.rule:  # another rule has other parameters
        parameters = {**before.parameters, **parameters}
    return replace(before, **fields, parameters=parameters)
