"""The worker writes mails about failed scheduled orders from now on."""

from django.db import migrations

BEGIN = """
INSERT INTO portal_position (reader, epoch, xid, event)
SELECT 'order-mails', coalesce(max(epoch), 0), pg_snapshot_xmax(pg_current_snapshot()), 0
FROM events_feedepoch
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0011_event_of_failed_order"),
        ("portal", "0007_channel_mails"),
    ]
    operations = [migrations.RunSQL(BEGIN, migrations.RunSQL.noop)]
