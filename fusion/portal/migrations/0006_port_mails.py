"""The worker writes mails about port requests from now on."""

from django.db import migrations

BEGIN = """
INSERT INTO portal_position (reader, epoch, xid, event)
SELECT 'port-mails', coalesce(max(epoch), 0), pg_snapshot_xmax(pg_current_snapshot()), 0
FROM events_feedepoch
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_event_times"), ("portal", "0005_kernel_now")]
    operations = [migrations.RunSQL(BEGIN, migrations.RunSQL.noop)]
