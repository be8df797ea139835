"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable("ledger_balance", key="group_id, subscription_id, sku_id"),
    GroupTable(
        "ledger_entry",
        parent="tenancy_subscription",
        column="subscription_id",
        kept_by="kernel_append_only",
        key="group_id, subscription_id, sku_id, sequence",
    ),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("ledger", "0003_entry_times"),
        ("tenancy", "0022_group_keys"),
        ("events", "0008_group_keys"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="entry",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AlterField(
                    model_name="balance",
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
                    model_name="entry",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "subscription_id",
                        "sku_id",
                        "sequence",
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
