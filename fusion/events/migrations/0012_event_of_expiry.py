from django.db import migrations


class Migration(migrations.Migration):
    """An index for the readers that write mails about orders that end: as for failed orders."""

    atomic = False

    dependencies = [("events", "0011_event_of_failed_order")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS event_of_expiry", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY event_of_expiry ON events_event (epoch, xid, id)"
            " WHERE type LIKE 'order.expiring' OR type LIKE 'order.overdue'",
            "DROP INDEX CONCURRENTLY event_of_expiry",
        ),
    ]
