"""A scheduled addition of a product that is retired now has no revision until it is done.

The previous release writes lines that fulfil the new check.
"""

from django.db import migrations, models
from django.db.models import Q

CHECK = """
ALTER TABLE ordering_orderline
    DROP CONSTRAINT order_line_action,
    ADD CONSTRAINT order_line_action CHECK (
        action = 'add' AND taken IS NULL AND quantity_before IS NULL
        OR action = 'remove' AND quantity_before IS NULL
        OR action = 'set') NOT VALID
"""

UNDO = """
ALTER TABLE ordering_orderline
    DROP CONSTRAINT order_line_action,
    ADD CONSTRAINT order_line_action CHECK (
        action = 'add' AND revision IS NOT NULL AND taken IS NULL AND quantity_before IS NULL
        OR action = 'remove' AND quantity_before IS NULL
        OR action = 'set') NOT VALID
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0018_expires_once")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECK, UNDO)],
            [
                migrations.RemoveConstraint("orderline", "order_line_action"),
                migrations.AddConstraint(
                    "orderline",
                    models.CheckConstraint(
                        condition=Q(action="add", taken__isnull=True, quantity_before__isnull=True)
                        | Q(action="remove", quantity_before__isnull=True)
                        | Q(action="set"),
                        name="order_line_action",
                    ),
                ),
            ],
        ),
    ]
