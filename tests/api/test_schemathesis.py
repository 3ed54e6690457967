"""What the description allows, and what it does not, sent to every route: no 5xx, and no status or shape that is not described.

The cases are drawn anew in every run, as many an operation as one or two minutes a database allow.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboard.api.docs import schema as described
from tests.support.factories import token_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SCHEMA = schemathesis.openapi.from_dict(described())
SCHEMA.app = get_wsgi_application()
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OFTEN = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def _one_connection(db: None) -> Iterator[None]:
    """The application runs in the test's thread and transaction: it may not close its connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def credentials(traded: None, db: None) -> dict[str, Any]:
    return token_of(User.objects.get(username="chief"))


@SCHEMA.parametrize()
@settings(OFTEN, max_examples=8)
def test_nothing_breaks_and_nothing_is_undescribed(case: Any, credentials: dict[str, Any]) -> None:
    """Of an account that has traded, where the address names one."""
    if "user_id" in (case.path_parameters or {}):
        case.path_parameters["user_id"] = "meera"
    case.call_and_validate(headers=credentials, checks=CHECKS)


@SCHEMA.parametrize()
@settings(OFTEN, max_examples=3)
def test_nor_at_any_address(case: Any, credentials: dict[str, Any]) -> None:
    case.call_and_validate(headers=credentials, checks=CHECKS)
