"""The checks hold for the numbers that were there before, too; numbers are assigned meanwhile."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("numbers", "0006_port_requests")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE numbers_number VALIDATE CONSTRAINT number_status,"
            " VALIDATE CONSTRAINT number_belongs, VALIDATE CONSTRAINT number_comes_from,"
            " VALIDATE CONSTRAINT number_with_port, VALIDATE CONSTRAINT number_lapses",
            migrations.RunSQL.noop,
        ),
        # Here because the index exists only after the migration that adds it.
        migrations.RunSQL(
            "ALTER TABLE numbers_portrequest REPLICA IDENTITY USING INDEX port_of_group",
            migrations.RunSQL.noop,
        ),
    ]
