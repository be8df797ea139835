"""No number lies in two ranges, whoever owns them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("numbers", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE numbers_range ADD CONSTRAINT range_overlap"
            " EXCLUDE USING gist (int8range(first, last, '[]') WITH &&)",
            "ALTER TABLE numbers_range DROP CONSTRAINT range_overlap",
        ),
    ]
