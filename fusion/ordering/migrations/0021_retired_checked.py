"""The check holds for the lines that were there before; orders go on meanwhile."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ordering", "0020_retired_when_ordered")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ordering_orderline VALIDATE CONSTRAINT order_line_action",
            migrations.RunSQL.noop,
        )
    ]
