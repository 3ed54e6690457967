from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engine", "0017_landmarks")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="orders_by_second",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="[[second since 1970, orders sent in it], ...] of the minute before the latest order",
            ),
        ),
    ]
