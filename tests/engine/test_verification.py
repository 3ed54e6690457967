"""The log and the tables agree, and when somebody touches either, `verify` says so."""

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from engine import folding
from engine.models import Account, Event, Execution, Order, Position, Signal, Stream
from engine.processing import run_until_idle
from engine.services.trading import emergency_stop
from engine.verification import verify
from tests.engine.conftest import roomy
from tests.engine.flow import a_signal, place, rest, send

pytestmark = pytest.mark.usefixtures("desk")


@pytest.fixture
def busy(desk):
    """Some of everything: open and closed, long and short, filled, resting, cancelled, refused, held, and still waiting."""
    send(a_signal(size=10), a_signal(kind="SELL", size=None), a_signal(size=3), a_signal("INFY", "SELL", 5))
    send(a_signal(kind="HOLD"), a_signal(confidence=0), a_signal(size=50_000))
    rest(price=90)
    roomy("ravi")
    rest(price=91, user_id="ravi")
    emergency_stop(user_ids=["ravi"], by="chief", reason="drill", now=datetime.now(UTC))
    run_until_idle()
    place()  # recorded, not looked at yet
    return desk


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("chunk", [2000, 10, 7])
def test_an_untouched_database_agrees(chunk, monkeypatch, capsys):
    monkeypatch.setattr(folding, "CHUNK", chunk)
    result = verify()
    assert (result.differences, result.accounts) == ([], 2)
    assert result.events == Event.objects.filter(seq__isnull=False).exclude(stream__startswith="$").count()
    call_command("verify")
    assert capsys.readouterr().out == f"Folded {result.events} events of 2 accounts: the tables agree with the log.\n"


def change_cash():
    Account.objects.filter(user_id="asha").update(cash=Decimal(5))


def change_state():
    Account.objects.filter(user_id="ravi").update(trading_state="ACTIVE")


def change_day():
    Account.objects.filter(user_id="asha").update(day_start_equity=1)


def change_peak():
    Account.objects.filter(user_id="asha").update(peak_equity=1)


def delete_execution():
    Execution.objects.filter(symbol="INFY").delete()


def add_execution():
    fill = Execution.objects.filter(symbol="INFY").get()
    fill.id, fill.broker_execution_id = uuid4(), "made up"
    fill.save(force_insert=True)


def change_execution():
    Execution.objects.filter(symbol="INFY").update(price=99)


def change_position():
    Position.objects.filter(symbol="INFY").update(quantity=-6)


def change_closed_position():
    Position.objects.filter(status="CLOSED").update(realized_pnl=1000)


def add_position():
    position = Position.objects.filter(symbol="INFY").get()
    position.id, position.symbol = uuid4(), "BAD"
    position.save(force_insert=True)


def delete_position():
    Position.objects.filter(symbol="INFY").delete()


def change_filled_order():
    Order.objects.filter(symbol="INFY").update(charges=0)


def revive_order():
    Order.objects.filter(account="ravi").update(status="SUBMITTED")


def add_order():
    order = Order.objects.filter(status="CANCELLED").get()
    order.id = uuid4()
    order.save(force_insert=True)


def delete_resting_order():
    Order.objects.filter(account="asha", status="SUBMITTED").delete()


def change_signal():
    Signal.objects.filter(decision="REFUSED").update(decision="ORDERED")


def delete_signal():
    Signal.objects.filter(decision="HELD").delete()


def last_event(**where):
    return Event.objects.filter(stream="asha", seq__isnull=False, **where).order_by("-seq").first()


def duplicate_event():
    copy = last_event(type="order_executed")
    copy.id, copy.uid, copy.seq = None, uuid4(), last_event().seq + 1
    copy.save(force_insert=True)
    Stream.objects.filter(name="asha").update(seq=copy.seq)


def lose_event():
    last_event(type="order_executed").delete()


def change_event():
    event = last_event(type="order_executed")
    event.data["executed_price"] = 77
    event.save()


def lose_last_event():
    last_event().delete()


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (change_cash, "cash"),
        (change_state, "trading state"),
        (change_day, "start of day"),
        (change_peak, "peak equity"),
        (delete_execution, "execution"),
        (add_execution, "order_executed events and execution rows"),
        (change_execution, "price"),
        (change_position, "quantity"),
        (change_closed_position, "realized_pnl"),
        (add_position, "open positions"),
        (delete_position, "open positions"),
        (change_filled_order, "charges"),
        (revive_order, "status"),
        (add_order, "order_created events and order rows"),
        (delete_resting_order, "working orders"),
        (change_signal, "decision"),
        (delete_signal, "signal_received events and signal rows"),
        (duplicate_event, "event"),
        (lose_event, "cash"),
        (change_event, "cash"),
        (lose_last_event, "events handled"),
    ],
)
@pytest.mark.slow
def test_tampering_is_found(tamper, named):
    tamper()
    found = verify().differences
    assert any(named in difference.what for difference in found), [str(difference) for difference in found]
    with pytest.raises(CommandError, match=f"^{len(found)} differences between the log and the tables$"):
        call_command("verify", stderr=StringIO())


@pytest.mark.usefixtures("busy")
def test_a_difference_says_what_each_side_holds():
    change_cash()
    first = verify(["asha"]).differences[0]
    assert str(first).startswith("asha: cash: the log says ")
    assert str(first).endswith(", the tables say 5.0000")
    assert verify(["ravi"]).differences == []


@pytest.mark.usefixtures("busy")
def test_the_database_itself_refuses_what_must_never_be():
    position, order = Position.objects.get(symbol="INFY"), Order.objects.get(symbol="INFY")
    fill, event = Execution.objects.get(symbol="INFY"), last_event()
    impossible = [
        lambda: Position.objects.filter(status="CLOSED").update(status="OPEN", quantity=1, closed_at=None, symbol="INFY"),
        lambda: Order.objects.filter(id=order.id).update(filled_quantity=order.quantity + 1),
        lambda: Order.objects.filter(id=order.id).update(filled_quantity=0),
        lambda: Execution.objects.filter(id=fill.id).update(price=0),
        lambda: Execution.objects.exclude(id=fill.id).update(broker_execution_id=fill.broker_execution_id),
        lambda: Position.objects.filter(id=position.id).update(quantity=0),
        lambda: Event.objects.filter(id=event.id).update(seq=event.seq - 1),
    ]
    for attempt in impossible:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
