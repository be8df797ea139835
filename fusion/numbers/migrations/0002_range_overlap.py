"""No number lies in two ranges, whoever owns them; the inventory is vacuumed by count, not share."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("numbers", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE numbers_range ADD CONSTRAINT range_overlap"
            " EXCLUDE USING gist (int8range(first, last, '[]') WITH &&)",
            "ALTER TABLE numbers_range DROP CONSTRAINT range_overlap",
        ),
        # "The next free ones" are read from the low end of an index, where what was just assigned
        # stands until it is vacuumed. A share of ten million numbers would be two million of those.
        migrations.RunSQL(
            "ALTER TABLE numbers_number SET (autovacuum_vacuum_scale_factor = 0,"
            " autovacuum_vacuum_threshold = 10000)",
            "ALTER TABLE numbers_number RESET (autovacuum_vacuum_scale_factor,"
            " autovacuum_vacuum_threshold)",
        ),
    ]
