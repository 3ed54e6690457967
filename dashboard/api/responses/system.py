from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from dashboard.api.responses.shapes import Listed, Shape, Success

ComponentWord = Literal["operational", "degraded", "unknown"]


# --- system ----------------------------------------------------------------------------------------------------------------
class Database(BaseModel):
    status: str = Field(description="healthy, degraded or unhealthy")
    timestamp: str
    config_valid: bool | None = None
    config_issues: list[str] | None = None
    components: dict[str, str] | None = None
    connection: str | None = None
    error: str | None = None


class Monitoring(BaseModel):
    status: str = Field(description="HEALTHY, WARNING, DEGRADED or CRITICAL")
    active_alerts: int
    uptime_seconds: int


class EventBus(BaseModel):
    running: bool
    events_processed: int
    queue_size: int = Field(description="events waiting in all lanes")


class Components(Shape):
    configuration: ComponentWord
    monitoring: ComponentWord
    event_bus: ComponentWord
    order_executor: ComponentWord
    risk_engine: ComponentWord
    position_manager: ComponentWord
    strategy_manager: ComponentWord


class Health(BaseModel):
    status: str = Field(description="healthy, degraded or critical; always with HTTP 200")
    timestamp: datetime
    database: Database
    monitoring: Monitoring
    event_bus: EventBus
    components: Components
    component_reasons: dict[str, list[str]] = Field(
        description="what is wrong with each part, in words; nothing where it is well"
    )
    version: str


class TradingEngineMetrics(Shape):
    status: str
    version: str
    uptime: str = Field(description='of the longest-running worker, as "1h 15m"')
    events_processed: int


class OrderProcessingMetrics(Shape):
    orders_today: int = Field(description="created in this IST trading day")
    success_rate: str = Field(description='orders executed of those finished today, as "95%"; "N/A" while there are none')
    success_rate_percent: float | None
    avg_processing_time: str = Field(description='from creation to fill, as "150ms"; "N/A" while there are none')
    avg_processing_time_ms: float | None
    failed_orders: int = Field(description="rejected today")


class RiskMetrics(Shape):
    active_monitors: int = Field(description="lanes with a living worker")
    alerts_today: int
    risk_score: Literal["LOW", "MEDIUM", "HIGH"]


class EventSystemMetrics(Shape):
    events_published: int
    events_failed: int
    handlers_registered: int
    queue_size: int


class ComponentMetrics(Shape):
    trading_engine: TradingEngineMetrics
    order_processing: OrderProcessingMetrics
    risk_management: RiskMetrics
    event_system: EventSystemMetrics


class TimingMetric(Shape):
    avg_duration_ms: float
    min_duration_ms: float
    max_duration_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    count: int
    last_updated: datetime


class OldTiming(Shape):
    count: int
    avg_ms: float
    latest_ms: float


class FlatMetrics(BaseModel):
    """Counters since the system was first started. More counters stand beside the named ones."""

    orders_processed: int
    signals_processed: int
    active_strategies: int
    system_uptime: str = Field(description='as "1h 15m"')
    errors_count: int
    api_calls_count: int
    last_updated: datetime
    time_window_minutes: int
    window: dict[str, int] = Field(description="the same counters within the window")


class Metrics(Shape):
    status: Success
    metrics: FlatMetrics | dict[str, int] = Field(description="with a known `metric_name`, only that counter and the window")
    component_metrics: ComponentMetrics
    timing_metrics: dict[str, TimingMetric] = Field(description="per operation, within the window")
    timings: dict[str, OldTiming]
    timestamp: datetime


class StateSummary(Shape):
    system_status: str
    active_orders_count: int
    active_positions_count: int
    active_strategies_count: int
    active_users_count: int
    last_updated: datetime


class Coordination(Shape):
    running: bool
    system_status: Literal["RUNNING", "STOPPED"]
    queue_sizes: dict[str, int]
    active_workflows: int = Field(description="chains of events with something still to be handled")
    state_summary: StateSummary
    worker_tasks: dict[str, bool]


class CoordinationStatus(Shape):
    status: Success
    timestamp: datetime
    coordination: Coordination


class SystemStatus(Shape):
    status: str
    timestamp: datetime
    version: str
    components: dict[str, dict[str, Any]]


# --- alerts ----------------------------------------------------------------------------------------------------------------
class Alert(Shape):
    id: str = Field(description="opaque")
    level: Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
    title: str
    message: str
    component: str
    user_id: str | None = Field(description="the account that it concerns; null for the system")
    data: dict[str, Any]
    count: int = Field(description="how often its cause was seen")
    status: Literal["ACTIVE", "ACKNOWLEDGED", "RESOLVED"]
    silenced_until: datetime | None = Field(description="it calls for nobody's attention until then (UTC)")
    correlation_id: UUID | None
    created_at: datetime = Field(description="first seen")
    last_seen: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution_note: str | None


class Alerts(Listed):
    status: Success
    alerts: list[Alert]
    alert_count: int = Field(description="how many are in this answer")
    total_count: int = Field(description="the same")
    last_updated: datetime
    filters: dict[str, Any] = Field(description="as they were sent")


class Resolved(Shape):
    status: Success
    message: str


class AlertsHandled(Shape):
    status: Success
    message: str
    done: list[str] = Field(description="the alerts that it was done to")
    left: list[str] = Field(description="those that are as before: resolved meanwhile, or so already")


class StatusAlerts(Shape):
    count: int
    active: list[Alert] = Field(description="the latest five")


class Status(Shape):
    status: Literal["operational"]
    operational_state: Literal["running", "paused", "emergency_stopped", "degraded"]
    timestamp: datetime
    health: Health
    metrics: FlatMetrics
    alerts: StatusAlerts
    coordination: Coordination
    version: str
    features: dict[str, bool]


# --- configuration ---------------------------------------------------------------------------------------------------------
class Settings(Shape):
    max_concurrent_orders: int
    order_timeout_seconds: int
    risk_check_enabled: bool
    emergency_stop_enabled: bool
    max_position_size_percent: float = Field(description="of equity, in one symbol")
    max_portfolio_exposure_percent: float = Field(description="of equity, gross")
    max_sector_exposure_percent: float = Field(description="of equity, gross, in one sector")
    default_stop_loss_percent: float
    market_data_refresh_seconds: int
    database_pool_size: int
    log_level: str
    kite_api_key: None = Field(description="always null")
    kite_api_secret: None = Field(description="always null")


class Config(Shape):
    status: Success
    config: Settings


class ConfigRequest(BaseModel):
    """Any of the nine settings."""

    max_concurrent_orders: int | None = Field(None, description="1 to 1000")
    order_timeout_seconds: int | None = None
    risk_check_enabled: bool | None = None
    emergency_stop_enabled: bool | None = None
    max_position_size_percent: float | None = Field(None, description="above 0, up to 100")
    max_portfolio_exposure_percent: float | None = None
    max_sector_exposure_percent: float | None = None
    default_stop_loss_percent: float | None = None
    market_data_refresh_seconds: int | None = None


class ConfigUpdated(Shape):
    status: Literal["success", "partial"] = Field(description="partial when any key failed")
    updated_keys: list[str]
    failed_keys: list[str]
    errors: dict[str, str]
    message: str


# --- events ----------------------------------------------------------------------------------------------------------------
class Event(Shape):
    id: UUID
    log_id: int = Field(description="its place in the log, for `before`")
    event_type: str
    full_event_type: str = Field(description="its name in the full vocabulary")
    data: dict[str, Any]
    user_id: str | None
    priority: int = Field(description="1 low to 4 critical")
    correlation_id: UUID = Field(description="the chain's first event")
    causation_id: UUID | None = Field(description="the event that caused it")
    timestamp: datetime
    created_at: datetime
    processed: bool
    processed_at: datetime | None
    processing_time: float | None = Field(description="milliseconds that its handlers took")
    retry_count: int
    max_retries: int
    error: str | None


class EventFilters(Shape):
    user_id: str | None
    event_type: str | None
    limit: int


class Events(Listed):
    status: Success
    events: list[Event]
    total_count: int = Field(description="how many are in this answer")
    filters: EventFilters


# --- access ----------------------------------------------------------------------------------------------------------------
class Token(Shape):
    status: Success
    token: str = Field(description="shown only now; send it as `Authorization: Token ...`")
    expiry: datetime | None
    user: str


class Revoked(Shape):
    status: Success
    message: str
