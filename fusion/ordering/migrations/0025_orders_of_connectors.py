"""Orders are found by their connector; orders go on while the index is made."""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ordering", "0024_charge_from_and_connector")]

    operations = [
        ValidateConstraint("order", "order_charge_from"),
        AddIndexConcurrently(
            "order",
            models.Index(
                "group_id",
                "connector",
                "placed_at",
                "id",
                name="order_of_connector",
                condition=Q(connector__isnull=False),
            ),
        ),
    ]
