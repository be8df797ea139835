from django.db import migrations


class Migration(migrations.Migration):
    """One index for the readers that write mails, in the order of the feed, of all groups.

    It replaces the one of order requests, whose condition it contains: servers of the previous
    release use it too.
    """

    atomic = False

    dependencies = [("events", "0009_feed_marks")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS event_for_mails", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY event_for_mails ON events_event (epoch, xid, id)"
            " WHERE type LIKE 'order-request.%' OR type LIKE 'port-request.%'"
            " OR type LIKE 'channel.%'",
            "DROP INDEX CONCURRENTLY event_for_mails",
        ),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS event_of_requests",
            "CREATE INDEX event_of_requests ON events_event (epoch, xid, id)"
            " WHERE type LIKE 'order-request.%'",
        ),
    ]
