"""Order numbers come from one sequence: gaps are normal, nothing waits for its turn."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ordering", "0001_initial"), ("events", "0002_append_only")]
    operations = [
        migrations.RunSQL(
            """
CREATE SEQUENCE ordering_number
            """,
            """
DROP SEQUENCE ordering_number
            """,
        ),
    ]
