"""The group in every key: see docs/decisions/0037-group-in-every-key.md."""

import django.db.models.deletion
from django.db import migrations, models

from fusion.kernel.group_keys import GroupTable, bring

TABLES = (
    GroupTable(
        "numbers_range",
        unique=(("range_of_group", "(group_id, id)"),),
        identity="range_of_group",
        references=(("sku_id", "catalogue_sku"),),
    ),
    GroupTable(
        "numbers_number",
        unique=(
            ("number_of_group", "(group_id, e164)"),
            ("number_of_user", "(user_id, group_id) WHERE user_id IS NOT NULL"),
        ),
        identity="number_of_group",
    ),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("numbers", "0003_kernel_now"), ("catalogue", "0006_group_keys")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="number",
                    name="number_of_user",
                ),
                migrations.RemoveIndex(
                    model_name="number",
                    name="number_of_group",
                ),
                migrations.RemoveIndex(
                    model_name="range",
                    name="range_of_group",
                ),
                migrations.AlterField(
                    model_name="range",
                    name="sku",
                    field=models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalogue.sku",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.UniqueConstraint(
                        models.F("group_id"), models.F("e164"), name="number_of_group"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="number",
                    constraint=models.UniqueConstraint(
                        models.F("user_id"),
                        models.F("group_id"),
                        condition=models.Q(("user_id__isnull", False)),
                        name="number_of_user",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="range",
                    constraint=models.UniqueConstraint(
                        models.F("group"), models.F("id"), name="range_of_group"
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(bring(*TABLES))],
        ),
    ]
