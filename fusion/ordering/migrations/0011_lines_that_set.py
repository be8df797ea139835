"""Lines that set a quantity, expect one, name a revision to remove, or have a reference.

The checks are added without looking at the rows that are there, so that nothing waits; the next
migration looks. The previous release writes lines that fulfil them.
"""

from django.db import migrations, models
from django.db.models import Q

CHECKS = """
ALTER TABLE ordering_orderline
    DROP CONSTRAINT order_line_quantity,
    ADD CONSTRAINT order_line_quantity CHECK (
        (quantity >= 1 OR action = 'set' AND quantity >= 0)
        AND (quantity <= 1000000 OR action <> 'add')) NOT VALID,
    DROP CONSTRAINT order_line_action,
    ADD CONSTRAINT order_line_action CHECK (
        action = 'add' AND revision IS NOT NULL AND taken IS NULL AND quantity_before IS NULL
        OR action = 'remove' AND quantity_before IS NULL
        OR action = 'set') NOT VALID,
    ADD CONSTRAINT order_line_expected CHECK (
        expected_quantity IS NULL OR expected_quantity >= 0) NOT VALID
"""

UNDO = """
ALTER TABLE ordering_orderline
    DROP CONSTRAINT order_line_quantity,
    ADD CONSTRAINT order_line_quantity CHECK (
        quantity >= 1 AND (quantity <= 1000000 OR action = 'remove')),
    DROP CONSTRAINT order_line_action,
    ADD CONSTRAINT order_line_action CHECK (
        action = 'add' AND revision IS NOT NULL AND taken IS NULL
        OR action = 'remove' AND revision IS NULL),
    DROP CONSTRAINT order_line_expected
"""


class Migration(migrations.Migration):
    dependencies = [("ordering", "0010_group_keys")]
    operations = [
        migrations.AddField("orderline", "quantity_before", models.BigIntegerField(null=True)),
        migrations.AddField("orderline", "expected_quantity", models.BigIntegerField(null=True)),
        migrations.AddField(
            "orderline", "external_reference", models.CharField(max_length=100, null=True)
        ),
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(CHECKS, UNDO)],
            [
                migrations.RemoveConstraint("orderline", "order_line_quantity"),
                migrations.AddConstraint(
                    "orderline",
                    models.CheckConstraint(
                        condition=(Q(quantity__gte=1) | Q(action="set", quantity__gte=0))
                        & (Q(quantity__lte=1_000_000) | ~Q(action="add")),
                        name="order_line_quantity",
                    ),
                ),
                migrations.RemoveConstraint("orderline", "order_line_action"),
                migrations.AddConstraint(
                    "orderline",
                    models.CheckConstraint(
                        condition=Q(
                            action="add",
                            revision__isnull=False,
                            taken__isnull=True,
                            quantity_before__isnull=True,
                        )
                        | Q(action="remove", quantity_before__isnull=True)
                        | Q(action="set"),
                        name="order_line_action",
                    ),
                ),
                migrations.AddConstraint(
                    "orderline",
                    models.CheckConstraint(
                        condition=Q(expected_quantity__isnull=True) | Q(expected_quantity__gte=0),
                        name="order_line_expected",
                    ),
                ),
            ],
        ),
    ]
