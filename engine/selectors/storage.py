"""What the database holds, and how much of it has been put away: nothing here counts the log."""

from typing import Any

from django.db import connection
from django.db.models import Count, Max, Sum

from engine.models import BookSnapshot, Event, EventArchive

SIZE = {
    "sqlite": "select page_count * page_size from pragma_page_count(), pragma_page_size()",
    "postgresql": "select pg_database_size(current_database())",
}
VERSION = {"sqlite": "select sqlite_version()", "postgresql": "show server_version"}


def storage() -> dict[str, Any]:
    """The database's kind, version and size in bytes; from when to when the log reaches; and what was archived."""
    oldest, newest = Event.objects.order_by("id").first(), Event.objects.order_by("-id").first()
    archived = EventArchive.objects.aggregate(
        files=Count("name"), events=Sum("events"), bytes=Sum("size"), at=Max("archived_at")
    )
    return {
        "database": connection.display_name,
        "database_version": _one(VERSION),
        "database_bytes": _one(SIZE),
        "log_from": oldest and oldest.created_at,
        "log_until": newest and newest.created_at,
        "log_ids": newest.id - oldest.id + 1 if oldest and newest else 0,
        "archive_files": archived["files"],
        "archived_events": archived["events"] or 0,
        "archive_bytes": archived["bytes"] or 0,
        "archived_at": archived["at"],
        "snapshot_at": BookSnapshot.objects.aggregate(at=Max("taken_at"))["at"],
    }


def _one(statements: dict[str, str]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor])
        return cursor.fetchone()[0]
