"""What a signal writes to: the tables whose growth is counted on both sides of a comparison."""

TABLES = (
    "engine_event",
    "engine_pendingevent",
    "engine_signal",
    "engine_order",
    "engine_execution",
    "engine_position",
    "engine_account",
    "engine_stream",
    "engine_metricbucket",
)
