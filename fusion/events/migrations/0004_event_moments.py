from django.db import migrations


class Migration(migrations.Migration):
    """Find events by their time, wherever their rows are.

    Rows of events differ in length, so later, shorter ones fill the ends of earlier blocks. With
    one interval per range of blocks, the interval would soon extend until now, and a query for one
    event would read a fifth of the table. Several intervals per range exclude the time between.
    """

    atomic = False

    dependencies = [("events", "0003_event_times")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY event_moments ON events_event"
            " USING brin (at timestamptz_minmax_multi_ops) WITH (autosummarize = on)",
            "DROP INDEX CONCURRENTLY event_moments",
        ),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS event_times",
            "CREATE INDEX event_times ON events_event USING brin (at)"
            " WITH (pages_per_range = 16, autosummarize = on)",
        ),
    ]
