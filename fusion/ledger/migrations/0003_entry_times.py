from django.db import migrations


class Migration(migrations.Migration):
    """Entries of all since a day, for the roll-up: rows lie in the order of their time."""

    dependencies = [("ledger", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX entry_times ON ledger_entry USING brin (at)"
            " WITH (pages_per_range = 32, autosummarize = on)",
            "DROP INDEX entry_times",
        )
    ]
