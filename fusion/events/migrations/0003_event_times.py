from django.db import migrations


class Migration(migrations.Migration):
    """Events are found by their time: rows lie in its order, so that a few bytes per block do.

    Those of order requests, few among all, are found in the order of the feed whosesoever they are.
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
