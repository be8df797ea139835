"""An order may reverse another. What it grants again may be more than one line can order.

The checks are added without looking at the rows that are there, so that nothing waits; the next
migration looks. The previous release writes rows that fulfil them.
"""

from django.db import migrations, models
from django.db.models import Q

CHECKS = """
ALTER TABLE ordering_order
    ADD CONSTRAINT order_reverses CHECK (
        (kind = 'reversal') = (reverses IS NOT NULL)) NOT VALID;
ALTER TABLE ordering_orderline
    DROP CONSTRAINT order_line_quantity,
    ADD CONSTRAINT order_line_quantity CHECK (
        (quantity >= 1 OR action = 'set' AND quantity >= 0)
        AND (quantity <= 2000000000 OR action <> 'add')) NOT VALID
"""

UNDO = """
ALTER TABLE ordering_order DROP CONSTRAINT order_reverses;
ALTER TABLE ordering_orderline
    DROP CONSTRAINT order_line_quantity,
    ADD CONSTRAINT order_line_quantity CHECK (
        (quantity >= 1 OR action = 'set' AND quantity >= 0)
        AND (quantity <= 1000000 OR action <> 'add')) NOT VALID
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0014_order_metadata")]
    operations = [
        migrations.AddField("order", "reverses", models.UUIDField(null=True)),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECKS, UNDO)],
            [
                migrations.AddConstraint(
                    "order",
                    models.CheckConstraint(
                        condition=Q(kind="reversal", reverses__isnull=False)
                        | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                        name="order_reverses",
                    ),
                ),
                migrations.RemoveConstraint("orderline", "order_line_quantity"),
                migrations.AddConstraint(
                    "orderline",
                    models.CheckConstraint(
                        condition=(Q(quantity__gte=1) | Q(action="set", quantity__gte=0))
                        & (Q(quantity__lte=2_000_000_000) | ~Q(action="add")),
                        name="order_line_quantity",
                    ),
                ),
            ],
        ),
    ]
