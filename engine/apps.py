from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class EngineConfig(AppConfig):
    name = "engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(open_desk, sender=self)


def open_desk(*, using: str, apps: Any = installed, **options: Any) -> None:
    """A new or an emptied database has its desk open; a state that stands is left alone. Nothing else makes the row."""
    try:
        model = apps.get_model("engine", "DeskState")
    except LookupError:  # migrated to a state before there was one
        return
    model.objects.using(using).get_or_create(id=1)
