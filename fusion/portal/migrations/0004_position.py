import fusion.events.models
from django.db import migrations, models

# What was requested before there were mails about it is not told any more.
BEGIN = """
INSERT INTO portal_position (reader, epoch, xid, event)
SELECT 'request-mails', coalesce(max(epoch), 0), pg_snapshot_xmax(pg_current_snapshot()), 0
FROM events_feedepoch
"""


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0003_event_times'),
        ('portal', '0003_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='Position',
            fields=[
                ('reader', models.CharField(max_length=32, primary_key=True, serialize=False)),
                ('epoch', models.IntegerField()),
                ('xid', fusion.events.models.Xid8Field()),
                ('event', models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(BEGIN, migrations.RunSQL.noop),
    ]
