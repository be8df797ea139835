"""An order may end: an order of kind `expiry` then takes back what it granted.

The check is added without looking at the rows that are there, so that nothing waits; the next
migration looks. The previous release writes rows that fulfil it.
"""

from django.db import migrations, models
from django.db.models import Q

CHECK = """
ALTER TABLE ordering_order
    ADD CONSTRAINT order_expires CHECK ((kind = 'expiry') = (expires IS NOT NULL)) NOT VALID
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0016_reversed_once")]
    operations = [
        migrations.AddField("order", "ends_at", models.DateTimeField(null=True)),
        migrations.AddField("order", "expires", models.UUIDField(null=True)),
        migrations.AddField("order", "tried_at", models.DateTimeField(null=True)),
        migrations.AddField("order", "reminded_at", models.DateTimeField(null=True)),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECK, "ALTER TABLE ordering_order DROP CONSTRAINT order_expires")],
            [
                migrations.AddConstraint(
                    "order",
                    models.CheckConstraint(
                        condition=Q(kind="expiry", expires__isnull=False)
                        | (~Q(kind="expiry") & Q(expires__isnull=True)),
                        name="order_expires",
                    ),
                ),
            ],
        ),
    ]
