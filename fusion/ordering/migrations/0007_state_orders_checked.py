"""The checks hold for the orders that were there before, too; orders go on meanwhile."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ordering", "0006_state_orders")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ordering_order VALIDATE CONSTRAINT order_kind,"
            " VALIDATE CONSTRAINT order_reason",
            migrations.RunSQL.noop,
        )
    ]
