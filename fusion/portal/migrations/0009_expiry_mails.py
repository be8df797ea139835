"""The worker writes mails about orders that end from now on."""

from django.db import migrations

BEGIN = """
INSERT INTO portal_position (reader, epoch, xid, event)
SELECT w.reader, coalesce(max(e.epoch), 0), pg_snapshot_xmax(pg_current_snapshot()), 0
FROM unnest(ARRAY['order-expiring-mails', 'order-overdue-mails']) AS w(reader)
LEFT JOIN events_feedepoch e ON true
GROUP BY w.reader
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0012_event_of_expiry"), ("portal", "0008_order_mails")]
    operations = [migrations.RunSQL(BEGIN, migrations.RunSQL.noop)]
