from django.db import migrations


class Migration(migrations.Migration):
    """Find events by their time, wherever their rows lie.

    Rows of events differ in length, so that later, shorter ones fill the ends of earlier blocks: one
    span of time per range of blocks would soon reach from then until now, and a fifth of the table
    be read for one event. Several spans per range leave out what lies between.
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
