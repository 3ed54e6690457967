from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("engine", "0019_orders_by_second_fill")]

    operations = [
        migrations.RemoveField(model_name="account", name="orders_in_minute"),
        migrations.RemoveField(model_name="account", name="minute_began"),
    ]
