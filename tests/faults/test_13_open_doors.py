"""Fault 13: GET /config returned database address and broker keys to anybody, POST /config stored anything from anybody."""

import json

from django.test import override_settings

from tests.support.api import Api
from tests.support.factories import token_of, user_named

SECRETS = {"SECRET_KEY": "the-secret-key", "REDIS_URL": "redis://:hidden@127.0.0.1/0"}
NINE = {
    "max_concurrent_orders",
    "order_timeout_seconds",
    "risk_check_enabled",
    "emergency_stop_enabled",
    "max_position_size_percent",
    "max_portfolio_exposure_percent",
    "max_sector_exposure_percent",
    "default_stop_loss_percent",
    "market_data_refresh_seconds",
}


@override_settings(**SECRETS)
def test_secrets_never_leave(admin: Api) -> None:
    config = admin.get("/config")["config"]
    assert set(config) >= NINE
    assert "database_url" not in config
    assert {name: value for name, value in config.items() if name.startswith("kite")} == {
        "kite_api_key": None,
        "kite_api_secret": None,
    }
    assert not any(secret in json.dumps(config) for secret in SECRETS.values())


def test_only_staff_may_change_the_configuration(admin: Api) -> None:
    trader = Api(token_of(user_named("trader")))
    Api().post("/config", {"max_concurrent_orders": 3}, status=401)
    trader.post("/config", {"max_concurrent_orders": 3}, status=403)
    assert admin.get("/config")["config"]["max_concurrent_orders"] == 10
    assert admin.post("/config", {"max_concurrent_orders": 3})["updated_keys"] == ["max_concurrent_orders"]
    assert admin.get("/config")["config"]["max_concurrent_orders"] == 3


def test_only_the_nine_keys_within_their_ranges_are_stored(admin: Api) -> None:
    wrong = {"database_url": "sqlite://", "anything": 1, "max_position_size_percent": 1000, "risk_check_enabled": "perhaps"}
    answer = admin.post("/config", wrong)
    assert (answer["status"], answer["updated_keys"]) == ("partial", [])
    assert set(answer["failed_keys"]) == set(answer["errors"]) == set(wrong)
    config = admin.get("/config")["config"]
    assert config["max_position_size_percent"] == 10
    assert "anything" not in config
