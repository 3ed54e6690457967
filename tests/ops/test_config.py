"""The nine settings: typed, ranged, audited, the same in every process; nothing else gets in, nothing secret gets out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engine import config
from engine.config import Config, config_update
from engine.domain.events import SYSTEM_STREAM, EventType
from engine.models import Alert, ConfigChange, ConfigEntry, Event

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
DEFAULTS = {
    "max_concurrent_orders": 10,
    "order_timeout_seconds": 30,
    "risk_check_enabled": True,
    "emergency_stop_enabled": True,
    "max_position_size_percent": 10.0,
    "max_portfolio_exposure_percent": 80.0,
    "max_sector_exposure_percent": 25.0,
    "default_stop_loss_percent": 5.0,
    "market_data_refresh_seconds": 5,
}
BAD_SWITCHES: list[Any] = ["maybe", "", 2, -1, None, [], 1.0]
YES: list[Any] = [True, "true", "TRUE", "1", 1, "yes", "on", " On "]
NO: list[Any] = [False, "false", "0", 0, "no", "OFF"]


def update(**values: Any) -> config.UpdateResult:
    return config_update(values, by="asha", now=NOW)


@pytest.mark.django_db
def test_the_defaults_are_those_that_clients_always_saw() -> None:
    shown = config.public_view()
    assert {key: shown[key] for key in DEFAULTS} == DEFAULTS
    assert tuple(DEFAULTS) == config.KEYS


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "given", "stored"),
    [
        ("max_concurrent_orders", 1, 1),
        ("max_concurrent_orders", "1000", 1000),
        ("max_concurrent_orders", 25.0, 25),
        ("order_timeout_seconds", "30.0", 30),
        ("market_data_refresh_seconds", 86_400, 86_400),
        ("max_position_size_percent", 100, Decimal(100)),
        ("max_position_size_percent", " 12.5 ", Decimal("12.5")),
        ("default_stop_loss_percent", 0.0001, Decimal("0.0001")),
        ("max_sector_exposure_percent", "1e1", Decimal(10)),
        *(("risk_check_enabled", value, True) for value in YES),
        *(("risk_check_enabled", value, False) for value in NO),
    ],
)
def test_a_valid_value_is_stored_in_its_own_type(key: str, given: Any, stored: Any) -> None:
    result = update(**{key: given})
    assert (result.updated_keys, result.failed_keys) == ([key], [])
    value = getattr(config.current(), key)
    assert (value, type(value)) == (stored, type(stored))


BAD_NUMBERS: list[Any] = [
    "",
    "abc",
    "1,5",
    None,
    [],
    {},
    float("nan"),
    float("inf"),
    "nan",
    "-inf",
    True,
    False,
    "9" * 5000,
    10**30,
    "1e999999",
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "given"),
    [
        *(("max_concurrent_orders", value) for value in [0, -1, 1001, 1.5, "2.5", *BAD_NUMBERS]),
        *(("order_timeout_seconds", value) for value in [0, -1, 0.5, 86_401, *BAD_NUMBERS]),
        *(("max_position_size_percent", value) for value in [0, -1, 100.01, "0", 0.00001, *BAD_NUMBERS]),
        *(("risk_check_enabled", value) for value in BAD_SWITCHES),
    ],
)
def test_an_invalid_value_changes_nothing(key: str, given: Any) -> None:
    result = update(**{key: given})
    assert (result.updated_keys, result.failed_keys) == ([], [key])
    assert key in result.errors[key]
    assert not ConfigEntry.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_fault_13_what_is_no_setting_is_not_stored() -> None:
    strangers = [
        "kite_api_secret",
        "kite_api_key",
        "database_url",
        "log_file",
        "log_level",
        "database_pool_size",
        "anything",
        "a\0",
        "",
    ]
    result = update(**dict.fromkeys(strangers, "x"), max_concurrent_orders=7)
    assert (result.updated_keys, result.failed_keys) == (["max_concurrent_orders"], strangers)
    assert set(result.errors) == set(strangers)
    assert list(ConfigEntry.objects.values_list("key", flat=True)) == ["max_concurrent_orders"]


@pytest.mark.django_db
def test_fault_13_no_secret_is_shown() -> None:
    ConfigEntry.objects.create(key="kite_api_secret", value="hush", updated_at=NOW, updated_by="somebody")
    shown = config.public_view()
    assert set(shown) == {*DEFAULTS, "database_pool_size", "log_level", "kite_api_key", "kite_api_secret"}
    assert shown["kite_api_key"] is shown["kite_api_secret"] is None
    assert str(settings.DATABASES["default"]["NAME"]) not in str(shown)
    assert isinstance(shown["database_pool_size"], int)


@pytest.mark.django_db
def test_a_change_is_audited_in_full() -> None:
    update(max_position_size_percent=20, risk_check_enabled="off")
    update(max_position_size_percent=15)
    audit = list(ConfigChange.objects.order_by("id").values_list("key", "old", "new", "by", "at"))
    assert audit == [
        ("max_position_size_percent", 10.0, 20.0, "asha", NOW),
        ("risk_check_enabled", True, False, "asha", NOW),
        ("max_position_size_percent", 20.0, 15.0, "asha", NOW),
    ]
    latest = Event.objects.latest("id")
    assert (latest.type, latest.stream) == (EventType.CONFIG_UPDATED, SYSTEM_STREAM)
    assert latest.data == {"by": "asha", "changes": {"max_position_size_percent": {"old": 20.0, "new": 15.0}}}
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_setting_what_is_in_force_already_is_no_change() -> None:
    assert update(max_concurrent_orders=10).updated_keys == ["max_concurrent_orders"]
    assert not ConfigChange.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_an_empty_update_is_accepted() -> None:
    assert update() == config.UpdateResult()


@pytest.mark.django_db
def test_reading_takes_one_statement() -> None:
    with CaptureQueriesContext(connection) as statements:
        assert config.current() == Config()
    assert len(statements) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("key", "value"), [("max_position_size_percent", "abc"), ("order_timeout_seconds", -3), ("unheard_of", 1)]
)
def test_a_row_that_was_edited_by_hand_counts_as_not_set_and_is_reported(key: str, value: Any) -> None:
    ConfigEntry.objects.create(key=key, value=value, updated_at=NOW, updated_by="somebody")
    in_force, problems = config.checked()
    assert in_force == config.current() == Config()
    assert len(problems) == 1
    assert key in problems[0]


@pytest.mark.django_db
def test_a_row_that_was_edited_by_hand_can_be_set_right() -> None:
    ConfigEntry.objects.create(key="max_concurrent_orders", value="abc", updated_at=NOW, updated_by="somebody")
    update(max_concurrent_orders=10)
    assert config.checked() == (Config(), [])
    assert ConfigChange.objects.get().old == "abc"


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_are_audited_as_one_chain() -> None:
    def work(start: int) -> None:
        for value in range(start, start + 10):
            update(max_concurrent_orders=value)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, (100, 200, 300, 400)))
    chain = list(ConfigChange.objects.order_by("id").values_list("old", "new"))
    assert len(chain) == 40
    olds, news = {old for old, _ in chain}, {new for _, new in chain}
    assert olds | {config.current().max_concurrent_orders} == news | {10}
