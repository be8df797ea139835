"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable(
        "billing_total",
        parent="tenancy_organization",
        column="organization_id",
        key="group_id, organization_id, sku_id",
    ),
    GroupTable(
        "billing_day",
        parent="tenancy_organization",
        column="organization_id",
        key="group_id, organization_id, sku_id, day",
    ),
    GroupTable("billing_nearlyfull", key="group_id, subscription_id, sku_id"),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0002_fill_history"), ("tenancy", "0022_group_keys")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="day",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AddField(
                    model_name="total",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AlterField(
                    model_name="day",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "organization_id",
                        "sku_id",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="nearlyfull",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "subscription_id",
                        "sku_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="total",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "organization_id",
                        "sku_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(bring(*TABLES))],
        ),
    ]
