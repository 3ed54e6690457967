from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engine", "0020_orders_by_second_only")]

    operations = [
        # what there is already has the first shape
        migrations.AddField(
            model_name="booksnapshot",
            name="version",
            field=models.PositiveSmallIntegerField(default=1),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="landmark",
            name="version",
            field=models.PositiveSmallIntegerField(default=1),
            preserve_default=False,
        ),
        migrations.RemoveConstraint(model_name="landmark", name="landmark_once"),
        migrations.AddConstraint(
            model_name="landmark",
            constraint=models.UniqueConstraint(fields=("stream", "version", "seq"), name="landmark_once_a_version"),
        ),
        migrations.RemoveConstraint(model_name="booksnapshot", name="book_snapshot_once"),
        migrations.AddConstraint(
            model_name="booksnapshot",
            constraint=models.UniqueConstraint(fields=("stream", "version", "seq"), name="book_snapshot_once_a_version"),
        ),
    ]
