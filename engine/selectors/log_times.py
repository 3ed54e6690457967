"""Where in the log a moment is. Ids follow time, so no index by time is needed, which each event would have to pay for."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Q

STRAGGLERS = timedelta(seconds=60)  # an event is stored up to so much later than it was created: it waited for a lock
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

_EARLIER = "(select created_at from engine_event where id >= (low + high) / 2 order by id limit 1) < %s"
_REACHED = f"""
    with recursive search(low, high) as (
        select (select min(id) from engine_event), (select max(id) + 1 from engine_event)
        union all
        select
            case when {_EARLIER} then (low + high) / 2 + 1 else low end,
            case when {_EARLIER} then high else (low + high) / 2 end
        from search where low < high
    )
    select low from search where low >= high
"""  # noqa: S608 - no value is in it


def created_between(since: datetime | None, until: datetime | None) -> Q:
    """Events created from `since` on and before `until`, as conditions that an index ending in the id can serve.

    Where the clock was set back, only what it wrote around one of the two times that it went through is found.
    """
    condition = Q()
    if since:
        condition &= Q(id__gte=id_at(max(since, EARLIEST) - STRAGGLERS), created_at__gte=since)
    if until:
        condition &= Q(id__lt=id_at(min(until, LATEST) + STRAGGLERS), created_at__lt=until)
    return condition


def id_at(at: datetime) -> int:
    """The first id of the events created at that moment or later: by halving, in one statement of some twenty steps."""
    with connection.cursor() as cursor:
        cursor.execute(_REACHED, [connection.ops.adapt_datetimefield_value(at)] * 2)
        found = cursor.fetchone()
    return int(found[0]) if found else 0
