from django.db import migrations


class Migration(migrations.Migration):
    """A BRIN index of events by time: rows are stored in this order, so it needs only a few bytes
    per block. A partial index of the few events of order requests, of all groups, in the order of
    the feed.
    """

    dependencies = [("events", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX event_times ON events_event USING brin (at)"
            " WITH (pages_per_range = 16, autosummarize = on)",
            "DROP INDEX event_times",
        ),
        migrations.RunSQL(
            "CREATE INDEX event_of_requests ON events_event (epoch, xid, id)"
            " WHERE type LIKE 'order-request.%'",
            "DROP INDEX event_of_requests",
        ),
    ]
