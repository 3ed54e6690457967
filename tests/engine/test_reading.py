"""Rows read by hand-written SQL are the ORM's, to the last digit."""

from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from knox.models import AuthToken

from engine import reading
from engine.models import Instrument, Order, Position
from engine.processing import run_until_idle
from tests.engine.flow import a_signal, rest, send

pytestmark = pytest.mark.usefixtures("desk")
MODELS = [*apps.get_app_config("engine").get_models(), User, AuthToken]


@pytest.fixture(autouse=True)
def _traded(desk: None) -> None:
    send(a_signal(size=7, stop_loss=Decimal("90.05"), target_price=Decimal("180.1")), a_signal(confidence="0.05"))
    run_until_idle()
    rest(quantity=3)
    user = User.objects.create_user("reader")
    AuthToken.objects.create(user)


def typed(row: models.Model) -> dict[str, tuple[type, Any]]:
    return {field.attname: (type(value := getattr(row, field.attname)), value) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.model_name)
@pytest.mark.slow
def test_whole_rows(model: type[models.Model]) -> None:
    by_orm = {row.pk: typed(row) for row in model._base_manager.all()}
    assert {row.pk: typed(row) for row in reading.instances(model, "")} == by_orm


def test_there_were_rows_to_read() -> None:
    assert Order.objects.count() == 2
    assert Position.objects.count() == 1


def test_some_columns_of_some_rows() -> None:
    symbols, parameters = reading.among("symbol", {"RELIANCE"})
    (found,) = reading.select(Instrument, ("symbol", "last_price", "received_at"), f"where {symbols}", parameters)
    assert found == Instrument.objects.values_list("symbol", "last_price", "received_at").get(symbol="RELIANCE")
    nobody, parameters = reading.among("symbol", set())
    assert reading.select(Instrument, ("symbol",), f"where {nobody}", parameters) == []


def test_what_is_made_of_a_row_is_made_again_only_when_the_row_has_changed() -> None:
    made: list[str] = []

    def shape(order: Order) -> tuple[str, int]:
        made.append(order.status)
        return order.status, order.quantity

    newest = "order by created_at desc limit 1"
    assert [reading.shaped(Order, shape, newest) for _ in range(3)] == [[("SUBMITTED", 3)]] * 3
    Order.objects.filter(status="SUBMITTED").update(quantity=4)
    assert reading.shaped(Order, shape, newest) == [("SUBMITTED", 4)]
    assert made == ["SUBMITTED", "SUBMITTED"]
