from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engine", "0013_broker")]

    operations = [
        migrations.CreateModel(
            name="AlertSilence",
            fields=[
                ("fingerprint", models.CharField(max_length=200, primary_key=True, serialize=False)),
                (
                    "rank",
                    models.PositiveSmallIntegerField(help_text="how bad it may become (see RANKS) and still stay silent"),
                ),
                ("until", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="event",
            name="symbol",
            field=models.TextField(
                help_text="the share that its data names, if any: what the log is searched by", null=True
            ),
        ),
    ]
