from django.db import migrations

FILL = {
    "sqlite": (
        "update engine_event set symbol = json_extract(data, '$.symbol') where json_type(data, '$.symbol') = 'text'"
    ),
    "postgresql": (
        "update engine_event set symbol = data ->> 'symbol' where jsonb_typeof(data -> 'symbol') = 'string'"
    ),
}


def fill(apps, schema_editor):
    """The events that are in the log already."""
    schema_editor.execute(FILL[schema_editor.connection.vendor])


class Migration(migrations.Migration):
    dependencies = [("engine", "0014_inbox")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
