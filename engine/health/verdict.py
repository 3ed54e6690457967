"""What to think of what was found: pure functions from findings to words.

The system is well when it can do its work. Business as usual (a refused signal, a drawdown, a stopped account) makes alerts
of its account, and no sick system.
"""

from engine.domain.alerts import monitoring_status
from engine.domain.brokers import BreakerState
from engine.domain.enums import Component, Lane
from engine.health.probes import Findings

OPERATIONAL, DEGRADED, UNKNOWN = "operational", "degraded", "unknown"


def components(found: Findings) -> dict[str, str]:
    """Each of the seven parts: operational, degraded, or unknown where nothing can be said yet."""
    states = {
        Component.CONFIGURATION: _well(not found.config_problems),
        Component.MONITORING: _well(any(lane.alive for lane in found.lanes.values())),
        Component.EVENT_BUS: _well(_event_bus_is_well(found)),
        Component.ORDER_EXECUTOR: _order_executor(found),
        Component.RISK_ENGINE: _well(_lanes_well(found, Lane.RISK_MONITORING, Lane.HIGH_PRIORITY) and _risk_is_checked(found)),
        Component.POSITION_MANAGER: _well(_lanes_well(found, Lane.POSITION_MANAGEMENT)),
        Component.STRATEGY_MANAGER: _well(_lanes_well(found, Lane.MARKET_DATA) and not found.strategies_failed),
    }
    return {component.value: state for component, state in states.items()}


def _well(well: bool) -> str:
    return OPERATIONAL if well else DEGRADED


def _lanes_well(found: Findings, *lanes: Lane) -> bool:
    return all(found.lanes[lane].alive and not found.lanes[lane].is_late for lane in lanes)


def _event_bus_is_well(found: Findings) -> bool:
    return found.layer_answers and not found.dead_letters and _lanes_well(found, *Lane)


def _risk_is_checked(found: Findings) -> bool:
    return found.config.risk_check_enabled and found.config.emergency_stop_enabled


def broker(found: Findings) -> str:
    """The paper broker fills at the last price: it works while there are fresh ones. A real one has to be in reach, too."""
    if found.breaker is not BreakerState.CLOSED:
        return DEGRADED
    return {"fresh": OPERATIONAL, "stale": DEGRADED, "none": UNKNOWN}[found.prices.status]


def _order_executor(found: Findings) -> str:
    return broker(found) if _lanes_well(found, Lane.ORDER_PROCESSING) else DEGRADED


def status(found: Findings) -> str:
    """healthy, degraded or critical. Critical: nobody handles events, so no stop is watched; or the alerts say so."""
    monitoring = monitoring_status(found.system_alerts)
    if monitoring == "CRITICAL" or not any(lane.alive for lane in found.lanes.values()):
        return "critical"
    well = found.migrated and monitoring == "HEALTHY" and DEGRADED not in components(found).values()
    return "healthy" if well else "degraded"


def service_level(found: Findings) -> str:
    """How far down the ladder we are: production (all there), full (no layer: polling), simple (no workers: signals wait)."""
    if not all(lane.alive for lane in found.lanes.values()):
        return "simple"
    return "production" if found.layer_answers else "full"
