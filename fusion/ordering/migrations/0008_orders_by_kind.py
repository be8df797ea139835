"""The few orders that are no ordinary change are listed by their kind."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ordering", "0007_state_orders_checked")]
    operations = [
        AddIndexConcurrently(
            "order",
            models.Index(
                "group_id",
                "kind",
                "placed_at",
                "id",
                name="order_of_kind",
                condition=~models.Q(kind="change"),
            ),
        )
    ]
