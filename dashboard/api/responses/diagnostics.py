from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from dashboard.api.responses.shapes import Shape, Success


class TestResult(Shape):
    status: Literal["passed", "failed"]
    details: dict[str, Any] | None = Field(None, description="what was measured; of a test that passed")
    error: str | None = Field(None, description="what is wrong; of a test that failed")


class TestSummary(Shape):
    total_tests: int
    passed_tests: int
    failed_tests: int
    success_rate: float = Field(description="percent")


class TestResults(Shape):
    models: TestResult = Field(description="every table can be read")
    database: TestResult = Field(description="a row is written and taken back")
    event_bus: TestResult = Field(description="a message comes back through the channel layer")
    risk_engine: TestResult = Field(description="the pre-trade rules let pass and deny")


class IntegrationReport(Shape):
    status: Literal["healthy", "degraded", "error"] = Field(description="degraded when a test failed, error when all did")
    summary: TestSummary
    test_results: TestResults
    timestamp: datetime


class EndpointTest(Shape):
    status: Literal["accessible", "failed"]
    method: Literal["GET"]
    status_code: int = Field(description="what it answered just now")
    duration_ms: float = Field(description="milliseconds that it took")


class EndpointTests(Shape):
    status: Success
    endpoint_tests: dict[str, EndpointTest] = Field(description="by address")
    total_endpoints: int
    timestamp: datetime


class FallbackStatus(Shape):
    status: Literal["fallback"]
    message: str
    available_endpoints: list[str] = Field(description="addresses that answer 200 even without a database")
    timestamp: datetime
