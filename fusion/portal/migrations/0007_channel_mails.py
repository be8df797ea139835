"""Mails about thresholds of channels, for people who want them, from now on."""

from django.db import migrations, models

BEGIN = """
INSERT INTO portal_position (reader, epoch, xid, event)
SELECT 'channel-mails', coalesce(max(epoch), 0), pg_snapshot_xmax(pg_current_snapshot()), 0
FROM events_feedepoch
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0003_event_times"), ("portal", "0006_port_mails")]
    operations = [
        migrations.AddField(
            model_name="preference",
            name="channel_mails",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
