"""Orders are found by the reference of one of their lines."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ordering", "0012_lines_checked")]
    operations = [
        AddIndexConcurrently(
            "orderline",
            models.Index(
                "group_id",
                "external_reference",
                name="order_line_of_reference",
                condition=models.Q(external_reference__isnull=False),
            ),
        )
    ]
