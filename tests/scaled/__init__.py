"""Several real processes on PostgreSQL and Redis, as in production."""
