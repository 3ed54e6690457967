from django.db import migrations, models


class Migration(migrations.Migration):
    """The indices of the blotter hold what it is filtered by, too."""

    dependencies = [
        ("engine", "0021_snapshot_version"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="order", name="order_account_latest"),
        migrations.RemoveIndex(model_name="order", name="order_latest"),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["account", "-created_at", "-id", "status", "symbol", "side", "order_type", "strategy_id"],
                name="order_account_latest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["-created_at", "-id", "status", "symbol", "side", "order_type", "strategy_id"], name="order_latest"
            ),
        ),
    ]
