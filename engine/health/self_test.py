"""A look at four parts by using them, for whoever has just deployed this: nothing that it does stays."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import DatabaseError, transaction

from engine import bus, tariff
from engine.domain import risk
from engine.domain.book import Book, Context, Limits
from engine.domain.enums import OrderType, Side
from engine.domain.orders import Order
from engine.domain.quotes import Quote
from engine.models import Stream

LAYER_SECONDS = 0.5
HUNDRED = Decimal(100)


class PartFailed(Exception):
    """The part does not do what it is for."""


def integration_report(*, now: datetime) -> dict[str, Any]:
    """The old API's words: a test a part, passed or failed, with details or the error."""
    results = {name: _tried(test, now) for name, test in TESTS.items()}
    passed = sum(result["status"] == "passed" for result in results.values())
    return {
        "status": "healthy" if passed == len(results) else "degraded" if passed else "error",
        "summary": {
            "total_tests": len(results),
            "passed_tests": passed,
            "failed_tests": len(results) - passed,
            "success_rate": round(passed / len(results) * 100, 2),
        },
        "test_results": results,
        "timestamp": now,
    }


def _tried(test: Callable[[datetime], Any], now: datetime) -> dict[str, Any]:
    try:
        return {"status": "passed", "details": test(now)}
    except PartFailed as error:
        return {"status": "failed", "error": str(error)}
    except DatabaseError:
        return {"status": "failed", "error": "The database refused"}


def every_table_can_be_read(now: datetime) -> dict[str, Any]:
    models = list(apps.get_app_config("engine").get_models())
    for model in models:
        model._default_manager.order_by().first()
    return {"tables": len(models)}


def a_row_is_written_and_taken_back(now: datetime) -> dict[str, Any]:
    name, started = f"$test-{uuid4().hex}", perf_counter()
    with transaction.atomic():
        Stream.objects.create(name=name)
        if not Stream.objects.filter(name=name).exists():
            raise PartFailed("A row that was written is not there")
        transaction.set_rollback(True)
    if Stream.objects.filter(name=name).exists():
        raise PartFailed("A transaction that was rolled back has left its row")
    return {"round_trip_ms": round((perf_counter() - started) * 1000, 3)}


def a_message_comes_back(now: datetime) -> dict[str, Any]:
    started = perf_counter()
    if not bus.round_trip(seconds=LAYER_SECONDS):
        raise PartFailed(f"No message came back within {LAYER_SECONDS} s")
    return {"round_trip_ms": round((perf_counter() - started) * 1000, 3)}


def the_rules_let_pass_and_deny(now: datetime) -> dict[str, Any]:
    """An order of a tenth of what is allowed passes, one of ten times that is denied: by the rules that trade."""
    small, large = (_denied(shares, now) for shares in (10, 1_000))
    if small:
        raise PartFailed(f"A small order was denied by {', '.join(small)}")
    if "position_size" not in large:
        raise PartFailed("An order beyond the limit of a position was let pass")
    return {"rules_that_denied": large}


def _denied(shares: int, now: datetime) -> list[str]:
    limits = Limits(Decimal(0), True, HUNDRED / 10, HUNDRED, HUNDRED, 10, True)
    book = Book("$test", Decimal(100_000), limits, now.date(), Decimal(100_000), Decimal(100_000))
    quote = Quote("TEST", "Test", Decimal("0.05"), 1, HUNDRED, now)
    order = Order(uuid4(), "TEST", Side.BUY, OrderType.MARKET, shares, uuid4(), now)
    book.orders[order.id] = order
    checks = risk.checks_for(book, order, Context(now, {"TEST": quote}, 60, 0, tariff.current()))
    return [check["rule"] for check in checks if not check["passed"]]


TESTS: dict[str, Callable[[datetime], Any]] = {
    "models": every_table_can_be_read,
    "database": a_row_is_written_and_taken_back,
    "event_bus": a_message_comes_back,
    "risk_engine": the_rules_let_pass_and_deny,
}
