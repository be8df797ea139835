from django.db import migrations


class Migration(migrations.Migration):
    """An index for the reader that writes mails about failed orders: those events are few among all
    events of orders."""

    atomic = False

    dependencies = [("events", "0010_event_for_mails")]

    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS event_of_failed_order", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY event_of_failed_order ON events_event (epoch, xid, id)"
            " WHERE type LIKE 'order.failed'",
            "DROP INDEX CONCURRENTLY event_of_failed_order",
        ),
    ]
