from django.db import migrations

NAME = "numbers_number_e164_212cf0db_like"


class Migration(migrations.Migration):
    """The key serves searches by prefix: its collation is "C".

    The second index of the same texts, which Django creates for other collations, cost every change
    of a number a write.
    """

    atomic = False

    dependencies = [("numbers", "0008_accepted_ports")]

    operations = [
        migrations.RunSQL(
            f"DROP INDEX CONCURRENTLY IF EXISTS {NAME}",
            f"CREATE INDEX CONCURRENTLY {NAME} ON numbers_number (e164 varchar_pattern_ops)",
        )
    ]
