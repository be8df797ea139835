"""An order is reversed at most once; orders go on while the index is made."""

from django.db import migrations, models
from django.db.models import Q

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY order_reversed_once ON ordering_order (group_id, reverses)
    WHERE reverses IS NOT NULL AND state IN ('scheduled', 'completed')
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ordering", "0015_order_reverses")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ordering_order VALIDATE CONSTRAINT order_reverses",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "ALTER TABLE ordering_orderline VALIDATE CONSTRAINT order_line_quantity",
            migrations.RunSQL.noop,
        ),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS order_reversed_once",
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(INDEX, "DROP INDEX order_reversed_once"),
            ],
            [
                migrations.AddConstraint(
                    "order",
                    models.UniqueConstraint(
                        "group_id",
                        "reverses",
                        condition=Q(
                            reverses__isnull=False, state__in=("scheduled", "completed")
                        ),
                        name="order_reversed_once",
                    ),
                )
            ],
        ),
    ]
