"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable("ordering_order", identity="order_number"),
    GroupTable(
        "ordering_orderline",
        parent="ordering_order",
        column="order_id",
        kept_by="ordering_keep_finished_line",
        key="group_id, order_id, position",
    ),
    GroupTable(
        "ordering_holding",
        parent="tenancy_subscription",
        column="subscription_id",
        key="group_id, subscription_id, product_id, revision",
    ),
    GroupTable(
        "ordering_orderrequest",
        unique=(
            ("request_of_group", "(group_id, id)"),
            ("ordering_orderrequest_order_id_key", "(group_id, order_id)"),
        ),
        identity="request_of_group",
    ),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("ordering", "0009_finished_orders_stay"),
        ("tenancy", "0022_group_keys"),
        ("catalogue", "0006_group_keys"),
    ]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(
                    model_name="orderrequest",
                    name="request_of_group",
                ),
                migrations.AddField(
                    model_name="holding",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AddField(
                    model_name="orderline",
                    name="group_id",
                    field=models.UUIDField(),
                ),
                migrations.AlterField(
                    model_name="holding",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "subscription_id",
                        "product_id",
                        "revision",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="orderline",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "group_id",
                        "order_id",
                        "position",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                migrations.AlterField(
                    model_name="orderrequest",
                    name="order_id",
                    field=models.UUIDField(null=True),
                ),
                migrations.AddConstraint(
                    model_name="orderrequest",
                    constraint=models.UniqueConstraint(
                        models.F("group_id"), models.F("id"), name="request_of_group"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="orderrequest",
                    constraint=models.UniqueConstraint(
                        models.F("group_id"),
                        models.F("order_id"),
                        name="ordering_orderrequest_order_id_key",
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(bring(*TABLES))],
        ),
    ]
