"""How calls and call records are reached: by every level of the tree, page by page.

A record carries the organizations above its subscription, so that a list of any subtree is one range
of an index. The table of calls is small and changes all the time: vacuum it by number, not by share.
"""

from django.db import migrations, models

RECORDS = """
DROP INDEX callrecord_of_trunk;
ALTER TABLE trunks_callrecord
    ADD COLUMN distributor_id uuid,
    ADD COLUMN reseller_id uuid,
    ADD COLUMN tenant_id uuid NOT NULL;
CREATE INDEX callrecord_of_distributor ON trunks_callrecord (distributor_id, ended_at, id)
    WHERE distributor_id IS NOT NULL;
CREATE INDEX callrecord_of_reseller ON trunks_callrecord (reseller_id, ended_at, id)
    WHERE reseller_id IS NOT NULL;
CREATE INDEX callrecord_of_tenant ON trunks_callrecord (tenant_id, ended_at, id);
"""

NO_RECORDS = """
ALTER TABLE trunks_callrecord
    DROP COLUMN distributor_id, DROP COLUMN reseller_id, DROP COLUMN tenant_id;
CREATE INDEX callrecord_of_trunk ON trunks_callrecord (trunk_id, ended_at, id);
"""

TABLES = """
ALTER TABLE trunks_call SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
ALTER TABLE trunks_channelpeak SET (fillfactor = 90);
CREATE INDEX channel_peak_age ON trunks_channelpeak USING brin (minute);
"""

NO_TABLES = """
DROP INDEX channel_peak_age;
ALTER TABLE trunks_channelpeak RESET (fillfactor);
ALTER TABLE trunks_call RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold,
    autovacuum_analyze_scale_factor, autovacuum_analyze_threshold);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('trunks', '0002_call_records'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallRecord',
            fields=[
                ('pk', models.CompositePrimaryKey('ended_at', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('ended_at', models.DateTimeField()),
                ('id', models.BigIntegerField()),
                ('group_id', models.UUIDField()),
                ('distributor_id', models.UUIDField(null=True)),
                ('reseller_id', models.UUIDField(null=True)),
                ('tenant_id', models.UUIDField()),
                ('subscription_id', models.UUIDField()),
                ('trunk_id', models.UUIDField()),
                ('direction', models.CharField(max_length=8)),
                ('call_id', models.CharField(max_length=255)),
                ('caller', models.CharField(max_length=255)),
                ('callee', models.CharField(max_length=255)),
                ('admitted_at', models.DateTimeField()),
                ('emergency', models.BooleanField()),
                ('reason', models.CharField(max_length=8)),
            ],
            options={
                'db_table': 'trunks_callrecord',
                'managed': False,
            },
        ),
        migrations.AddIndex(
            model_name='call',
            index=models.Index(models.F('group_id'), models.F('trunk_id'), models.F('direction'), models.F('call_id'), condition=models.Q(('ended_at__isnull', True)), name='call_of_group'),
        ),
        migrations.RunSQL(RECORDS, NO_RECORDS),
        migrations.RunSQL(TABLES, NO_TABLES),
    ]
