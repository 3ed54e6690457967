from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engine", "0015_inbox_fill")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                fields=["symbol", "id"],
                name="event_symbol_latest",
                condition=models.Q(symbol__isnull=False),
            ),
        ),
    ]
