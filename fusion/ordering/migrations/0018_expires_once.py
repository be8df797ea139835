"""An order expires at most once; orders go on while the indexes are made."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY order_expires_once ON ordering_order (group_id, expires)
    WHERE expires IS NOT NULL
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ordering", "0017_order_expiry")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ordering_order VALIDATE CONSTRAINT order_expires",
            migrations.RunSQL.noop,
        ),
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS order_expires_once",
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(INDEX, "DROP INDEX order_expires_once"),
            ],
            [
                migrations.AddConstraint(
                    "order",
                    models.UniqueConstraint(
                        "group_id",
                        "expires",
                        condition=Q(expires__isnull=False),
                        name="order_expires_once",
                    ),
                )
            ],
        ),
        AddIndexConcurrently(
            "order",
            models.Index(
                "effective_at",
                name="order_expiring",
                condition=Q(kind="expiry", state="scheduled"),
            ),
        ),
    ]
