from django.db import migrations


class Migration(migrations.Migration):
    """The clock for the defaults of columns in other rooms; `kernel/now.sql` replaces it."""

    dependencies = [("events", "0004_event_moments")]

    operations = [
        migrations.RunSQL(
            "CREATE OR REPLACE FUNCTION kernel_now() RETURNS timestamptz"
            " LANGUAGE sql VOLATILE PARALLEL SAFE AS $$ SELECT clock_timestamp() $$",
            migrations.RunSQL.noop,
        )
    ]
