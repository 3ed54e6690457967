"""Real brokers: calls are committed first (`calls`), made outside of any transaction (`dispatch`), their outcomes are events.

The paper broker is no part of this: `engine.domain.paper` matches inside the batch.
"""
