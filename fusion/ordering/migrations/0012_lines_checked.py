"""The checks hold for the lines that were there before; orders go on meanwhile."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ordering", "0011_lines_that_set")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE ordering_orderline VALIDATE CONSTRAINT order_line_quantity,"
            " VALIDATE CONSTRAINT order_line_action, VALIDATE CONSTRAINT order_line_expected",
            migrations.RunSQL.noop,
        )
    ]
