"""The system's routes: health, metrics, alerts, configuration, events, coordination, status."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api import answers, responses
from dashboard.api.base import ApiView, query_of, raw_body
from dashboard.api.describe import IDEMPOTENCY_KEY, described
from dashboard.api.errors import ApiError, Invalid, echo, fault
from dashboard.api.identity import (
    require_own_pages,
    require_public_read,
    require_signed_in,
    require_staff,
    scope_of,
    seen_account,
    who,
)
from dashboard.api.paging import ALERT_CURSORS, EVENT_CURSORS
from dashboard.api.repeats import answered_once
from dashboard.api.schemas import MISSING, AlertsQuery, EventsQuery, MetricsQuery
from engine import config, health
from engine.domain.events import EventType, event_type_named
from engine.selectors.pages import alerts_page, events_page


class Wanted(BaseModel):
    """The settings that a request names, as it names them."""

    values: dict[str, Any]


class HealthView(ApiView):
    @staticmethod
    def fallback() -> dict[str, Any]:
        return health.fallback_health(now=timezone.now())

    @described("How each part is doing", response=responses.Health, tag="System")
    def get(self, request: Request) -> Response:
        require_public_read(request)
        return Response(health.report(now=timezone.now()))


class MetricsView(ApiView):
    @staticmethod
    def fallback() -> dict[str, Any]:
        return health.fallback_metrics(now=timezone.now())

    @described("Counters and timings", query=MetricsQuery, response=responses.Metrics, tag="System")
    def get(self, request: Request) -> Response:
        require_public_read(request)
        query = query_of(request, MetricsQuery)
        return Response(
            answers.metrics_answer(now=timezone.now(), metric_name=query.metric_name, window_minutes=query.time_window_minutes)
        )


class AlertsView(ApiView):
    @staticmethod
    def fallback() -> dict[str, Any]:
        return health.fallback_alerts(now=timezone.now()) | {"total_count": 0}

    @described("Alerts, newest first", query=AlertsQuery, response=responses.Alerts, tag="Alerts")
    def get(self, request: Request) -> Response:
        require_public_read(request)
        query = query_of(request, AlertsQuery)
        page = alerts_page(
            scope_of(request),
            level=query.level,
            component=query.component,
            status=query.status or None,
            since=query.since,
            until=query.until,
            after=ALERT_CURSORS.read(query.cursor),
            offset=query.offset,
            limit=query.limit,
        )
        answer = answers.alerts_answer(page.rows, query.model_dump(exclude={"cursor"}), now=timezone.now())
        return Response(answer | {"next_cursor": ALERT_CURSORS.write(page.next)})


class ActiveAlertsView(AlertsView):
    """The same under the later dashboard's name: without a status in the query, those that are open."""


class ConfigView(ApiView):
    @described("The settings in force", response=responses.Config, tag="Configuration", errors=(401,))
    def get(self, request: Request) -> Response:
        require_signed_in(request)
        return Response({"status": "success", "config": config.public_view()})

    @described(
        "Change settings",
        body=responses.ConfigRequest,
        response=responses.ConfigUpdated,
        tag="Configuration",
        headers=(IDEMPOTENCY_KEY,),
        errors=(401, 403, 409, 422),
    )
    def post(self, request: Request) -> HttpResponse:
        require_own_pages(request)
        require_staff(request)
        values = raw_body(request)
        if not isinstance(values, dict):
            kind, text = (
                ("missing", "Field required") if values is None else ("dict_type", "Input should be a valid dictionary")
            )
            raise Invalid([fault(kind, ["body"], text, values)])
        now = timezone.now()

        def effect() -> dict[str, Any]:
            result = config.config_update(values, by=who(request), now=now)
            return {
                "status": "partial" if result.failed_keys else "success",
                "updated_keys": result.updated_keys,
                "failed_keys": [echo(key) for key in result.failed_keys],
                "errors": {echo(key): text for key, text in result.errors.items()},
                "message": f"Updated {len(result.updated_keys)} configuration keys",
            }

        return answered_once(request, "config", "", Wanted(values=values), effect, now=now)


class EventsView(ApiView):
    """The log. `oldest_first` and the full names make it the full router's /event-history."""

    oldest_first = False

    @described("The event log", query=EventsQuery, response=responses.Events, tag="Events", errors=(400, 401, 403, 404))
    def get(self, request: Request) -> Response:
        query = query_of(request, EventsQuery)
        user_id = None if query.user_id in MISSING else query.user_id
        if user_id is not None:
            seen_account(request, user_id)
        require_signed_in(request)
        page = events_page(
            user_id,
            event_type=_event_type(query.event_type) if query.event_type else None,
            correlation_id=query.correlation_id,
            symbol=query.symbol,
            since=query.since,
            until=query.until,
            before_id=query.before,
            after=EVENT_CURSORS.read(query.cursor),
            limit=query.limit,
            user_ids=None if user_id else scope_of(request),
        )
        events = page.rows[::-1] if self.oldest_first else page.rows
        return Response(
            {
                "status": "success",
                "events": [self.named(event) for event in events],
                "total_count": len(events),
                "filters": {"user_id": query.user_id, "event_type": query.event_type, "limit": query.limit},
                "next_cursor": EVENT_CURSORS.write(page.next),
            }
        )

    def named(self, event: dict[str, Any]) -> dict[str, Any]:
        return event


class EventHistoryView(EventsView):
    oldest_first = True

    def named(self, event: dict[str, Any]) -> dict[str, Any]:
        return event | {"event_type": event["full_event_type"]}


def _event_type(name: str) -> EventType:
    try:
        return event_type_named(name)
    except ValueError:
        raise ApiError(f"Invalid event type: {echo(name)}", code="INVALID_EVENT_TYPE") from None


class CoordinationView(ApiView):
    @described("Lanes and workers", response=responses.CoordinationStatus, tag="System")
    def get(self, request: Request) -> Response:
        require_public_read(request)
        now = timezone.now()
        return Response({"status": "success", "timestamp": now, "coordination": answers.coordination(now=now)})


class StatusView(ApiView):
    @described("Everything at a glance", response=responses.Status, tag="System")
    def get(self, request: Request) -> Response:
        require_public_read(request)
        return Response(answers.status_answer(scope_of(request), now=timezone.now()))


class SystemStatusView(ApiView):
    @described("The components, as the full router named them", response=responses.SystemStatus, tag="System")
    def get(self, request: Request) -> Response:
        require_public_read(request)
        return Response(answers.system_status_answer(now=timezone.now()))
