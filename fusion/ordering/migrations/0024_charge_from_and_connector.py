"""Orders say from when they are charged, and which connector placed them.

The checks are added without looking at the rows that are there; the next migration looks. The
previous release writes rows that fulfil them.
"""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

from fusion.ordering.models import IN_REACH


class Migration(migrations.Migration):
    dependencies = [("ordering", "0023_seen_failures"), ("tenancy", "0029_connectors")]

    operations = [
        migrations.AddField("order", "charge_from", models.DateTimeField(null=True)),
        migrations.AddField("order", "connector", models.CharField(max_length=40, null=True)),
        AddConstraintNotValid(
            "order",
            models.CheckConstraint(condition=IN_REACH, name="order_charge_from"),
        ),
    ]
