from django.db import migrations, models

INDEX = """
CREATE UNIQUE INDEX CONCURRENTLY tenancy_idempotency_of_organization
    ON tenancy_idempotency (group_id, key, organization_id)
"""

KEY = """
ALTER TABLE tenancy_idempotency
    DROP CONSTRAINT tenancy_idempotency_pkey,
    ADD CONSTRAINT tenancy_idempotency_pkey
        PRIMARY KEY USING INDEX tenancy_idempotency_of_organization
"""


class Migration(migrations.Migration):
    """Two organizations of a group may use the same key."""

    atomic = False

    dependencies = [("tenancy", "0011_idempotency_owner")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "DROP INDEX CONCURRENTLY IF EXISTS tenancy_idempotency_of_organization",
                    migrations.RunSQL.noop,
                ),
                migrations.RunSQL(INDEX, migrations.RunSQL.noop),
                migrations.RunSQL(KEY, migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="idempotency",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "key",
                        "organization_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
        ),
    ]
